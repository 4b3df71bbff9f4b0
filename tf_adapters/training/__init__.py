"""How a model is trained: settings, data, optimizer, strategy, callbacks."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.training.config import TrainConfig
    from tf_adapters.training.datasets import training_set
