"""The bytes that replicas add up in a training step, counted from the weights.

`tests/benchmarks/test_traffic.py` compares them with what two processes that
train together hand to TensorFlow's all-reduce.
"""

import dataclasses

import keras_nlp
import numpy as np

from tf_adapters import GLUE_TASKS
from tf_adapters import MultiTaskClassifier
from tf_adapters.runs.recipe import load_recipe

TASKS = ("cola", "mrpc", "rte", "stsb")
# Of a float32, in which Keras keeps weights, gradients and losses.
_BYTES = 4
# Of an int64, in which TensorFlow counts, and of a float64.
_COUNT = _ASKED = 8


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What the replicas add up in a step.

    Attributes:
        gradients: int. Bytes of the gradients of all that is trained.
        sizes: tuple of ints. Bytes of each all-reduce, in their order.
    """

    gradients: int
    sizes: tuple[int, ...]

    @property
    def total(self):
        return sum(self.sizes)


def of_model(model):
    """Returns the `Traffic` of `fit` with what `make_optimizer` returned.

    Args:
        model: a `MultiTaskClassifier`.
    """
    num_tasks = len(model.task_names)
    # Also those of tasks that are not in the batch: a bank is one variable.
    gradients = _BYTES * sum(
        int(np.prod(v.shape)) for v in model.trainable_variables
    )
    has_banks = any(bank.trainable for bank in model.banks().values())
    present = [_BYTES * num_tasks] if num_tasks > 1 and has_banks else []
    # The losses of all tasks and of each, and over how many replicas.
    logs = [_BYTES * (1 + num_tasks), _COUNT]
    # First of all, whether the data of a replica have come to their end. For
    # several machines TensorFlow then forgets that all have as many rows.
    rows = _BYTES
    return Traffic(gradients, (_COUNT, *present, rows, gradients, *logs))


def of_recipes(names, num_tasks):
    """Returns the `Traffic` of a step of `train.py` on BERT-base.

    Args:
        names: names of recipes.
        num_tasks: int. Tasks that are trained together, up to four.

    Returns:
        dict from the name of each recipe to its `Traffic`.
    """
    backbone = keras_nlp.models.BertBackbone(30522, 12, 12, 768, 3072)
    found = {}
    for name in names:
        recipe = load_recipe(name)
        config = recipe.Config()
        model = MultiTaskClassifier(
            backbone,
            recipe.method(config),
            [GLUE_TASKS[task] for task in TASKS[:num_tasks]],
            pooling=config.pooling,
        )
        own = of_model(model)
        # `train.py` asks whether a worker was told to stop.
        found[name] = Traffic(own.gradients, (*own.sizes, _ASKED))
        # Two models that train one backbone are refused.
        del model
    return found
