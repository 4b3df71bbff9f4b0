"""How tasks are learned: the Keras model, its data, its scores."""

from tf_adapters.training.config import TrainConfig
from tf_adapters.training.datasets import training_set
from tf_adapters.training.ensemble import AverageEnsemble
from tf_adapters.training.ensemble import Ensemble
from tf_adapters.training.multi_task_classifier import MultiTaskClassifier
from tf_adapters.training.nearest import nearest_task
from tf_adapters.training.parameters import count_parameters
from tf_adapters.training.predictor import Predictor
