"""The adapted encoder with a head for each task, as a Keras model."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.model.multi_task_classifier import MultiTaskClassifier
    from tf_adapters.model.parameters import count_parameters
