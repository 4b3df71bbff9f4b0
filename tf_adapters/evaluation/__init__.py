"""Predictions of a model, how good they are, and which tasks suit which."""

from tf_adapters.evaluation.ensemble import AverageEnsemble
from tf_adapters.evaluation.ensemble import Ensemble
from tf_adapters.evaluation.nearest import nearest_task
from tf_adapters.evaluation.predictor import Predictor
