"""Settings of a training run."""

import dataclasses
import math
from typing import Literal

from tf_adapters.data.batches.mixture import RATES
from tf_adapters.data.batches.plan import BATCHINGS
from tf_adapters.data.batches.plan import check_batching
from tf_adapters.data.lookup import unknown_name
from tf_adapters.model.pooling import POOLINGS
from tf_adapters.tensorboard.groups import GROUPS
from tf_adapters.tensorboard.groups import check_groups
from tf_adapters.training.strategy import STRATEGIES

TRAINS = ("all", "own")
_CHOICES = {
    "rate": RATES,
    "batching": BATCHINGS,
    "pooling": POOLINGS,
    "strategy": STRATEGIES,
    "trains": TRAINS,
}
_POSITIVE = (
    "accumulate_steps",
    "batch_size",
    "checkpoint_steps",
    "learning_rate",
    "num_epochs",
    "sequence_length",
    "steps_per_execution",
    "worker_timeout",
)
_NOT_NEGATIVE = ("steps_per_epoch", "max_examples", "weight_decay", "clip_norm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings that every recipe shares. A recipe adds its own by subclassing.

    Attributes:
        tasks: names of the tasks to train together: of GLUE with `data_dir`
            or `tfds`, of the file with `task_file`, else of the demo tasks.
        data_dir: folder that holds the GLUE folders (CoLA, RTE, ...).
        task_file: JSON or YAML file that declares tasks of your own.
        tfds: read GLUE through tensorflow-datasets, which downloads it.
        preset: "minilm", a preset folder, a Hugging Face folder, or the name
            of a KerasNLP preset.
        sequence_length: the most tokens of an example.
        batch_size: examples in a step, over all replicas.
        accumulate_steps: parts in which each replica computes its share of a
            batch, one after the other, to need the memory of one part.
        recompute: compute each transformer layer once more for its gradient
            instead of remembering it: less memory, a third more time. Not
            where XLA compiles, as on a TPU, which would undo it.
        learning_rate: peak of the linear warm-up and decay.
        warmup_fraction: share of the steps in which the rate rises.
        weight_decay: of AdamW; biases and LayerNorms are not decayed.
        clip_norm: the most the global norm of the gradients; 0 for no limit.
        num_epochs: passes over the mixture.
        steps_per_epoch: steps in an epoch; 0 for as many as there are
            examples, caps applied.
        max_examples: most training examples of a task, drawn at random; 0
            for all of them.
        rate: how often a task is drawn.
        temperature: of the rate "temperature".
        caps: most examples of a task that count in its rate, as `sst2=10000`.
        batching: tasks side by side in a batch, or one task a batch. Side by
            side, Adam moves what a task with a share s of the examples owns as
            if at 1 / sqrt(s) of the learning rate.
        loss_weights: weights of the losses, as `rte=2`; others weigh 1.
        label_smoothing: share of the probability spread over the classes.
        pooling: what the heads read.
        head_dropout: dropout rate before the heads.
        dtype: dtype policy, such as "float32" or "mixed_bfloat16".
        jit_compile: compile the steps with XLA. On a CPU with oneDNN it has
            made no training step faster.
        steps_per_execution: steps that TensorFlow takes before it comes back
            to Python, on one device; must divide those of an epoch. Saves
            time where a step takes milliseconds.
        strategy: how training is distributed: on one device, on all GPUs of
            this machine, among the processes that TF_CONFIG lists or srun has
            started, or on a TPU; "auto" looks what there is.
        worker_timeout: seconds that a step may take where several workers
            train together; then one of them hangs, and the others end.
        from_run: folder of a finished run of the same recipe and settings,
            whose model gets the tasks of this run beside its own.
        initialise_from: the task of `from_run` whose private weights the new
            tasks start from, or "nearest" for the one that suits the training
            examples of each best; empty to draw them.
        trains: what is trained of a model `from_run`: all that the method
            trains, though other tasks may use it, or what new tasks own.
        seed: seeds weights, dropout and the order of the data.
        output_dir: a new folder for everything the run writes, or that of a
            run that was killed, which then goes on.
        checkpoint_steps: steps between two checkpoints; there is one after
            each epoch as well. They are removed when the run is done.
        resume: go on with the run in `output_dir`, if it has not ended.
        deterministic: compute bit for bit the same each time, on one machine.
        tensorboard: what TensorBoard shows of the run; nothing, if no group is
            named. Images need matplotlib.
        predict: write predictions for the test sets, or for the dev set of a
            task without one.
        export: write a SavedModel for TF Serving.
    """

    tasks: tuple[str, ...] = ()
    data_dir: str = ""
    task_file: str = ""
    tfds: bool = False
    preset: str = "minilm"
    sequence_length: int = 128
    batch_size: int = 32
    accumulate_steps: int = 1
    recompute: bool = False
    learning_rate: float = 3e-4
    warmup_fraction: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    num_epochs: int = 3
    steps_per_epoch: int = 0
    max_examples: int = 0
    rate: Literal[RATES] = "proportional"
    temperature: float = 10.0
    caps: tuple[str, ...] = ()
    batching: Literal[BATCHINGS] = "mixed"
    loss_weights: tuple[str, ...] = ()
    label_smoothing: float = 0.0
    pooling: Literal[POOLINGS] = "pooler"
    head_dropout: float = 0.1
    dtype: str = "float32"
    jit_compile: bool = False
    steps_per_execution: int = 1
    strategy: Literal[STRATEGIES] = "auto"
    worker_timeout: float = 600.0
    from_run: str = ""
    initialise_from: str = ""
    trains: Literal[TRAINS] = "all"
    seed: int = 0
    output_dir: str = ""
    checkpoint_steps: int = 500
    resume: bool = True
    deterministic: bool = False
    tensorboard: tuple[Literal[GROUPS], ...] = GROUPS
    predict: bool = True
    export: bool = True

    def __post_init__(self) -> None:
        """Refuses settings that could not train."""
        for name, value in dataclasses.asdict(self).items():
            if isinstance(value, float):
                self._check(name, math.isfinite(value), "a finite number")
        for name in _POSITIVE:
            self._check(name, getattr(self, name) > 0, "positive")
        for name in _NOT_NEGATIVE:
            self._check(name, getattr(self, name) >= 0, "0 or more")
        fraction = 0 <= self.warmup_fraction < 1
        self._check("warmup_fraction", fraction, "at least 0 and below 1")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(unknown_name(name, getattr(self, name), known))
        sources = ("data_dir", "task_file", "tfds")
        given = [name for name in sources if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(
                "Only one of `data_dir`, `task_file` and `tfds` says where "
                f"the data are. Received: {', '.join(given)}."
            )
        if not self.from_run and (self.initialise_from or self.trains != "all"):
            raise ValueError(
                "`initialise_from` and `trains` are about a task that comes "
                "later than others. Received: initialise_from="
                f"{self.initialise_from!r}, trains={self.trains!r}, and no "
                "`from_run`. Give the folder of the run that has the others."
            )
        check_batching(self.batching, self.rate)
        check_groups(self.tensorboard)
        pairs(self.caps, "caps", int)
        pairs(self.loss_weights, "loss_weights", float)

    def _check(self, name: str, is_fine: bool, rule: str) -> None:
        if not is_fine:
            raise ValueError(
                f"`{name}` must be {rule}. Received: "
                f"{name}={getattr(self, name)}."
            )


def pairs(settings: tuple[str, ...], name: str, kind: type) -> dict:
    """Reads settings such as `("sst2=10000",)`.

    Returns:
        dict from the part before `=` to the part after it, as a `kind`.

    Raises:
        ValueError: if one is not of that form.
    """
    found = {}
    for setting in settings:
        key, _, value = setting.partition("=")
        try:
            found[key] = kind(value)
        except ValueError:
            raise ValueError(
                f"`{name}` takes settings of the form task={kind.__name__}. "
                f"Received: {setting!r}. Write, say, {name} sst2=2."
            ) from None
    return found
