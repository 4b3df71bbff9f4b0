"""Tells one pretrained encoder from another."""

import hashlib
import json
from typing import Any

import keras
from keras import ops

# Neither changes what the pretrained weights mean: one is how they are
# computed with, the other acts in training only.
_NOT_ARCHITECTURE = ("dtype", "dropout")


def fingerprint(model: keras.Model) -> str:
    """Returns a hash of what a bundle expects of the encoder.

    It covers the architecture, the name, shape and dtype of every pretrained
    weight, and the bytes of those that the method leaves frozen. Training does
    not change it, nor do the tasks of the model, nor the process. Two methods
    that freeze the same weights see the same fingerprint.

    Args:
        model: a `MultiTaskClassifier`.

    Returns:
        64 hexadecimal digits.
    """
    encoder = model.encoder
    digest = hashlib.sha256()
    digest.update(_json(_architecture(encoder.architecture)))
    trained = {id(weight) for weight in encoder.trained_weights()}
    weights = encoder.pretrained_weights()
    for weight in sorted(weights, key=lambda weight: weight.path):
        trains = id(weight) in trained
        header = [weight.path, list(weight.shape), str(weight.dtype), trains]
        digest.update(_json(header))
        if not trains:
            digest.update(ops.convert_to_numpy(weight).tobytes())
    return digest.hexdigest()


def _architecture(config: Any) -> Any:
    if not isinstance(config, dict):
        return config
    return {
        key: _architecture(value)
        for key, value in config.items()
        if key not in _NOT_ARCHITECTURE
    }


def _json(value: Any) -> bytes:
    # A line break ends each part, so that no two lists of parts run together.
    return json.dumps(value, sort_keys=True).encode() + b"\n"
