"""A step whose waiting is timed is the step that Keras takes."""

import contextlib

import pytest
import tensorflow as tf

import tf_adapters
from tf_adapters.methods import Houlsby


@pytest.fixture
def batches_of(toy_dataset):
    """Batches of several widths, which say so beforehand."""

    def batches_of(*widths):
        batches = [next(iter(toy_dataset(width=width))) for width in widths]
        spec = tf.nest.map_structure(
            lambda own: tf.TensorSpec(
                [len(own), None][: own.shape.rank], own.dtype
            ),
            batches[0],
        )
        dataset = tf.data.Dataset.from_generator(
            lambda: batches, output_signature=spec
        )
        return dataset.apply(tf.data.experimental.assert_cardinality(2))

    return batches_of


@pytest.mark.large
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_step_is_traced_once_for_all_widths(
    small_model, batches_of, two_cpus, count_steps, tmp_path, replicas
):
    scope = two_cpus.scope() if replicas == 2 else contextlib.nullcontext()
    with scope:
        model = small_model(Houlsby(4))
        model.compile("adam", jit_compile=False)
    runs = count_steps(model)
    board = tf_adapters.TensorBoard(
        tmp_path, groups=["speed"], ends_with_fit=False
    )
    for widths in ((8, 6), (7, 8)):
        model.fit(
            batches_of(*widths), shuffle=False, verbose=0, callbacks=[board]
        )
        assert len(runs) == replicas
    assert model.optimizer.iterations == 4
    board.finish()


@pytest.mark.large
def test_batches_of_another_size_are_a_step_of_their_own(
    small_model, toy_dataset, tmp_path
):
    model = small_model(Houlsby(4))
    model.compile("adam", jit_compile=False)
    board = tf_adapters.TensorBoard(
        tmp_path, groups=["speed"], ends_with_fit=False
    )
    for batch_size in (12, 6):
        dataset = toy_dataset(batch_size).take(2)
        model.fit(dataset, shuffle=False, verbose=0, callbacks=[board])
    assert model.optimizer.iterations == 4


def test_an_eager_step_stays_eager(
    small_model, toy_dataset, count_steps, tmp_path
):
    model = small_model(Houlsby(4))
    model.compile("adam", run_eagerly=True)
    runs = count_steps(model)
    board = tf_adapters.TensorBoard(tmp_path, groups=["speed"])
    dataset = toy_dataset().take(2)
    model.fit(dataset, shuffle=False, verbose=0, callbacks=[board])
    assert len(runs) == 2
