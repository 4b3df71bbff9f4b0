"""What the tests of methods share."""

import keras
import keras_nlp
import numpy as np
import pytest


def backbone(num_layers, hidden_dim, num_heads):
    """A BERT but for its vocabulary, which is of 8 words."""
    return keras_nlp.models.BertBackbone(
        vocabulary_size=8,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=4 * hidden_dim,
    )


@pytest.fixture(scope="module")
def bert_tiny():
    return backbone(2, 128, 2)


@pytest.fixture(scope="module")
def bert_base():
    return backbone(12, 768, 12)


@pytest.fixture(scope="module")
def small_bert():
    """For what is not computed: methods decide anew what trains."""
    return keras_nlp.models.BertBackbone(50, 2, 2, 16, 32)


@pytest.fixture
def check_keras_file(tmp_path, make_inputs):
    """Saves an encoder of three tasks and holds what comes back to it."""

    def check_keras_file(encoder):
        encoder.save(tmp_path / "encoder.keras")
        revived = keras.models.load_model(tmp_path / "encoder.keras")
        assert repr(revived.method) == repr(encoder.method)
        assert [w.path for w in revived.trainable_weights] == [
            w.path for w in encoder.trainable_weights
        ]
        inputs = make_inputs(num_tasks=3)
        expected = encoder(inputs)
        for key, value in revived(inputs).items():
            np.testing.assert_array_equal(value, expected[key])
        return revived

    return check_keras_file


@pytest.fixture
def check_config():
    """Holds a method to what its config makes."""

    def check_config(method):
        config = method.get_config()
        serialized = keras.saving.serialize_keras_object(method)
        revived = keras.saving.deserialize_keras_object(serialized)
        assert type(revived) is type(method)
        assert vars(revived) == vars(method)
        assert revived.get_config() == config

    return check_config
