"""What a TPU asks of a training step: shapes that are known before."""

import keras
import pytest
import tensorflow as tf

from tests.method_table import METHODS
from tf_adapters.methods import Houlsby
from tf_adapters.training.optimizer import AdamW

# The batch is taken apart by task, into parts of any size.
TAKES_APART = ("intrinsic_said",)
# Which axes to sum over follows from shapes, when the step is compiled. The
# other is what the condition of a loop does not read.
SETTLED = ("BroadcastGradientArgs", "redundant_placeholder")
ROWS, WIDTH = 6, 8


def specs():
    token = tf.TensorSpec((ROWS, WIDTH), "int32")
    x = {k: token for k in ("token_ids", "segment_ids", "padding_mask")}
    x["task_ids"] = tf.TensorSpec((ROWS,), "int32")
    number = tf.TensorSpec((ROWS,), "float32")
    return x, number, number


def graphs(graph, seen):
    """Yields a graph and those of all functions that it calls."""
    yield graph
    for op in graph.get_operations():
        for attribute in op.node_def.attr.values():
            for function in [attribute.func, *attribute.list.func]:
                if function.name and function.name not in seen:
                    seen.add(function.name)
                    called = graph._get_function(function.name).graph
                    yield from graphs(called, seen)


def dynamic_tensors(model, **kwargs):
    """Traces a training step and lists what has an unknown dimension."""
    model.compile(AdamW(1e-3, global_clipnorm=1.0), **kwargs)
    model.optimizer.build(model.trainable_variables)
    step = tf.function(model.train_step).get_concrete_function(specs())
    found = list(graphs(step.graph, set()))
    assert sum(len(graph.get_operations()) for graph in found) > 300
    return [
        f"{tensor.name}: {tensor.shape}"
        for graph in found
        for op in graph.get_operations()
        for tensor in op.outputs
        if tensor.dtype not in (tf.resource, tf.variant)
        and not tensor.shape.is_fully_defined()
        and not any(name in op.name for name in SETTLED)
    ]


@pytest.mark.large
@pytest.mark.parametrize("name", [k for k in METHODS if k not in TAKES_APART])
def test_a_training_step_has_static_shapes(name, make_model):
    assert dynamic_tensors(make_model(METHODS[name]())) == []


@pytest.mark.large
def test_parts_and_what_is_computed_again_have_static_shapes(make_model):
    model = make_model(Houlsby(4))
    kwargs = {"accumulate_steps": 2, "recompute": True}
    assert dynamic_tensors(model, **kwargs) == []


@pytest.mark.large
@pytest.mark.parametrize("name", TAKES_APART)
def test_what_takes_a_batch_apart_does_not(name, make_model):
    """If it does, it belongs to the methods above."""
    assert dynamic_tensors(make_model(METHODS[name]())) != []


def test_nothing_dynamic_would_be_missed(make_model):
    class Looks(keras.layers.Layer):
        def call(self, inputs):
            return tf.boolean_mask(inputs, inputs > 0)

    step = tf.function(Looks()).get_concrete_function(
        tf.TensorSpec((ROWS,), "float32")
    )
    shapes = [
        tensor.shape
        for graph in graphs(step.graph, set())
        for op in graph.get_operations()
        for tensor in op.outputs
    ]
    assert not all(shape.is_fully_defined() for shape in shapes)
