"""An activation for each task, where tasks have several between them."""

from keras import ops


def task_activation(activations, choice):
    """Returns the function that computes the activation of each example.

    Args:
        activations: functions from Tensor to Tensor.
        choice: rows of a bank, as `bank.select` returns them: a number for
            each function, 1 for that of the task, else 0.

    Returns:
        A function from Tensor to Tensor, of the shape of its inputs. If
        `choice` has a row for each example, so must the inputs.
    """

    def activate(inputs):
        outputs = activations[0](inputs)
        for i, activation in enumerate(activations[1:], start=1):
            is_own = choice[..., i] > 0.5
            if len(is_own.shape):
                is_own = ops.reshape(is_own, (-1, 1, 1))
            # Chosen and not weighed: what is infinite in the activation of
            # another task would not be nothing if it were multiplied by 0.
            outputs = ops.where(is_own, activation(inputs), outputs)
        return outputs

    return activate


def add_choice(layer, count):
    """Gives a layer the bank `choice`, at the first of `count` activations.

    Args:
        layer: a `TaskLayer`, while it is built.
        count: int. If it is 1, there is nothing to choose, and no bank.
    """
    if count > 1:
        layer.add_bank("choice", (count,), [1.0] + [0.0] * (count - 1))
        layer.choice.trainable = False
