"""How a model is trained: settings, data, optimizer, strategy, callbacks."""

from tf_adapters.training.config import TrainConfig
from tf_adapters.training.datasets import training_set
