"""From the sources of a run to its batches."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
from etils import epy

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.mixture import Mixture
from tf_adapters.data.batches.plan import Plan
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_training
from tf_adapters.data.examples import Examples
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.config import pairs

with epy.lazy_imports():
    import tensorflow as tf

    from tf_adapters.data.batches import pipeline
    from tf_adapters.data.batches import text_encoder


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingSet:
    """Everything that is trained on, batch by batch.

    Attributes:
        task_names: names of the tasks, in the order of their ids.
        mixture: the `Mixture` that tasks were drawn from.
        steps_per_epoch: int.
        examples: every training example, as ids.
        plan: the `Plan` that puts them into batches.
    """

    task_names: list[str]
    mixture: Mixture
    steps_per_epoch: int
    examples: EncodedExamples
    plan: Plan

    @property
    def dataset(self) -> tf.data.Dataset:
        """The batches of the run, endless: they start again after the last."""
        return pipeline.batches(self.examples, self.plan).repeat()

    def dataset_from(self, epoch: int, step: int = 0) -> tf.data.Dataset:
        """Returns the batches that a run which stops before `epoch` has left.

        A run that is resumed sees what it would have seen:
        `model.fit(training.dataset_from(epoch), initial_epoch=epoch, ...)`.

        Args:
            epoch: int, counted from 0.
            step: int. Steps of that epoch that are done. Defaults to 0.
        """
        left = self.plan.starting_at(epoch * self.steps_per_epoch + step)
        return pipeline.batches(self.examples, left)

    @property
    def digest(self) -> str:
        """Tells apart what is trained on: every example, and their order."""
        found = hashlib.sha256()
        for array in (
            self.examples.token_ids,
            self.examples.lengths,
            self.examples.targets,
            self.plan.indices,
            self.plan.widths,
        ):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    @property
    def padding_share(self) -> float:
        """Padded tokens among all tokens."""
        return self.plan.padding_share(self.examples.lengths)

    @property
    def drawn(self) -> dict[str, float]:
        """The share of each task among the examples of the run."""
        return self._shares(self.plan.indices)

    def drawn_in(self, epoch: int) -> dict[str, float]:
        """Returns the share of each task among the examples of `epoch`."""
        first = epoch * self.steps_per_epoch
        return self._shares(
            self.plan.indices[first : first + self.steps_per_epoch]
        )

    def _shares(self, indices: np.ndarray) -> dict[str, float]:
        drawn = self.examples.task_ids[indices]
        return {
            name: float(np.mean(drawn == i))
            for i, name in enumerate(self.task_names)
        }


def read_split(
    sources: dict, split: str, max_examples: int = 0, seed: int = 0
) -> dict[str, Examples]:
    """Reads one split of every task.

    Args:
        sources: dict from task name to source.
        split: str, such as `"train"`.
        max_examples: int. Most examples of a task; 0 for all.
        seed: int. Chooses them.

    Returns:
        dict from task name to `Examples`.
    """
    found = {name: source.read(split) for name, source in sources.items()}
    if max_examples:
        found = {k: v.take(max_examples, seed) for k, v in found.items()}
    return found


def read_dev(sources: dict) -> dict[str, Examples]:
    """Reads every dev split: `"mnli"` and `"mnli_mismatched"` are two."""
    return {
        name + split.removeprefix("dev"): source.read(split)
        for name, source in sources.items()
        for split in source.dev_splits
    }


def make_mixture(config: TrainConfig, examples: dict[str, Examples]) -> Mixture:
    """Returns the rates that `config` asks for.

    Args:
        config: a `TrainConfig`.
        examples: dict from task name to its training `Examples`.
    """
    return Mixture(
        num_examples={name: len(own) for name, own in examples.items()},
        rate=config.rate,
        temperature=config.temperature,
        caps=pairs(config.caps, "caps", int),
    )


def unseen_labels(examples: Examples) -> list[str]:
    """Returns the labels that the task declares and no example has."""
    found = set(examples.labels)
    return [k for i, k in enumerate(examples.task.labels) if i not in found]


def steps_per_epoch(config: TrainConfig, mixture: Mixture) -> int:
    """Returns how many batches an epoch has."""
    size = sum(mixture.sizes.values())
    return config.steps_per_epoch or -(-size // config.batch_size)


def check_executions(
    steps_per_execution: int, steps: int, replicas: int = 1
) -> None:
    """Refuses executions that would reach into the next epoch, or fail.

    Args:
        steps_per_execution: int.
        steps: int. Steps of an epoch.
        replicas: int. Defaults to 1.

    Raises:
        ValueError: if the second does not divide by the first, or there are
            several replicas, for which Keras 3.15 cannot do it.
    """
    if steps_per_execution > 1 and replicas > 1:
        raise ValueError(
            "`steps_per_execution` must be 1 for several replicas: Keras "
            "cannot take several steps of theirs at once. Received: "
            f"steps_per_execution={steps_per_execution} for {replicas} "
            "replicas. Leave it out."
        )
    if steps % steps_per_execution:
        close = math.ceil(steps / steps_per_execution) * steps_per_execution
        raise ValueError(
            "`steps_per_execution` must divide the steps of an epoch. "
            f"Received: steps_per_execution={steps_per_execution} for {steps} "
            f"steps. Write, say, steps_per_epoch={close}."
        )


def training_set(
    model, examples: dict[str, Examples], config: TrainConfig
) -> TrainingSet:
    """Tokenises the training examples and plans every batch.

    Args:
        model: the `MultiTaskClassifier` to be trained, with a tokenizer.
        examples: dict from task name to its labelled `Examples`. A task of
            the model may be left out; its private weights then stay as they
            are.
        config: a `TrainConfig`, of which the batch size, the number of epochs
            and of steps, the sequence length, the rates and the seed count.

    Returns:
        A `TrainingSet`, for `model.fit(train.dataset, epochs=...,
        steps_per_epoch=train.steps_per_epoch)`.

    Raises:
        ValueError: if a task is not the model's, or has no labels.
    """
    check_labelled(model, examples)
    mixture = make_mixture(config, examples)
    steps = steps_per_epoch(config, mixture)
    encoder = text_encoder.TextEncoder(model.tokenizer, config.sequence_length)
    encoded = {
        name: EncodedExamples.encode(encoder, own, model.task_id(name))
        for name, own in examples.items()
    }
    plan = plan_training(
        mixture,
        {name: own.lengths for name, own in encoded.items()},
        batch_size=config.batch_size,
        num_epochs=config.num_epochs,
        steps_per_epoch=steps,
        widths=_widths(model.distribute_strategy, config.sequence_length),
        batching=config.batching,
        seed=config.seed,
    )
    return TrainingSet(
        task_names=model.task_names,
        mixture=mixture,
        steps_per_epoch=steps,
        examples=EncodedExamples.concatenate(list(encoded.values())),
        plan=plan,
    )


def _widths(strategy: tf.distribute.Strategy, longest: int) -> tuple[int, ...]:
    if isinstance(strategy, tf.distribute.TPUStrategy):
        # A program of its own for each width takes a TPU minutes to compile,
        # and it takes no shape that is not known before.
        return (longest,)
    return default_widths(longest)


def check_labelled(model, examples: dict[str, Examples]) -> None:
    """Refuses examples that the model cannot be trained on."""
    for name, own in examples.items():
        task = model.tasks[model.task_id(name)]
        if own.labels is None:
            raise ValueError(
                f"Training examples must have labels. Received: none for "
                f"{name!r}. Read the split `train` of its source."
            )
        if own.task != task:
            raise ValueError(
                "The examples must be of the task that the model has under "
                f"their name. Received: {own.task} for {task}."
            )
