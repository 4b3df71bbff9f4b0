"""Layers that are computed again rather than remembered."""

import tensorflow as tf

from tf_adapters.encoder.nested_scope import NestedScope


def recomputed(layer, inputs, variables, **arguments):
    """Calls `layer`, and once more when its gradient is asked for.

    Between the two only `inputs` are kept, and not what the layer computes on
    the way: gradient checkpointing (Chen et al., 2016, section 3, with one
    segment a layer). `keras.RematScope` does this too, but not in a graph.

    Args:
        layer: a layer that returns a Tensor.
        inputs: Tensor of floats.
        variables: list of all the variables that the layer may read.
        **arguments: further arguments of the layer; Tensors of integers among
            them.

    Returns:
        What `layer(inputs, **arguments)` returns.
    """
    # All that depends on a variable goes in as a Tensor: the gradient of
    # `tf.custom_gradient` sees nothing else, and a second call must draw the
    # same dropout.
    with NestedScope() as around:
        values = [around.stored(v) for v in variables]
    scopes = []

    def call(inputs, *values):
        pairs = zip(variables, values, strict=True)
        with NestedScope(pairs) as scope:
            outputs = layer(inputs, **arguments)
        scopes.append(scope)
        return outputs

    @tf.custom_gradient
    def run(*tensors):
        def gradient(upstream):
            # Not before the gradient is there: what is computed again would
            # else be computed at once, and remembered after all.
            with tf.control_dependencies([upstream]):
                again = [tf.identity(x) for x in tensors]
            with tf.GradientTape() as tape:
                tape.watch([x for x in again if x.dtype.is_floating])
                outputs = call(*again)
            return tape.gradient(outputs, again, upstream)

        return call(*tensors), gradient

    outputs = run(inputs, *values)
    scopes[0].write_back()
    return outputs
