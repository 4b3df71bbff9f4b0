"""Which weights were scored, and whether they can be shown at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.dev_scores import dev_scores_in
from tf_adapters.evaluation.predictor import Predictor


class ScoredWeights:
    """Remembers the last scores, and tells whether the model has moved since.

    Args:
        dev: dict from a name to labelled `Examples`.

    Attributes:
        scores: dict from the name of a dev set to its last scores, empty
            before the first.
    """

    def __init__(self, dev: Mapping[str, Examples]) -> None:
        self.scores: dict[str, dict[str, float]] = {}
        self._dev = dev
        self._digest = b""

    def note(self, model, logs: Mapping[str, float]) -> None:
        """Takes the scores of an epoch from its logs.

        Args:
            model: the model, with the weights that were scored.
            logs: what `add_dev_scores` has added to.
        """
        self.scores = dev_scores_in(logs, self._dev)
        self._digest = _digest(model)

    def are_those_of(self, model) -> bool:
        """Whether the weights of the model are those that were scored."""
        return self._digest == _digest(model)

    def score_again(self, model, predictor: Predictor | None) -> None:
        """Scores every dev set with the weights that the model has now.

        Args:
            model: the model.
            predictor: a `Predictor` for it, or `None` without dev sets.
        """
        self.scores = {k: predictor.score(own) for k, own in self._dev.items()}
        self._digest = _digest(model)


def is_finite(model) -> bool:
    """Whether every trainable weight of a model is a number."""
    return all(np.isfinite(weight).all() for weight in model.trainable_weights)


def _digest(model) -> bytes:
    found = hashlib.sha256()
    for variable in model.trainable_variables:
        found.update(np.array(variable).tobytes())
    return found.digest()
