import numpy as np
import pytest

from tf_adapters.layers import Prompt

WORDS = np.arange(6, dtype="float32").reshape(3, 2)


def built(length=3, width=2, **kwargs):
    layer = Prompt(length, **kwargs)
    layer.build((None, None, width))
    return layer


def test_by_hand():
    # The prompt of each example's task, and then its text.
    layer = built(2, num_tasks=2)
    layer.prompt.assign([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    x = np.array([[[-1, -2]], [[-3, -4]]], "float32")
    outputs = layer(x, task_ids=np.array([1, 0], "int32"))
    np.testing.assert_array_equal(
        outputs,
        [[[5, 6], [7, 8], [-1, -2]], [[1, 2], [3, 4], [-3, -4]]],
    )
    outputs = layer(x, task_ids=np.int32(1))
    np.testing.assert_array_equal(outputs[:, :2], [[[5, 6], [7, 8]]] * 2)
    np.testing.assert_array_equal(outputs[:, 2:], x)


def test_one_task_needs_no_task_ids():
    layer = built()
    layer.start_from(WORDS)
    outputs = layer(np.zeros((2, 1, 2), "float32"))
    np.testing.assert_array_equal(outputs[:, :3], [WORDS, WORDS])


def test_draws_are_uniform_and_differ_between_tasks():
    # The deviation of uniform draws from an interval of 1 is sqrt(1 / 12).
    prompt = np.array(built(50, 100, num_tasks=3).prompt)
    assert prompt.shape == (3, 50, 100)
    assert -0.5 <= prompt.min() < -0.49 and 0.49 < prompt.max() <= 0.5
    np.testing.assert_allclose(prompt.mean(axis=(1, 2)), 0, atol=0.02)
    np.testing.assert_allclose(prompt.std(axis=(1, 2)), 12**-0.5, rtol=0.05)
    assert not np.allclose(prompt[0], prompt[1])


def test_present_and_later_tasks_start_from_given_vectors(scramble):
    layer = built(num_tasks=2)
    layer.start_from(WORDS)
    np.testing.assert_array_equal(layer.prompt, [WORDS, WORDS])
    scramble(layer.weights)
    trained = np.array(layer.prompt)
    layer.add_tasks(1)
    np.testing.assert_array_equal(layer.prompt[:2], trained)
    np.testing.assert_array_equal(layer.prompt[2], WORDS)
    assert not np.allclose(trained[0], WORDS)


def test_later_tasks_draw_anew_without_them():
    layer = built()
    layer.add_tasks(1)
    assert not np.allclose(layer.prompt[0], layer.prompt[1])
    assert np.abs(layer.prompt).max() <= 0.5


def test_bfloat16_is_of_the_result():
    layer = built(dtype="mixed_bfloat16")
    layer.start_from(WORDS)
    outputs = layer(np.ones((1, 1, 2), "float32"))
    assert (layer.prompt.dtype, outputs.dtype) == ("float32", "bfloat16")
    # Small integers are exact.
    expected = [[*WORDS.tolist(), [1, 1]]]
    np.testing.assert_array_equal(np.array(outputs, "float32"), expected)


def test_length_of_the_output_may_be_open():
    layer = Prompt(3)
    assert layer.compute_output_shape((None, None, 2)) == (None, None, 2)
    assert layer.compute_output_shape((4, 5, 2)) == (4, 8, 2)


def test_prompt_without_vectors_is_refused():
    with pytest.raises(ValueError, match="`length` must be.*length=0"):
        Prompt(0)
