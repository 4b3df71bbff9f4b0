"""What a step in training takes at its peak, measured from outside."""

import json
import os
import subprocess
import sys

import pytest

STEP = """
import json
import math
import sys

import tensorflow as tf

from tf_adapters.layers import TopTransformer
from tf_adapters.layers.banks import bank

task_ids = tf.constant(json.loads(sys.argv[1]), "int32")
if sys.argv[2:] == ["gathered"]:
    bank._GATHERED = math.inf


def status(name):
    with open("/proc/self/status") as lines:
        line = next(line for line in lines if line.startswith(name))
    return int(line.split()[1])


layer = TopTransformer(4, 1024, num_tasks=4)
layer.build((None, None, 256))


def step(batch, task_ids):
    with tf.GradientTape() as tape:
        outputs = layer(tf.ones((batch, 32, 256)), task_ids, training=True)
        loss = tf.reduce_sum(outputs**2)
    return tape.gradient(loss, [w.value for w in layer.trainable_weights])


# The first step loads code and makes threads.
step(1, tf.constant(0))
before = status("VmRSS")
step(32, task_ids)
print(status("VmHWM") - before)
"""


def peak(task_ids, *arguments):
    """Returns the kilobytes that a step adds in a process of its own."""
    # Without the setting, freed memory would be kept for the next step.
    result = subprocess.run(
        [sys.executable, "-c", STEP, json.dumps(task_ids), *arguments],
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@pytest.mark.large
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_mixed_batch_takes_no_more_memory_than_one_of_one_task():
    # The weights of 4 tasks are 4 * 789,760 floats, 12.6 MB. Gathered for 32
    # examples they are eight times that, and their gradients again.
    one, mixed = peak(2), peak([0, 1, 2, 3] * 8)
    assert mixed <= 1.5 * one
    assert peak([0, 1, 2, 3] * 8, "gathered") > 2 * one
