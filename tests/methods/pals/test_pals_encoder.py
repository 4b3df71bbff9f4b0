"""The encoder of every method of BERT and PALs: methods.md 2.1 and 2.5."""

import functools

import keras_nlp
import numpy as np
import pytest

import tf_adapters
from tests import numpy_pals
from tests.numpy_bert import bert
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone

METHODS = {
    "shared_encoder": tf_adapters.SharedEncoder,
    "pals": functools.partial(tf_adapters.PALs, 6, num_heads=3),
    "pals_unshared": functools.partial(
        tf_adapters.PALs, 6, num_heads=3, share_projections=False
    ),
    "pals_top": functools.partial(
        tf_adapters.PALs, 6, num_heads=3, layers="top"
    ),
    "pals_feedforward": functools.partial(tf_adapters.PALsFeedForward, 4, 5),
    "pals_low_rank": functools.partial(tf_adapters.PALsLowRank, 4),
    "pals_houlsby": functools.partial(tf_adapters.PALsHoulsby, 4),
    "pals_top_attention": functools.partial(
        tf_adapters.PALsTopAttention, 6, 2, 3
    ),
    "pals_top_layer": tf_adapters.PALsTopLayer,
    "pals_lhuc": tf_adapters.PALsLHUC,
}


def methods(*names, quick):
    """Parametrises `name`; all but the quick ones are marked `large`."""
    large = [
        pytest.param(name, marks=pytest.mark.large)
        for name in names
        if name not in quick
    ]
    return pytest.mark.parametrize("name", [*quick, *large])


def dense(*names):
    return {f"{name}{bias}" for name in names for bias in ("", "_bias")}


ATTENTION = dense("query", "key", "value")
PROJECTIONS = dense("encoder", "decoder")
BLOCK = {f"attention_{w}" for w in ATTENTION | dense("output")}
NORM = {"gamma", "beta"}
BLOCK |= {f"attention_{w}" for w in NORM}
FEEDFORWARD = dense("intermediate") | dense("outer")
BERT_LAYER = BLOCK | dense("intermediate", "feedforward")
BERT_LAYER |= {f"feedforward_{w}" for w in NORM}

# The banks of a method, by layer; `*` is each of the two layers.
BANKS = {
    "shared_encoder": {},
    "pals": {
        "method.projections": PROJECTIONS,
        "layer.*.parallel.adapter": ATTENTION,
    },
    "pals_unshared": {"layer.*.parallel.adapter": ATTENTION | PROJECTIONS},
    "pals_top": {
        "method.projections": PROJECTIONS,
        "layer.1.parallel.adapter": ATTENTION,
    },
    "pals_feedforward": {
        "method.projections": PROJECTIONS,
        "layer.*.parallel.adapter": FEEDFORWARD,
    },
    "pals_low_rank": {"layer.*.parallel.adapter": PROJECTIONS},
    "pals_houlsby": {
        "layer.*.attention.adapter": PROJECTIONS,
        "layer.*.parallel_feedforward.adapter": PROJECTIONS,
    },
    "pals_top_attention": {"top.adapter": PROJECTIONS | BLOCK},
    "pals_top_layer": {"top.adapter": BERT_LAYER},
    "pals_lhuc": {"layer.*.output.adapter": {"scale"}},
}


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


@pytest.fixture(scope="module")
def stock():
    """One for all that is not computed: methods decide anew what trains."""
    return keras_nlp.models.BertBackbone(50, 2, 2, 16, 32)


def expected_trained(stock, freeze):
    if not freeze:
        assert ids(stock.pooled_dense.weights) < ids(stock.weights)
        return ids(stock.weights)
    norms = [stock.embeddings_layer_norm]
    for layer in stock.transformer_layers:
        norms.append(layer._self_attention_layer_norm)
        norms.append(layer._feedforward_layer_norm)
    return ids(w for norm in norms for w in norm.weights)


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_banks_and_what_trains(stock, name, freeze):
    encoder = AdaptedBackbone(stock, METHODS[name](freeze=freeze), num_tasks=3)
    banks = {
        f"{prefix}.{bank}": weight
        for prefix, layer in encoder.task_layers().items()
        for bank, weight in layer.banks.items()
    }
    assert set(banks) == {
        f"{layer.replace('*', str(i))}.{bank}"
        for layer, banks in BANKS[name].items()
        for bank in banks
        for i in range(2)
    }
    expected = expected_trained(stock, freeze) | ids(banks.values())
    assert ids(encoder.trainable_weights) == expected


@pytest.mark.parametrize("freeze", [False, True])
def test_heads_train_with_the_banks(make_model, stock, freeze):
    model = make_model(METHODS["pals"](freeze=freeze), backbone=stock)
    assert {"head.kernel", "head.bias"} < set(model.banks())
    expected = expected_trained(stock, freeze) | ids(model.banks().values())
    assert ids(model.trainable_weights) == expected


def stock_outputs(stock, inputs):
    return stock({k: v for k, v in inputs.items() if k != "task_ids"})


@methods(
    *(name for name in METHODS if "top_" not in name),
    quick=("pals", "pals_lhuc"),
)
def test_layers_that_add_nothing_are_the_stock_backbone(
    make_backbone, make_inputs, scramble, name
):
    """P1 and P2."""
    stock, inputs = make_backbone(), make_inputs(width=12, num_tasks=3)
    expected = stock_outputs(stock, inputs)
    encoder = AdaptedBackbone(stock, METHODS[name](), num_tasks=3)
    for layer in encoder.task_layers().values():
        scramble(layer.banks.values())
        for bank, weight in layer.banks.items():
            if bank in ("decoder", "decoder_bias", "scale"):
                weight.assign(np.zeros(weight.shape))
    outputs = encoder(inputs)
    for key, value in expected.items():
        assert_same_to_rounding(outputs[key], value)


def numpy_slots(name, encoder, inputs):
    """What the layers of a method compute, as slots of `numpy_bert.bert`."""
    rows, mask = {}, inputs["padding_mask"]
    for layer, task_layer in encoder.task_layers().items():
        rows[layer] = numpy_pals.rows_of(task_layer, inputs["task_ids"])

    def of(slot, i):
        own = rows.get(f"layer.{i}.{slot}.adapter")
        return None if own is None else own | rows.get("method.projections", {})

    def pal(x, i):
        own = of("parallel", i)
        return 0.0 if own is None else numpy_pals.pal(own, x, 3, mask)

    def slot(slot, function, residual=False):
        return {
            slot: lambda x, i: function(of(slot, i), x) + (x if residual else 0)
        }

    def top(function, *sizes):
        return {
            "top": lambda x, i: function(rows["top.adapter"], x, *sizes, mask)
        }

    return {
        "shared_encoder": {},
        **dict.fromkeys(
            ["pals", "pals_unshared", "pals_top"], {"parallel": pal}
        ),
        "pals_feedforward": slot("parallel", numpy_pals.projected_feedforward),
        "pals_low_rank": slot("parallel", numpy_pals.low_rank),
        "pals_houlsby": slot("attention", numpy_pals.low_rank, residual=True)
        | slot("parallel_feedforward", numpy_pals.low_rank),
        "pals_top_attention": top(numpy_pals.top_attention, 3),
        "pals_top_layer": top(numpy_pals.top_transformer, 2),
        "pals_lhuc": slot("output", numpy_pals.hidden_unit_scale),
    }[name]


@methods(*METHODS, quick=("pals", "pals_houlsby"))
def test_encoder_is_that_of_the_formulas(
    make_backbone, make_inputs, scramble, name
):
    """I12."""
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, METHODS[name](), num_tasks=3)
    scramble(encoder.trainable_weights)
    slots = numpy_slots(name, encoder, inputs)
    sequence, pooled, _ = bert(stock, inputs, slots)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)
