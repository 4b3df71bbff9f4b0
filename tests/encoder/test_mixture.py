"""Which weights of a mixture act where in the encoder."""

import keras
import numpy as np
import pytest

from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tf_adapters.layers import LayeredMixture
from tf_adapters.layers import TaskBias
from tf_adapters.methods import Method

FIRST, LAST = 0, 3


class Everywhere(Method):
    """A bias in the slots that the methods of the library leave empty."""

    def slot_layer(self, slot, index, shape, shared):
        if slot not in ("embedding", "parallel", "parallel_feedforward"):
            return None
        return TaskBias(
            shape.hidden_dim, num_tasks=shape.num_tasks, dtype=shape.dtype
        )


CASES = {"everywhere": Everywhere}
CASES |= {
    name: METHODS[name]
    for name in (
        "houlsby",
        "lora_everywhere",
        "bitfit",
        "prompt_tuning",
        "pals_top_layer",
        "pals_top_attention",
        "pals_lhuc",
    )
}


def place_of(layer):
    """The place of a layer among: embeddings, two layers, the rest."""
    if layer.startswith(("prompt", "embedding")):
        return FIRST
    if layer.startswith("layer."):
        return 1 + int(layer.split(".")[1])
    return LAST


@pytest.mark.large
@pytest.mark.parametrize("make_method", CASES.values(), ids=CASES)
def test_a_task_that_counts_at_one_place_is_that_task_there_only(
    make_method, make_model, make_inputs, scramble
):
    model = make_model(make_method(), num_tasks=2)
    scramble(model.trainable_weights)
    inputs = make_inputs()
    inputs["task_ids"] = np.zeros(4, "int32")
    places = {place_of(name) for name in model.task_layers()}
    before = {name: np.array(bank) for name, bank in model.banks().items()}
    plain = np.array(model(inputs))
    for place in range(4):
        weights = np.zeros((4, 4, 2), "float32")
        weights[..., 0] = 1
        weights[:, place] = [0, 1]
        mixture = LayeredMixture((0, 1), keras.ops.array(weights))
        outputs = model(inputs, mixture=mixture)
        for name, bank in model.banks().items():
            if place_of(name) == place:
                bank.assign(before[name][[1, 1]])
        swapped = model(inputs)
        # The heads of the two tasks have two and three outputs.
        np.testing.assert_allclose(
            outputs[:, :2], swapped[:, :2], atol=ROUNDING
        )
        changed = np.abs(swapped[:, :2] - plain[:, :2]).max() > 1e-3
        assert changed == (place in places)
        for name, bank in model.banks().items():
            bank.assign(before[name])


def test_a_mixture_stands_for_the_task_ids(make_model, make_inputs, scramble):
    model = make_model(METHODS["houlsby"](), num_tasks=2)
    scramble(model.trainable_weights)
    inputs = make_inputs()
    weights = keras.ops.ones((4, 4, 1))
    found = model(inputs, mixture=LayeredMixture((1,), weights))
    inputs["task_ids"] = np.ones(4, "int32")
    np.testing.assert_allclose(found, model(inputs), atol=ROUNDING)
