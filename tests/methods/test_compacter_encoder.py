"""The encoder of Compacter and of the adapters it is compared with."""

import numpy as np
import pytest

import tf_adapters
from tests import numpy_phm
from tests.numpy_bert import bert
from tests.numpy_bert import layer_norm
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone

METHODS = {
    "compacter": tf_adapters.Compacter(4, phm_dim=2),
    "compacter_plus_plus": tf_adapters.CompacterPlusPlus(4, phm_dim=2),
    "factorized": tf_adapters.Compacter(4, 2, rank=2, factorize_rule=True),
    "phm_adapter": tf_adapters.PHMAdapter(4, phm_dim=4),
    "low_rank_adapter": tf_adapters.LowRankAdapter(4, rank=2),
}


def test_all_adapters_of_an_encoder_read_one_rule(make_backbone):
    method = METHODS["compacter"]
    encoder = AdaptedBackbone(make_backbone(), method, num_tasks=3)
    layers = encoder.task_layers()
    adapters = [v for k, v in layers.items() if k.endswith(".adapter")]
    assert len(adapters) == 4
    assert all(a.rule_layer is layers["method.rule"] for a in adapters)
    assert layers["method.rule"].rule.shape == (3, 2, 2, 2)
    rules = [w for w in encoder.weights if w.name == "rule"]
    assert rules == [layers["method.rule"].rule]
    revived = AdaptedBackbone.from_config(encoder.get_config())
    assert [w.path for w in revived.weights] == [
        w.path for w in encoder.weights
    ]


def test_new_compacter_is_the_stock_backbone(make_backbone, make_inputs):
    """I4 and C9: outputs of size 1 are as they were to a few roundings."""
    backbone, inputs = make_backbone(), make_inputs(num_tasks=3)
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = backbone({name: inputs[name] for name in names})
    encoder = AdaptedBackbone(backbone, METHODS["compacter"], num_tasks=3)
    outputs = encoder(inputs)
    for key, value in expected.items():
        assert 0.3 < np.std(value) < 3
        assert_same_to_rounding(outputs[key], value)


def numpy_adapters(name, encoder, task_ids):
    """What the layers of a method compute, as slots of `numpy_bert.bert`."""
    layers = encoder.task_layers()
    rule = [layers["method.rule"]] if "method.rule" in layers else []
    compute = numpy_phm.adapter
    if name == "low_rank_adapter":
        compute = numpy_phm.low_rank_adapter

    def slot(slot):
        def adapt(x, i):
            own = layers.get(f"layer.{i}.{slot}.adapter")
            if own is None:
                return x
            rows = zip(x, task_ids, strict=True)
            return np.stack(
                [
                    compute(numpy_phm.weights_of(task, own, *rule), row)
                    for row, task in rows
                ]
            )

        return adapt

    return {name: slot(name) for name in ("attention", "feedforward")}


@pytest.mark.parametrize(
    "name",
    [
        "compacter",
        *(
            pytest.param(k, marks=pytest.mark.large)
            for k in METHODS
            if k != "compacter"
        ),
    ],
)
def test_encoder_is_that_of_the_formulas(
    make_backbone, make_inputs, scramble, name
):
    """I12."""
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, METHODS[name], num_tasks=3)
    scramble(encoder.trainable_weights)
    task_ids = inputs["task_ids"]
    layers = encoder.task_layers()

    def norm(x, gamma, beta, name):
        name = name if name == "embedding" else f"layer.{name}"
        own = layers[f"{name}.norm"]
        gamma, beta = (
            np.array(bank, "float64")[task_ids][:, None]
            for bank in (own.gamma, own.beta)
        )
        return layer_norm(x, gamma, beta)

    slots = numpy_adapters(name, encoder, task_ids)
    sequence, pooled, _ = bert(stock, inputs, slots, norm)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)
