import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters import MultiTaskClassifier
from tf_adapters import Task
from tf_adapters.methods import Compacter
from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby

OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.03),
    "adamw": lambda: keras.optimizers.AdamW(0.03),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "lion": lambda: keras.optimizers.Lion(0.01),
    "adafactor": lambda: keras.optimizers.Adafactor(0.03),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.03)
    ),
}


def fit(
    model, dataset, optimizer="adam", epochs=4, jit_compile=False, **kwargs
):
    if isinstance(optimizer, str):
        optimizer = OPTIMIZERS[optimizer]()
    model.compile(optimizer, jit_compile=jit_compile)
    return model.fit(
        dataset, epochs=epochs, shuffle=False, verbose=0, **kwargs
    ).history


@pytest.mark.large
def test_mixed_batches_lower_the_loss_of_every_task(small_model, toy_dataset):
    model = small_model(Houlsby(8))
    history = fit(model, toy_dataset(), epochs=8)
    for name in ("two", "three", "score"):
        assert history[f"{name}_loss"][-1] < 0.8 * history[f"{name}_loss"][0]
    assert history["loss"][-1] < 0.8 * history["loss"][0]


@pytest.mark.large
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains(small_model, toy_dataset, optimizer):
    model = small_model(Houlsby(8))
    losses = fit(model, toy_dataset(), optimizer)["loss"]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.large
@pytest.mark.xla
@pytest.mark.parametrize("method", [Houlsby(8), FullFineTuning()], ids=repr)
def test_training_compiles_with_xla(small_model, toy_dataset, method):
    def losses(jit_compile):
        keras.utils.set_random_seed(0)
        model = small_model(method)
        dataset = toy_dataset()
        return fit(model, dataset, epochs=3, jit_compile=jit_compile)["loss"]

    np.testing.assert_allclose(losses(True), losses(False), rtol=1e-3)


@pytest.mark.large
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(small_model, toy_dataset, dtype):
    model = small_model(Houlsby(8), dtype=dtype)
    losses = fit(model, toy_dataset())["loss"]
    assert losses[-1] < 0.9 * losses[0]
    assert {w.dtype for w in model.trainable_variables} == {"float32"}


def test_the_loss_of_each_task_is_logged(small_model, toy):
    x, y = toy(30)
    model = small_model(Houlsby(4))
    model.compile("adam", jit_compile=False)
    logs = model.evaluate(x, y, batch_size=10, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "two_loss", "three_loss", "score_loss"}
    logits = np.array(model(x), "float64")
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    losses = -log_p[np.arange(30), y.astype(int)]
    losses = np.where(x["task_ids"] == 2, (logits[:, 0] - y) ** 2, losses)
    assert logs["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    for i, name in enumerate(("two", "three", "score")):
        own = losses[x["task_ids"] == i].mean()
        assert logs[f"{name}_loss"] == pytest.approx(own, rel=1e-5)


@pytest.mark.large
def test_rows_of_weight_zero_change_nothing(small_model, toy):
    x, y = toy(12)
    weight = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], "float32")

    def train(last):
        """One step, with rows of another content at the end."""
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4))
        model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        tokens = np.concatenate([x["token_ids"][:9], last])
        logs = model.train_on_batch(
            {**x, "token_ids": tokens}, y, weight, return_dict=True
        )
        return logs, [np.array(w) for w in model.trainable_variables]

    logs, weights = train(x["token_ids"][9:])
    other_logs, other_weights = train(x["token_ids"][:3])
    assert logs == pytest.approx(other_logs)
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=ROUNDING)


@pytest.mark.large
def test_the_weights_of_losses_multiply_them(small_model, toy):
    x, y = toy(30)

    def evaluate(**kwargs):
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4), **kwargs)
        model.compile("adam", jit_compile=False)
        return model.evaluate(x, y, verbose=0, return_dict=True)

    plain = evaluate()
    weighted = evaluate(loss_weights={"three": 2.5})
    assert weighted["two_loss"] == pytest.approx(plain["two_loss"])
    assert weighted["three_loss"] == pytest.approx(2.5 * plain["three_loss"])
    smooth = evaluate(label_smoothing=0.2)
    assert smooth["score_loss"] == pytest.approx(plain["score_loss"])
    assert smooth["two_loss"] != pytest.approx(plain["two_loss"])


def test_poolings_by_hand(small_model, make_inputs):
    inputs = make_inputs(num_tasks=3)
    for pooling in ("pooler", "first", "mean"):
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4), pooling=pooling)
        outputs = model.encoder(inputs)
        hidden = np.array(outputs["sequence_output"])
        mask = inputs["padding_mask"]
        expected = {
            "pooler": np.array(outputs["pooled_output"]),
            "first": hidden[:, 0],
            "mean": np.stack(
                [h[m == 1].mean(axis=0) for h, m in zip(hidden, mask, strict=1)]
            ),
        }[pooling]
        heads = model.heads(expected, task_ids=inputs["task_ids"])
        np.testing.assert_allclose(
            model(inputs), heads, rtol=1e-5, atol=ROUNDING
        )


def test_one_task_needs_no_task_ids(small_model, toy):
    x, y = toy(12, num_tasks=1)
    del x["task_ids"]
    model = small_model(Houlsby(4), num_tasks=1)
    model.compile("sgd", jit_compile=False)
    logs = model.train_on_batch(x, y, return_dict=True)
    assert logs["loss"] == pytest.approx(logs["two_loss"])


@pytest.mark.large
def test_a_saved_model_predicts_the_same(
    small_model, make_inputs, toy_dataset, tokenizer, tmp_path, scramble
):
    model = small_model(
        Houlsby(4),
        tokenizer=tokenizer,
        pooling="mean",
        label_smoothing=0.1,
        loss_weights={"two": 2.0},
    )
    scramble(model.trainable_variables)
    fit(model, toy_dataset(), epochs=1)
    path = tmp_path / "model.keras"
    model.save(path)
    revived = keras.models.load_model(path)
    inputs = make_inputs(num_tasks=3)
    np.testing.assert_array_equal(model(inputs), revived(inputs))
    assert revived.tasks == model.tasks
    configs = [m.get_config() for m in (model, revived)]
    for key in set(configs[0]) - {"encoder"}:
        assert configs[0][key] == configs[1][key]
    assert repr(revived.method) == repr(model.method)
    texts = ["the film is good", "word3 bad"]
    assert revived.tokenizer(texts) == tokenizer(texts)
    for variables in ("trainable_variables", "non_trainable_variables"):
        counts = [len(getattr(m, variables)) for m in (model, revived)]
        assert counts[0] == counts[1]
    # It was saved compiled, and goes on training as it was.
    assert int(revived.optimizer.iterations) == 8
    losses = [
        m.train_on_batch(*_first(toy_dataset())) for m in (model, revived)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def _first(dataset):
    return next(iter(dataset.as_numpy_iterator()))


@pytest.mark.large
def test_keras_callbacks_work(small_model, toy_dataset, tmp_path):
    model = small_model(Houlsby(4), num_tasks=2)
    dataset = toy_dataset(num_tasks=2)
    best = tmp_path / "best.weights.h5"
    callbacks = [
        keras.callbacks.EarlyStopping("val_loss", min_delta=100),
        keras.callbacks.ModelCheckpoint(best, save_weights_only=True),
        keras.callbacks.TensorBoard(tmp_path / "logs"),
    ]
    model.compile("adam")
    history = model.fit(
        dataset,
        validation_data=dataset,
        epochs=5,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    # No epoch is better than the first by 100.
    assert len(history.history["val_two_loss"]) == 2
    assert list((tmp_path / "logs" / "train").iterdir())
    kernel = np.array(model.heads.kernel)
    model.heads.kernel.assign(np.zeros_like(kernel))
    model.load_weights(best)
    np.testing.assert_array_equal(model.heads.kernel, kernel)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"label_smoothing": 1.0}, "below 1.*label_smoothing=1.0"),
        ({"label_smoothing": -0.1}, "at least 0 and below 1"),
        ({"pooling": "max"}, "pooler, first, mean.*pooling='max'"),
        ({"loss_weights": {"fuor": 1}}, "two, three, score.*Received: fuor"),
    ],
)
def test_wrong_options_are_refused(small_model, arguments, message):
    with pytest.raises(ValueError, match=message):
        small_model(Houlsby(4), **arguments)


def test_tasks_that_cannot_be_told_apart_are_refused(make_backbone):
    task = Task(name="twin", text_columns=("text",), labels=("a", "b"))
    backbone = make_backbone()
    with pytest.raises(ValueError, match="name of its own.*twice: twin"):
        MultiTaskClassifier(backbone, Houlsby(4), [task, task])
    with pytest.raises(ValueError, match="at least one task"):
        MultiTaskClassifier(backbone, Houlsby(4), [])
    with pytest.raises(TypeError, match="GLUE_TASKS.*Received: 'rte'"):
        MultiTaskClassifier(backbone, Houlsby(4), ["rte"])


def test_a_loss_is_refused(small_model):
    with pytest.raises(ValueError, match="must be left out.*loss='mse'"):
        small_model(Houlsby(4)).compile("adam", loss="mse")


def test_an_unknown_task_has_no_id(small_model):
    model = small_model(Houlsby(4))
    assert [model.task_id(name) for name in model.task_names] == [0, 1, 2]
    with pytest.raises(ValueError, match="no task 'one'.*two, three, score"):
        model.task_id("one")


@pytest.mark.parametrize(
    "method", [Houlsby(4), FullFineTuning(), Compacter(4, learn_rule=False)]
)
def test_thawing_a_frozen_model_lets_train_what_trained_before(
    small_model, method
):
    model = small_model(method)
    before = [w.path for w in model.trainable_variables]
    model.trainable = True
    assert [w.path for w in model.trainable_variables] == before
    model.trainable = False
    assert model.trainable_variables == []
    model.trainable = False
    model.trainable = True
    assert [w.path for w in model.trainable_variables] == before


def test_a_batch_wider_than_the_positions_is_refused(small_model, toy):
    x, _ = toy(width=129)
    with pytest.raises(ValueError, match=r"positions, 128. Received.*, 129\)"):
        small_model(Houlsby(4))(x)


def test_a_label_that_the_task_does_not_have_shows_in_the_loss(
    small_model, toy
):
    x, y = toy(count=6)
    y[0] = 9
    model = small_model(Houlsby(4))
    logits = model(x)
    assert np.isnan(model.compute_loss(x, y, logits))
    # Whatever stands in a row that does not count.
    weight = np.array([0, 1, 1, 1, 1, 1], "float32")
    assert np.isfinite(model.compute_loss(x, y, logits, weight))
    # In the loss of its task, and not in those of others.
    model.compile("sgd", run_eagerly=True)
    logs = model.test_on_batch(x, y, return_dict=True)
    assert np.isnan(logs["loss"]) and np.isnan(logs["two_loss"])
    assert np.isfinite([logs["three_loss"], logs["score_loss"]]).all()
    logs = model.test_on_batch(x, y, weight, return_dict=True)
    assert np.isfinite(list(logs.values())).all()


def test_a_task_added_while_the_model_is_frozen_trains_with_it(small_model):
    model = small_model(Houlsby(4), num_tasks=2)
    model.trainable = False
    model.add_task(
        Task(name="new", text_columns=("text",), labels=("no", "yes"))
    )
    assert model.trainable_variables == []
    model.trainable = True
    trained = {id(weight) for weight in model.trainable_variables}
    assert {id(bank) for bank in model.banks().values()} <= trained


@pytest.mark.parametrize(
    "x",
    [
        ["A film."],
        "A film.",
        ("A film.",),
        np.array(["A film."]),
        tf.constant(["A film."]),
        {"text": ["A film."]},
        np.ones((2, 8), "int32"),
    ],
    ids=lambda x: type(x).__name__,
)
@pytest.mark.parametrize(
    "call", ["fit", "evaluate", "predict", "predict_on_batch"]
)
def test_text_is_told_where_it_belongs(small_model, call, x):
    model = small_model(Houlsby(4))
    model.compile()
    message = "reads token ids.*Received.*Predictor.model..predict.task, texts"
    with pytest.raises(ValueError, match=message):
        getattr(model, call)(x)


@pytest.mark.large
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_keras_exports_a_model_that_was_never_called(
    make_model, make_inputs, tmp_path, num_tasks
):
    model = make_model(Houlsby(4), num_tasks=num_tasks)
    model.export(tmp_path / "export", verbose=False)
    inputs = {k: tf.constant(v) for k, v in make_inputs().items()}
    if num_tasks == 1:
        del inputs["task_ids"]
    loaded = tf.saved_model.load(tmp_path / "export")
    np.testing.assert_allclose(
        loaded.serve(inputs), model(inputs), atol=ROUNDING
    )
