"""HyperFormer in its three forms and its baseline: methods.md 4."""

import keras
import numpy as np
import pytest

import tf_adapters
from tests import numpy_hyperformer
from tests.numpy_bert import bert
from tf_adapters import AdaptedBackbone
from tf_adapters.layers import GeneratedAdapter
from tf_adapters.layers.activation import gelu_exact

METHODS = {
    "plus_plus": tf_adapters.HyperFormerPlusPlus(4, 6, 16),
    "shared": tf_adapters.HyperFormerShared(4, 6, 16),
    "per_layer": tf_adapters.HyperFormer(4, 6),
    "adapters": tf_adapters.MultiTaskAdapters(4),
}
GENERATED = ("plus_plus", "shared", "per_layer")
# As the authors number them.
POSITIONS = {"feedforward": 0, "attention": 1}


def quick(*names):
    """Parametrises `name`; all but the named ones are marked `large`."""
    large = [
        pytest.param(name, marks=pytest.mark.large)
        for name in METHODS
        if name not in names
    ]
    return pytest.mark.parametrize("name", [*names, *large])


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


def norms_of(backbone):
    norms = [backbone.embeddings_layer_norm]
    for layer in backbone.transformer_layers:
        norms.append(layer._self_attention_layer_norm)
        norms.append(layer._feedforward_layer_norm)
    return [w for norm in norms for w in norm.weights]


@pytest.mark.parametrize("name", GENERATED)
def test_added_task_adds_an_embedding(small_bert, name):
    """F6, with embeddings of 6 numbers."""
    encoder = AdaptedBackbone(small_bert, METHODS[name], num_tasks=2)
    before = encoder.count_params()
    encoder.add_tasks(1)
    assert encoder.count_params() == before + 6


@pytest.mark.parametrize("name", METHODS)
def test_banks_and_what_trains(make_model, small_bert, name):
    model = make_model(METHODS[name], backbone=small_bert)
    encoder = model.encoder
    slots = [
        layer.adapters[slot]
        for layer in encoder.transformer_layers
        for slot in POSITIONS
    ]
    expected = {"head.kernel", "head.bias"}
    if name == "adapters":
        expected |= {
            f"layer.{i}.{slot}.adapter.{w}"
            for i in range(2)
            for slot in POSITIONS
            for w in ("down", "down_bias", "up", "up_bias")
        }
    else:
        expected.add("method.tasks.embedding")
    assert set(model.banks()) == expected
    trained = ids(w for slot in slots for w in slot.weights)
    trained |= ids(norms_of(small_bert)) | ids(model.banks().values())
    assert ids(model.trainable_weights) == trained
    assert not any(w.trainable for w in small_bert.pooled_dense.weights)
    frozen = ids(small_bert.weights) - ids(norms_of(small_bert))
    assert not frozen & ids(model.trainable_weights)


@pytest.mark.parametrize("name", GENERATED)
def test_hypernetworks_are_shared_as_the_paper_says(small_bert, name):
    encoder = AdaptedBackbone(small_bert, METHODS[name], num_tasks=3)
    found = {
        (i, slot): layer.adapters[slot]
        for i, layer in enumerate(encoder.transformer_layers)
        for slot in POSITIONS
    }
    assert {type(adapter) for adapter in found.values()} == {GeneratedAdapter}
    generators = {k: id(v.generator) for k, v in found.items()}
    count = {"plus_plus": 1, "shared": 2, "per_layer": 4}[name]
    assert len(set(generators.values())) == count
    if name == "shared":
        assert generators[0, "attention"] == generators[1, "attention"]
    assert len({id(adapter.tasks) for adapter in found.values()}) == 1
    assert len({id(adapter.condition) for adapter in found.values()}) == 1
    tables = {
        "plus_plus": {"layers": 2, "positions": 2},
        "shared": {"layers": 2, "positions": 0},
        "per_layer": None,
    }[name]
    condition = found[0, "attention"].condition
    assert (condition is None) == (tables is None)
    if tables:
        assert condition.num_layers == tables["layers"]
        assert condition.num_positions == tables["positions"]
    for (i, slot), adapter in found.items():
        assert (adapter.layer, adapter.position) == (i, POSITIONS[slot])


def test_adapters_are_made_as_the_arguments_say(make_backbone):
    for method in (
        tf_adapters.HyperFormerPlusPlus(3, 7, 9, "gelu_exact"),
        tf_adapters.HyperFormerShared(3, 7, 9, "gelu_exact"),
        tf_adapters.HyperFormer(3, 7, "gelu_exact"),
        tf_adapters.MultiTaskAdapters(3, "gelu_exact"),
    ):
        backbone = make_backbone(num_layers=1, dtype="mixed_bfloat16")
        encoder = AdaptedBackbone(backbone, method, num_tasks=3)
        adapter = encoder.transformer_layers[0].attention_adapter
        assert adapter.activation is gelu_exact
        assert (adapter.bottleneck_dim, adapter.num_tasks) == (3, 3)
        assert adapter.compute_dtype == "bfloat16"
        if isinstance(adapter, GeneratedAdapter):
            assert adapter.tasks.embedding.shape == (3, 7)
            assert adapter.generator.bottleneck_dim == 3
            if adapter.condition is not None:
                assert adapter.condition.projector_dim == 9
        else:
            assert adapter.shared_norm


def numpy_adapter(name, encoder, slot, task_ids):
    """What the adapters of a slot compute, as one of `numpy_bert.bert`."""
    array = numpy_hyperformer.array

    def adapt(x, i):
        layer = encoder.transformer_layers[i].adapters[slot]
        if name == "adapters":
            banks = {k: array(v) for k, v in layer.banks.items()}
            norm = {"gamma": array(layer.gamma), "beta": array(layer.beta)}
            return numpy_hyperformer.by_task(banks, x, task_ids, **norm)
        vectors = array(encoder.shared_layers["tasks"].embedding)
        if name != "per_layer":
            vectors = numpy_hyperformer.condition(
                encoder.shared_layers["condition"], vectors, i, POSITIONS[slot]
            )
        made = numpy_hyperformer.generated(layer.generator, vectors)
        return numpy_hyperformer.by_task(made, x, task_ids)

    return adapt


@quick("plus_plus")
def test_encoder_is_that_of_the_formulas(
    make_backbone, make_inputs, scramble, name
):
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, METHODS[name], num_tasks=3)
    scramble(encoder.trainable_weights)
    task_ids = inputs["task_ids"]
    slots = {k: numpy_adapter(name, encoder, k, task_ids) for k in POSITIONS}
    sequence, pooled, _ = bert(stock, inputs, slots)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=2e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=2e-4)


def step_on_the_first_task(model, make_inputs):
    """Trains one step of a fresh optimizer, without decay."""
    model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    model.train_on_batch(make_inputs(), np.array([0, 1, 1, 0]), np.ones(4))


@pytest.mark.large
@pytest.mark.parametrize("name", GENERATED)
def test_step_on_one_task_changes_the_adapters_of_others(
    make_model, make_inputs, scramble, name
):
    """F8: through the hypernetwork, and not through their embeddings."""
    model = make_model(METHODS[name], num_tasks=2)
    scramble(model.trainable_weights)
    adapter = model.encoder.transformer_layers[0].attention_adapter
    before = [np.array(w[1]) for w in adapter.kernels().values()]
    embedding = np.array(adapter.tasks.embedding)
    step_on_the_first_task(model, make_inputs)
    np.testing.assert_array_equal(adapter.tasks.embedding[1], embedding[1])
    assert np.all(adapter.tasks.embedding[0] != embedding[0])
    for old, new in zip(before, adapter.kernels().values(), strict=True):
        assert np.abs(new[1] - old).max() > 1e-3


@pytest.mark.large
def test_step_on_one_task_leaves_the_baseline_of_others(
    make_model, make_inputs, scramble
):
    """F8: but for the norms that tasks share."""
    model = make_model(METHODS["adapters"], num_tasks=2)
    scramble(model.trainable_weights)
    adapter = model.encoder.transformer_layers[0].attention_adapter
    before = {k: np.array(v) for k, v in adapter.banks.items()}
    gamma = np.array(adapter.gamma)
    step_on_the_first_task(model, make_inputs)
    for name, bank in adapter.banks.items():
        np.testing.assert_array_equal(bank[1], before[name][1])
        assert np.any(bank[0] != before[name][0])
    assert np.any(adapter.gamma != gamma)


CLASSES = {type(method): method for method in METHODS.values()}


@pytest.mark.parametrize("cls", CLASSES)
def test_bad_arguments_are_refused_at_once(cls):
    with pytest.raises(ValueError, match="bottleneck_dim=0"):
        cls(bottleneck_dim=0)
    with pytest.raises(ValueError, match="gleu"):
        cls(activation="gleu")
    if cls is not tf_adapters.MultiTaskAdapters:
        with pytest.raises(ValueError, match="`embedding_dim`.*_dim=-1"):
            cls(embedding_dim=-1)


@pytest.mark.parametrize(
    "cls", [tf_adapters.HyperFormerPlusPlus, tf_adapters.HyperFormerShared]
)
def test_projector_without_units_is_refused(cls):
    with pytest.raises(ValueError, match="projector_dim=0"):
        cls(projector_dim=0)


@pytest.mark.parametrize(
    "method",
    [
        tf_adapters.HyperFormerPlusPlus(3, 7, 9, "relu"),
        tf_adapters.HyperFormerShared(3, 7, 9, "relu"),
        tf_adapters.HyperFormer(3, 7, "relu"),
        tf_adapters.MultiTaskAdapters(3, "relu"),
    ],
    ids=repr,
)
def test_method_comes_back_from_its_config(method, check_config):
    check_config(method)


def test_defaults_are_those_of_the_paper_for_bert():
    expected = {
        "bottleneck_dim": 24,
        "embedding_dim": 64,
        "projector_dim": 128,
        "activation": "gelu_approximate",
    }
    assert tf_adapters.HyperFormerPlusPlus().get_config() == expected
    assert tf_adapters.HyperFormerShared().get_config() == expected
    del expected["projector_dim"]
    assert tf_adapters.HyperFormer().get_config() == expected
    del expected["embedding_dim"]
    # The paper's is 1.
    expected["init_gain"] = 0.1
    assert tf_adapters.MultiTaskAdapters().get_config() == expected


@pytest.mark.large
@pytest.mark.parametrize("name", METHODS)
def test_keras_file_holds_everything(
    make_backbone, scramble, check_keras_file, name
):
    encoder = AdaptedBackbone(make_backbone(), METHODS[name], num_tasks=3)
    scramble(encoder.trainable_weights)
    check_keras_file(encoder)
