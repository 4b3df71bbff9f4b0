"""How many weights a method adds, trains and shares."""

import keras
import numpy as np

from tf_adapters.bundles.tensors import shared_variables


def count_parameters(model) -> dict[str, int | float]:
    """Counts the weights of a model by who owns them.

    What has been frozen since, say by `freeze_shared`, counts all the same.

    Args:
        model: a `MultiTaskClassifier`.

    Returns:
        dict of the ints `backbone` (pretrained weights, pooler included),
        `per_task` (private adapter weights of one task), `shared` (adapter
        weights that tasks share), `layer_norms` (trained LayerNorm weights, of
        one task if private, once if shared), `heads` (all heads, counting the
        outputs that tasks have), and the floats `percent_per_task` (adapter
        weights of one task, its part of the shared ones included, in percent
        of the backbone) and `total_ratio` (backbone and the adapters of all
        tasks over the backbone).
    """
    num_tasks = len(model.task_names)
    encoder = model.encoder
    norms, adapters = 0, 0
    for name, layer in encoder.task_layers().items():
        size = sum(_size(bank) // num_tasks for bank in layer.banks.values())
        if name.endswith(".norm"):
            norms += size
        else:
            adapters += size
    pretrained = {id(w): w for w in encoder.pretrained_weights()}
    if not encoder.method.layer_norms.startswith("private"):
        trained = {id(w) for w in encoder.trained_weights()}
        norms = sum(
            _size(w) for w in encoder.pretrained_norms() if id(w) in trained
        )
    backbone = sum(_size(w) for w in pretrained.values())
    shared = sum(
        _size(w)
        for w in shared_variables(model).values()
        if id(w) not in pretrained
    )
    heads = (encoder.hidden_dim + 1) * sum(model.heads.num_outputs)
    added = num_tasks * adapters + shared
    return {
        "backbone": backbone,
        "per_task": adapters,
        "shared": shared,
        "layer_norms": norms,
        "heads": heads,
        "percent_per_task": 100 * added / num_tasks / backbone,
        "total_ratio": 1 + added / backbone,
    }


def trainable_percent(model: keras.Model) -> float:
    """Returns all trainable weights, heads and LayerNorms too, in percent.

    The whole is the pretrained backbone. With several tasks it is their sum.
    """
    trained = sum(_size(w) for w in model.trainable_weights)
    backbone = sum(_size(w) for w in model.encoder.pretrained_weights())
    return 100 * trained / backbone


def shares_most(model: keras.Model) -> bool:
    """Says whether tasks share more of what is trained than one of them owns.

    Args:
        model: a `MultiTaskClassifier`.
    """
    shared = sum(_size(w) for w in shared_variables(model).values())
    own = sum(_size(bank) for bank in model.banks().values())
    return shared * len(model.task_names) > own


def _size(weight) -> int:
    return int(np.prod(weight.shape))
