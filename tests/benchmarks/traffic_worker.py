"""One of two processes that train together; tests start it.

Prints, for each case, the bytes of every all-reduce of a training step, in
their order, as JSON, one case a line.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

# ruff: noqa: E402
import keras_nlp
import numpy as np
import tensorflow as tf
from tensorflow.python.distribute import cross_device_utils

import tf_adapters
from tf_adapters.training.optimizer import make_optimizer
from tf_adapters.training.strategy import make_strategy

TASKS = [
    tf_adapters.Task(name=name, text_columns=("text",), labels=("a", "b"))
    for name in ("one", "two")
]
# A method, the number of tasks, the norm to clip to and the dtype.
CASES = [
    (lambda: tf_adapters.Houlsby(4), 2, 1.0, "float32"),
    (lambda: tf_adapters.Houlsby(4), 1, 1.0, "float32"),
    (lambda: tf_adapters.Houlsby(4), 2, 0.0, "mixed_bfloat16"),
    # Embeddings, of which a batch reads a few rows, and banks.
    (lambda: tf_adapters.PALs(6, num_heads=3), 2, 1.0, "float32"),
    (lambda: tf_adapters.HyperFormerPlusPlus(4, 6, 16), 2, 1.0, "float32"),
]


def make_model(make, num_tasks, dtype):
    """Returns a tiny model with the method of a case."""
    backbone = keras_nlp.models.BertBackbone(
        50, 2, 2, 16, 32, max_sequence_length=8, dtype=dtype
    )
    return tf_adapters.MultiTaskClassifier(backbone, make(), TASKS[:num_tasks])


def batches(num_tasks):
    """Returns a dataset of one batch of eight."""
    tokens = np.arange(48).reshape(8, 6)
    x = {
        "token_ids": tokens,
        "segment_ids": np.zeros_like(tokens),
        "padding_mask": np.ones_like(tokens),
        "task_ids": np.arange(8) % num_tasks,
    }
    x = {k: v.astype("int32") for k, v in x.items()}
    labels = np.zeros(8, "float32")
    dataset = tf.data.Dataset.from_tensor_slices((x, labels))
    return dataset.batch(8, drop_remainder=True)


def noted(sizes):
    """Returns TensorFlow's all-reduce, which also notes bytes in `sizes`."""
    all_reduce = cross_device_utils.CollectiveReplicaLauncher.all_reduce

    def note(self, tensor, *args, **kwargs):
        # The others belong to no step: they read metrics and set them back.
        if tf.inside_function():
            sizes.append(tensor.shape.num_elements() * tensor.dtype.size)
        return all_reduce(self, tensor, *args, **kwargs)

    return note


if __name__ == "__main__":
    strategy = make_strategy("multi_worker")
    found = []
    cross_device_utils.CollectiveReplicaLauncher.all_reduce = noted(found)
    for make, num_tasks, clip_norm, dtype in CASES:
        with strategy.scope():
            model = make_model(make, num_tasks, dtype)
            config = tf_adapters.TrainConfig(clip_norm=clip_norm)
            model.compile(make_optimizer(config, num_steps=1))
        # A step is traced once, and TensorFlow asked once for each of its sums.
        found.clear()
        model.fit(batches(num_tasks), verbose=0)
        print(json.dumps(found), flush=True)
