"""What every group of the callback is made of."""

from __future__ import annotations

import dataclasses
from typing import Any

from tensorboard.plugins.scalar import summary_v2 as scalars


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """What the groups may look at.

    Attributes:
        groups: names out of `GROUPS`, what is shown.
        model: the `MultiTaskClassifier` in training.
        training_set: the `TrainingSet` that it is trained on, or `None`.
        dev: dict from a name to labelled `Examples`.
        predictor: a `Predictor` of the model, or `None` without `dev`.
        settings: dict from the name of a setting to its value.
        log_dir: the folder of the training.
        layer_norms: the `LayerNorms` of the model, as they were before.
        sample: a `DevSample`, or `None` without `dev`.
    """

    groups: tuple[str, ...]
    model: Any
    training_set: Any
    dev: dict
    predictor: Any
    settings: dict
    log_dir: Any
    layer_norms: Any
    sample: Any


@dataclasses.dataclass(frozen=True)
class Window:
    """Some steps of the training, one after the other.

    Attributes:
        first, last: int. The steps `first` to `last - 1`, counted from 0.
        seconds: float. What they took.
        waited: float or None. Seconds of these in which the model waited for
            data; `None` where that is not measured.
    """

    first: int
    last: int
    seconds: float
    waited: float | None = None


class Panel:
    """What one group writes. Each method returns `Summary` messages.

    Args:
        training: a `Training`.

    Attributes:
        is_costly: bool. Whether `look` computes more than it reads, so that
            it is called only as often as the callback can afford, and at the
            end. If not, it is called at the end.
        run: str. The folder in that of the training that it writes into.
            Defaults to that of the training itself.
    """

    is_costly = False
    run = ""

    def __init__(self, training: Training) -> None:
        self.training = training

    def begin(self) -> list:
        """What is known before the first step."""
        return []

    def epoch_begins(self) -> None:
        """Notes what the sums of an epoch start from."""

    def steps(self, window: Window) -> list:
        """What some steps have shown."""
        return []

    def epoch(self, logs: dict[str, float]) -> list:
        """What an epoch has shown, with its logs."""
        return []

    def look(self, is_last: bool) -> list:
        """What the weights show now, after some epochs and at the end."""
        return []

    def end(self, scores: dict[str, dict[str, float]]) -> list:
        """What is left to say, with the scores of each dev set."""
        return []


def scalar(tag: str, value: float, about: str):
    """Returns a scalar as a message, with what its tag means in Markdown."""
    return scalars.scalar_pb(tag, float(value), description=about)
