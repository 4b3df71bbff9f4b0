"""What holds for every method, by the names of design.md, section 7."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tests.method_table import DISTANCE_AT_START
from tests.method_table import METHODS
from tests.method_table import NOT_NEAR_THE_IDENTITY
from tests.rounding import ROUNDING
from tests.rounding import assert_same_to_rounding

LABELS = np.array([1, 2, 0.4, 0, 1, 0.9])
ONES = np.ones(6)


@pytest.fixture(params=METHODS, ids=str)
def name(request):
    return request.param


@pytest.fixture
def method(name):
    return METHODS[name]()


def arrays(variables):
    return [keras.ops.convert_to_numpy(v) for v in variables]


def frozen(model):
    weights = [w for w in model.weights if not w.trainable]
    return [w for w in weights if "seed" not in w.path]


def moved(before, variables, row=...):
    """The paths of the variables that are not, bit for bit, as before."""
    return [
        v.path
        for old, v in zip(before, variables, strict=True)
        if not np.array_equal(old[row], keras.ops.convert_to_numpy(v)[row])
    ]


def test_new_method_hardly_disturbs_the_encoder(
    name, method, make_backbone, make_inputs
):
    """I4."""
    if name in NOT_NEAR_THE_IDENTITY:
        pytest.skip("is no small change of the encoder, by its paper")
    backbone, inputs = make_backbone(), make_inputs(num_tasks=2)
    ids = inputs.pop("task_ids")
    stock = backbone(inputs)
    encoder = tf_adapters.AdaptedBackbone(backbone, method, num_tasks=2)
    outputs = encoder({**inputs, "task_ids": ids})
    atol = DISTANCE_AT_START.get(name, 1e-4)
    for key in stock:
        np.testing.assert_allclose(outputs[key], stock[key], atol=atol)


@pytest.mark.large
def test_mixed_batch_equals_each_example_alone_in_training(
    method, make_model, make_inputs, scramble
):
    """I2."""
    model = make_model(method, dropout=0.0)
    scramble(model.trainable_weights)
    inputs = make_inputs(batch=3, num_tasks=3)
    together = model(inputs, training=True)
    for i in range(3):
        part = {k: v[i : i + 1] for k, v in inputs.items()}
        alone = model(part, training=True)
        np.testing.assert_allclose(together[i], alone[0], atol=ROUNDING)


@pytest.mark.large
def test_gradient_of_a_mixed_batch_is_the_mean_of_the_examples_alone(
    method, make_model, make_inputs, scramble
):
    """I2."""
    model = make_model(method, dropout=0.0)
    scramble(model.trainable_weights)
    inputs = make_inputs(batch=3, num_tasks=3)
    variables = [w.value for w in model.trainable_weights]

    def gradients(rows):
        part = {k: v[rows] for k, v in inputs.items()}
        with tf.GradientTape() as tape:
            logits = model(part, training=True)
            loss = model.compute_loss(part, LABELS[:3][rows], logits)
        found = tape.gradient(loss, variables, unconnected_gradients="zero")
        return [np.array(tf.convert_to_tensor(g)) for g in found]

    alone = [gradients(slice(i, i + 1)) for i in range(3)]
    for actual, *each in zip(gradients(slice(None)), *alone, strict=True):
        expected = np.mean(each, axis=0)
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(actual, expected, atol=1e-4 * scale)


@pytest.mark.large
def test_padding_never_changes_a_result(
    method, make_model, make_inputs, scramble
):
    """I10."""
    model = make_model(method)
    # By no more: LoRA of 0.3 in every product makes attention so sharp that a
    # relative error of the embeddings comes out ninety times as large.
    scramble(model.trainable_weights, scale=0.1)
    narrow = model(make_inputs(num_tasks=3))
    for width in (32, 64, 128):
        wide = model(make_inputs(width=width, num_tasks=3))
        assert_same_to_rounding(wide, narrow)


@pytest.mark.large
def test_one_task_needs_no_task_ids(method, make_model, make_inputs, scramble):
    model = make_model(method, num_tasks=1)
    scramble(model.trainable_weights)
    inputs = make_inputs()
    with_ids = model(inputs)
    del inputs["task_ids"]
    np.testing.assert_array_equal(model(inputs), with_ids)


@pytest.mark.large
def test_frozen_weights_are_bit_identical_after_training(
    method, make_model, make_inputs
):
    """I6 and H4."""
    model = make_model(method)
    model.compile(
        keras.optimizers.AdamW(0.01, weight_decay=0.1), run_eagerly=True
    )
    inputs = make_inputs(batch=6, num_tasks=3)
    still, rest = frozen(model), model.trainable_weights
    before_still, before_rest = arrays(still), arrays(rest)
    model.train_on_batch(inputs, LABELS, ONES)
    assert moved(before_still, still) == []
    assert moved(before_rest, rest) == [w.path for w in rest]


OPTIMIZERS = {
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "sgd_momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "rmsprop": lambda: keras.optimizers.RMSprop(
        0.01, momentum=0.9, centered=True, weight_decay=0.1
    ),
}


def check_absent_task_is_left_alone(model, make_inputs):
    """Trains all tasks, then two of three, and looks at the third."""
    everyone = make_inputs(batch=6, num_tasks=3)
    model.train_on_batch(everyone, LABELS, ONES)
    banks = list(model.banks().values())
    banks = [bank for bank in banks if bank.trainable]
    before = arrays(banks)
    present = {**everyone, "task_ids": np.array([0, 1, 0, 0, 1, 1], "int32")}
    for _ in range(2):
        model.train_on_batch(present, LABELS, ONES)
    for task in (0, 1):
        assert len(moved(before, banks, task)) == len(banks)
    assert moved(before, banks, 2) == []
    # Absent only from some batches: it moves again when it comes back.
    model.train_on_batch(everyone, LABELS, ONES)
    assert len(moved(before, banks, 2)) == len(banks)


@pytest.mark.parametrize(
    "optimizer",
    [
        "adamw",
        pytest.param("sgd_momentum", marks=pytest.mark.large),
        pytest.param("rmsprop", marks=pytest.mark.large),
    ],
)
def test_absent_task_is_left_alone_by_every_optimizer(
    optimizer, make_model, make_inputs
):
    """I6."""
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(OPTIMIZERS[optimizer](), run_eagerly=True)
    check_absent_task_is_left_alone(model, make_inputs)


@pytest.mark.large
def test_absent_task_is_left_alone_by_every_method(
    method, make_model, make_inputs
):
    """I6."""
    model = make_model(method)
    model.compile(OPTIMIZERS["adamw"](), run_eagerly=True)
    check_absent_task_is_left_alone(model, make_inputs)


def test_padded_examples_do_not_make_a_task_present(make_model, make_inputs):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(OPTIMIZERS["adamw"](), run_eagerly=True)
    inputs = make_inputs(batch=6, num_tasks=3)
    model.train_on_batch(inputs, LABELS, ONES)
    banks = list(model.banks().values())
    before = arrays(banks)
    weights = (inputs["task_ids"] != 1).astype("float32")
    model.train_on_batch(inputs, LABELS, weights)
    assert moved(before, banks, 1) == []


@pytest.mark.large
def test_task_trained_in_company_ends_as_if_trained_alone(
    make_model, make_inputs
):
    # Steps without the task leave its weights and moments as they were; SGD
    # has no other state, so that they leave no trace at all.
    def train(batches):
        keras.utils.set_random_seed(0)
        model = make_model(tf_adapters.Houlsby(4), dropout=0.0)
        model.compile(OPTIMIZERS["sgd_momentum"](), jit_compile=False)
        for task, seed in batches:
            inputs = make_inputs(batch=6, seed=seed)
            inputs["task_ids"] += np.int32(task)
            model.train_on_batch(inputs, np.arange(6) % 2, ONES)
        return [bank[0] for bank in arrays(model.banks().values())]

    alone = train([(0, 1), (0, 2), (0, 3)])
    company = train([(0, 1), (1, 9), (0, 2), (2, 8), (1, 7), (0, 3)])
    for a, b in zip(alone, company, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.large
@pytest.mark.xla
@pytest.mark.parametrize(
    "name, num_tasks", [("houlsby", 1), *((name, 3) for name in METHODS)]
)
def test_compiled_by_xla_it_trains_and_answers(
    name, make_backbone, make_model, make_inputs, num_tasks
):
    """I9. A second layer would compile the same again, in twice the time.

    So would the update of an optimizer that has more to compute.
    """
    num_layers = 2 if name == "adapter_drop" else 1
    backbone = make_backbone(num_layers=num_layers, dropout=0.0)
    model = make_model(
        METHODS[name](), num_tasks=num_tasks, dropout=0.0, backbone=backbone
    )
    model.compile(OPTIMIZERS["sgd_momentum"](), jit_compile=True)
    inputs = make_inputs(batch=6, num_tasks=num_tasks)
    np.testing.assert_allclose(
        model.predict_on_batch(inputs), model(inputs), atol=ROUNDING
    )
    labels = np.zeros(6)
    expected = model.compute_loss(inputs, labels, model(inputs), ONES)
    losses = [model.train_on_batch(inputs, labels, ONES) for _ in range(5)]
    losses = [np.ravel(loss)[0] for loss in losses]
    np.testing.assert_allclose(losses[0], expected, rtol=1e-4)
    assert losses[-1] < losses[0]


@pytest.mark.large
@pytest.mark.xla
def test_absent_task_is_left_alone_in_a_compiled_fit(make_model, make_inputs):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(OPTIMIZERS["adamw"](), jit_compile=True)
    check_absent_task_is_left_alone(model, make_inputs)
