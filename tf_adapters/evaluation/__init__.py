"""Predictions of a model, how good they are, and which tasks suit which."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.evaluation.ensemble import AverageEnsemble
    from tf_adapters.evaluation.ensemble import Ensemble
    from tf_adapters.evaluation.nearest import nearest_task
    from tf_adapters.evaluation.predictor import Predictor
