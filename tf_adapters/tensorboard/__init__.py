"""What TensorBoard shows of a training, one callback for all its tabs."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.tensorboard.callback import TensorBoard
