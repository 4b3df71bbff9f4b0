"""The bytes that replicas add up in a training step, counted from the weights.

`tests/benchmarks/test_traffic.py` compares them with what two processes that
train together hand to TensorFlow's all-reduce.
"""

import dataclasses

import keras_nlp
import numpy as np

from tf_adapters import GLUE_TASKS
from tf_adapters import MultiTaskClassifier
from tf_adapters.runs.recipe import load_recipe

TASKS = ("cola", "mrpc", "rte", "stsb")
# Of a float32, in which Keras keeps weights, gradients and losses.
_BYTES = 4
# Of an int64, in which TensorFlow counts.
_COUNT = 8


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What the replicas add up in a step.

    Attributes:
        gradients: int. Bytes of the gradients of all that is trained.
        sizes: tuple of ints. Bytes of each all-reduce, in their order.
    """

    gradients: int
    sizes: tuple[int, ...]

    @property
    def total(self):
        return sum(self.sizes)


def of_model(model, clip_norm):
    """Returns the `Traffic` of a model that `make_optimizer` optimises.

    Args:
        model: a `MultiTaskClassifier`.
        clip_norm: float, as in `TrainConfig`.
    """
    num_tasks = len(model.task_names)
    # Also those of tasks that are not in the batch: a bank is one variable.
    gradients = _BYTES * sum(
        int(np.prod(v.shape)) for v in model.trainable_variables
    )
    has_banks = any(bank.trainable for bank in model.banks().values())
    present = [_BYTES * num_tasks] if num_tasks > 1 and has_banks else []
    # The optimizer adds gradients up to clip them, and Keras adds up again.
    passes = 2 if clip_norm else 1
    # A sum and a count for the loss of all tasks and for that of each.
    logs = [_BYTES, _COUNT] * (1 + num_tasks)
    # First of all, whether the data of a replica have come to their end.
    sizes = (_COUNT, *present, *passes * [gradients], *logs)
    return Traffic(gradients, sizes)


def of_recipes(names, num_tasks):
    """Returns the `Traffic` of each recipe on BERT-base, as a dict."""
    backbone = keras_nlp.models.BertBackbone(30522, 12, 12, 768, 3072)
    found = {}
    for name in names:
        recipe = load_recipe(name)
        config = recipe.Config()
        model = MultiTaskClassifier(
            backbone,
            recipe.method(config),
            [GLUE_TASKS[task] for task in TASKS[:num_tasks]],
            pooling=config.pooling,
        )
        found[name] = of_model(model, config.clip_norm)
        # Two models that train one backbone are refused.
        del model
    return found
