import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_loop import loop_over_tasks


def test_only_tasks_of_the_batch_are_computed():
    # Example i is worth 10 ** i; a task returns its sum and its own rows.
    seen = {}

    def compute(task, rows):
        ids = rows["ids"].numpy().tolist()
        assert rows["nothing"] is None
        if ids:
            seen[int(task)] = ids
        total = rows["worth"] * 0 + tf.reduce_sum(rows["worth"])
        return {"total": total, "rows": [rows["worth"]]}

    worth = tf.constant([1.0, 10.0, 100.0, 1000.0])
    task_ids = tf.constant([2, 0, 2, 2])
    inputs = {"worth": worth, "ids": task_ids, "nothing": None}
    found = loop_over_tasks(compute, 10_000, task_ids, inputs)
    assert seen == {0: [0], 2: [2, 2, 2]}
    np.testing.assert_array_equal(found["total"], [1101, 10, 1101, 1101])
    np.testing.assert_array_equal(found["rows"][0], worth)


@pytest.mark.parametrize("task_ids", [[2, 0, 2, 0, 1], [1] * 5, [-1, 9, 0], []])
def test_a_loop_computes_what_branches_do(monkeypatch, task_ids):
    monkeypatch.setattr(bank, "_GATHERED", 0)
    rng = np.random.default_rng(0)
    banks = {"kernel": tf.constant(rng.normal(size=(3, 4, 2)), "float32")}
    x = tf.constant(rng.normal(size=(len(task_ids), 3, 4)), "float32")
    task_ids = tf.constant(task_ids, tf.int32)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, 4)),
            tf.TensorSpec((None,), tf.int32),
        ]
    )
    def compute(x, task_ids):
        def project(weights, inputs):
            return bank.project(inputs, weights["kernel"])

        return [
            bank.apply(project, banks, task_ids, x, in_loop=in_loop)
            for in_loop in (False, True)
        ]

    branches, loop = compute(x, task_ids)
    assert loop.shape == (len(task_ids), 3, 2)
    np.testing.assert_allclose(loop, branches, atol=ROUNDING)
