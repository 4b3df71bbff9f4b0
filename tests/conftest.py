"""What all tests share: two devices, a seed, and factories of tiny things."""

import gc
import os
import pathlib
import random
from unittest import mock

# What XLA compiles here runs for milliseconds. Read when TensorFlow starts.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

# ruff: noqa: E402
import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops

# Before anything else makes TensorFlow look at its devices.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)

pytest_plugins = [
    "tests.toy",
    "tests.processes",
    "tests.object_store",
    "tests.served",
]

HERE = pathlib.Path(__file__).parent
LONGEST = 8

# What has been imported never goes: collecting what tests leave need not look.
gc.freeze()


# What these share is made once for all tests that one worker runs.
SHARING = (
    "command_line",
    "export",
    "publishing",
    "served",
    "test_train_script",
)
# Long ones, so that no worker waits for them last.
FIRST = ("test_notebooks", "test_train_script", "command_line")


# Before pytest-xdist reads what stays together.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Says what stays together, and what comes first."""
    for item in items:
        names = (item.path.stem, *item.path.relative_to(HERE).parts)
        if {"client", "server", "test_ask"} & set(names):
            names = ("served",)
        for name in set(names) & set(SHARING):
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(
        key=lambda item: (
            not {*item.path.relative_to(HERE).parts, item.path.stem} & {*FIRST}
        )
    )


@pytest.fixture(autouse=True)
def _seed():
    """Seeds all that Keras seeds, and lets TensorFlow keep its kernels.

    `tf.random.set_seed` throws them away, so that each test that asks a loaded
    signature would wait for them for two seconds.
    """
    with mock.patch.object(tf.random, "set_seed", _set_seed):
        keras.utils.set_random_seed(0)


def _set_seed(seed):
    own = context.context()
    own._seed, own._rng = seed, random.Random(seed)


@pytest.fixture(autouse=True)
def _let_go_of_graphs(request):
    """Frees what a test traced.

    Keras sums gradients over replicas by a `tf.custom_gradient`, also where
    there is only one. TensorFlow keeps the function of its gradient in a
    registry for ever, and with it the graph of every training step, 20 MB each.
    """
    yield
    registry = ops.gradient_registry._registry
    for name in [n for n in registry if n.startswith("CustomGradient-")]:
        del registry[name]
    if request.node.get_closest_marker("large"):
        gc.collect()


@pytest.fixture
def scramble():
    """Moves every float weight away from where it started.

    Zero biases, unit gains and adapters near the identity would hide a weight
    that is used in the wrong place.
    """

    def scramble(weights, seed=0, scale=0.3):
        rng = np.random.default_rng(seed)
        for weight in weights:
            if "float" in weight.dtype:
                noise = rng.normal(scale=scale, size=weight.shape)
                weight.assign(keras.ops.convert_to_numpy(weight) + noise)

    return scramble


@pytest.fixture
def make_backbone(scramble):
    """Builds a tiny BERT, or another backbone, with weights of all sizes."""

    def make_backbone(cls=keras_nlp.models.BertBackbone, **kwargs):
        sizes = {
            "vocabulary_size": 50,
            "num_layers": 2,
            "num_heads": 2,
            "hidden_dim": 16,
            "intermediate_dim": 32,
            "max_sequence_length": 128,
        }
        backbone = cls(**{**sizes, **kwargs})
        scramble(backbone.weights)
        return backbone

    return make_backbone


@pytest.fixture
def keras_dropout(monkeypatch):
    """Lets the encoder call Keras's dropout, to compare with a stock one."""
    from tf_adapters.encoder import adapted_backbone
    from tf_adapters.encoder import adapted_transformer_encoder

    def call(layer, inputs, training):
        return layer(inputs, training=training)

    for module in (adapted_backbone, adapted_transformer_encoder):
        monkeypatch.setattr(module, "dropout", call)


@pytest.fixture
def make_inputs():
    """Draws a batch. The width changes the padding and nothing else."""

    def make_inputs(batch=4, width=LONGEST, num_tasks=1, seed=0):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(3, LONGEST + 1, size=batch)
        mask = np.arange(width)[None, :] < lengths[:, None]
        drawn = rng.integers(
            [[[1]], [[0]]], [[[50]], [[2]]], (2, batch, LONGEST)
        )
        padding = [(0, 0), (0, 0), (0, width - LONGEST)]
        tokens, segments = np.pad(drawn, padding) * mask
        inputs = {
            "token_ids": tokens,
            "segment_ids": segments,
            "padding_mask": mask,
            "task_ids": np.arange(batch) % num_tasks,
        }
        return {k: v.astype("int32") for k, v in inputs.items()}

    return make_inputs


@pytest.fixture
def make_tasks():
    """The first tasks of: two classes, three classes, a regression."""
    from tf_adapters import Task

    tasks = [
        Task(name="two", text_columns=("text",), labels=("no", "yes")),
        Task(name="three", text_columns=("text",), labels=("a", "b", "c")),
        Task(name="score", text_columns=("text",), value_range=(0.0, 5.0)),
    ]
    return lambda num_tasks=3: tasks[:num_tasks]


@pytest.fixture
def make_model(make_backbone, make_tasks):
    """Builds a tiny `MultiTaskClassifier` of up to three tasks."""
    from tf_adapters import MultiTaskClassifier

    def make_model(method, num_tasks=3, dropout=0.1, backbone=None, **kwargs):
        backbone = backbone or make_backbone(dropout=dropout)
        tasks = make_tasks(num_tasks)
        kwargs.setdefault("head_dropout", dropout)
        return MultiTaskClassifier(backbone, method, tasks, **kwargs)

    return make_model
