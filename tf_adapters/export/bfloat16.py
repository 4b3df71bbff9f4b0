"""A model whose weights are half as long."""

import pathlib
import tempfile

import keras


def in_bfloat16(model: keras.Model) -> keras.Model:
    """Returns a copy of a model that stores and multiplies in bfloat16.

    Heads, and what the layers compute in float32 under every dtype policy,
    stay in float32. The model itself does not change.

    Args:
        model: a `MultiTaskClassifier`.
    """
    config = {**model.get_config(), "tokenizer": None}
    encoder = config["encoder"]["config"]
    backbone = encoder["backbone"]["config"]
    config["encoder"]["config"] = {
        **encoder,
        "backbone": {
            **encoder["backbone"],
            "config": {**backbone, "dtype": "bfloat16"},
        },
    }
    copy = type(model).from_config(config)
    copy.tokenizer = model.tokenizer
    with tempfile.TemporaryDirectory() as folder:
        # By the places of the layers: the order of the weights differs where
        # tasks were added or removed.
        file = pathlib.Path(folder, "model.weights.h5")
        model.save_weights(file)
        copy.load_weights(file)
    return copy
