"""What is said where the memory ends."""

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.command_line.advice import memory_advice


def test_more_than_any_machine_has():
    with pytest.raises(MemoryError) as raised:
        np.zeros((1 << 40, 1 << 18), "float32")
    advice = memory_advice(raised.value)
    assert "Unable to allocate" in advice
    assert "`batch_size`" in advice


def test_tensorflow_says_it_in_its_own_way():
    with pytest.raises(tf.errors.ResourceExhaustedError) as raised:
        tf.random.normal((1 << 20, 1 << 24))
    advice = memory_advice(raised.value)
    assert advice.startswith("There is not enough memory (OOM when allocating")


def test_other_errors_are_not_about_memory():
    assert memory_advice(ValueError("memory")) == ""
