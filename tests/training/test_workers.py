"""I8: two processes have the losses and the weights of one device."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.training import worker


@pytest.mark.large
def test_two_workers_train_every_paper_as_one_device_does(run_workers):
    codes, printed, errors = run_workers([worker.__file__])
    assert codes == [0, 0], errors
    answers = [
        [json.loads(line) for line in output.splitlines()] for output in printed
    ]
    for number, (name, make) in enumerate(worker.METHODS.items()):
        history, weights = worker.train(make(), tf.distribute.get_strategy())
        for own_history, own_weights in (each[number] for each in answers):
            assert set(own_history) == set(history), name
            for key, losses in history.items():
                np.testing.assert_allclose(own_history[key], losses, atol=1e-5)
            assert len(own_weights) == len(weights)
            for value, expected in zip(own_weights, weights, strict=True):
                np.testing.assert_allclose(value, expected, atol=1e-5)


@pytest.mark.large
def test_keras_alone_still_fails(run_workers):
    """If not, `model/keras_overrides.py` is not needed any more."""
    codes, _, errors = run_workers([worker.__file__, "stock"])
    assert codes != [0, 0]
    assert any("unsupported type" in error for error in errors)
