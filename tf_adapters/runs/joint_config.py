"""The schedule of BERT and PALs, which its recipes share."""

import dataclasses

from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class JointTrainConfig(TrainConfig):
    """Settings of Stickland and Murray: one encoder trained on many tasks.

    The paper counts an epoch as 2,400 steps, of which a task that it draws
    gets the whole batch. Eight tasks on a BERT-base need all 25 of them; a
    few tasks on a small encoder want fewer and a higher learning rate.
    """

    rate: str = "annealed"
    batching: str = "one_task"
    num_epochs: int = 25
    steps_per_epoch: int = 2400
    learning_rate: float = 2e-5
