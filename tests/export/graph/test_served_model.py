import keras_nlp
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.export import export_saved_model
from tf_adapters.layers.banks import bank

pytestmark = pytest.mark.large


def tokens_of(model, texts, pairs, width, length=16):
    """Tokenises and pads on its own, one example at a time."""
    encoder = TextEncoder(model.tokenizer, length)
    names = ("token_ids", "segment_ids", "padding_mask")
    inputs = {k: np.zeros((len(texts), width), "int32") for k in names}
    inputs["token_ids"] += encoder.pad_id
    for i, (text, pair) in enumerate(zip(texts, pairs, strict=True)):
        ids, sizes, firsts = encoder.encode([text], [pair] if pair else None)
        inputs["token_ids"][i, : sizes[0]] = ids
        inputs["segment_ids"][i, firsts[0] : sizes[0]] = 1
        inputs["padding_mask"][i, : sizes[0]] = 1
    return inputs


def expected_scores(model, mixed, width=16):
    """What the Keras model says, by NumPy from its logits."""
    inputs = tokens_of(model, mixed["text"], mixed["text_pair"], width)
    inputs["task_ids"] = np.array([model.task_id(t) for t in mixed["task"]])
    tasks = [model.tasks[i] for i in inputs["task_ids"]]
    logits = model.predict_on_batch(inputs)
    scores = np.zeros(logits.shape)
    for row, task, out in zip(logits, tasks, scores, strict=True):
        own = row[: task.num_outputs]
        out[: task.num_outputs] = softmax(own)
        if task.is_regression:
            low, high = task.value_range
            out[0] = low + (high - low) * np.clip(own[0], 0, 1)
    return scores


def test_a_mixed_batch_is_scored_as_by_the_keras_model(model, call, mixed):
    scores = call("serving_default", **mixed)["scores"]
    expected = expected_scores(model, mixed)
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)
    assert len(np.unique(expected.round(3))) > 8


@pytest.mark.parametrize(
    "name, limit", [("pals", 0), ("pals", 10**9), ("pals_top_layer", 0)]
)
def test_so_it_is_for_every_way_to_meet_a_batch(
    name, limit, make_model, mixed, tmp_path, monkeypatch
):
    """I7 for banks that are gathered, taken apart by task, or shared."""
    monkeypatch.setattr(bank, "_GATHERED", limit)
    model = make_model(method=METHODS[name]())
    loaded = tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))
    request = {k: tf.constant(v) for k, v in mixed.items()}
    scores = loaded.signatures["serving_default"](**request)["scores"]
    expected = expected_scores(model, mixed)
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


def test_labels_are_of_the_likeliest_class(model, call, mixed):
    outputs = call("serving_default", **mixed)
    for i, name in enumerate(mixed["task"]):
        task, scores = model.tasks[model.task_id(name)], outputs["scores"][i]
        label, index = outputs["label"][i], outputs["label_index"][i]
        if task.is_regression:
            assert index == -1
            assert float(label) == pytest.approx(scores[0], rel=1e-5)
        else:
            assert index == scores.argmax()
            assert label.decode() == task.labels[index]


def test_a_mixed_batch_is_scored_as_each_example_alone(call, mixed):
    together = call("serving_default", **mixed)["scores"]
    for i, scores in enumerate(together):
        row = {name: values[i : i + 1] for name, values in mixed.items()}
        alone = call("serving_default", **row)["scores"]
        np.testing.assert_allclose(alone[0], scores, atol=ROUNDING)


def test_the_signature_of_a_task_agrees_with_the_mixed_one(call, mixed):
    together = call("serving_default", **mixed)["scores"]
    text, pair = mixed["text"], mixed["text_pair"]
    own = [
        call("sentiment", sentence=text[:1]),
        call("mrpc", text_1_string=text[1:2], text_2_string=pair[1:2]),
        call("sts-b", text_from=text[2:3], to=pair[2:3]),
    ]
    assert [o["scores"].shape for o in own] == [(1, 2), (1, 3), (1, 1)]
    for i, outputs in enumerate(own):
        scores = outputs["scores"][0]
        np.testing.assert_allclose(
            scores, together[i, : len(scores)], atol=ROUNDING
        )


@pytest.mark.parametrize("width", [16, 32])
def test_padding_changes_nothing(model, call, mixed, width):
    inputs = tokens_of(model, mixed["text"], mixed["text_pair"], width)
    inputs["task_ids"] = [model.task_id(name) for name in mixed["task"]]
    scores = call("token_ids", **inputs)["scores"]
    expected = call("serving_default", **mixed)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


def test_a_text_too_long_is_truncated(call):
    long = call("sentiment", sentence=["a bad film " * 50])["scores"]
    cut = call("sentiment", sentence=["a bad film " * 4 + "a bad"])["scores"]
    np.testing.assert_allclose(long, cut, atol=ROUNDING)


@pytest.mark.parametrize(
    "signature, inputs, columns",
    [
        ("serving_default", ["text", "text_pair", "task"], 3),
        ("mrpc", ["text_1_string", "text_2_string"], 3),
        ("sentiment", ["sentence"], 2),
    ],
)
def test_no_row_gives_no_answer(call, signature, inputs, columns):
    outputs = call(signature, **{name: [] for name in inputs})
    assert outputs["scores"].shape == (0, columns)
    assert outputs["label"].shape == (0,)


@pytest.mark.parametrize(
    "signature, inputs, message",
    [
        (
            "serving_default",
            {"text": ["a"], "text_pair": [""], "task": ["nli"]},
            "Received: nli in row 0. Known tasks: sentiment, mrpc, sts-b",
        ),
        (
            "serving_default",
            {"text": ["a"], "text_pair": ["a"], "task": ["sentiment"]},
            "must be empty for a task that reads one text",
        ),
        ("sentiment", {"sentence": ["a", ""]}, "`sentence`.*in row 1"),
        (
            "mrpc",
            {"text_1_string": ["a"], "text_2_string": ["a", "a"]},
            "text_1_string=1, text_2_string=2",
        ),
        (
            "token_ids",
            {
                "token_ids": [[2, 11]],
                "segment_ids": [[0, 0]],
                "padding_mask": [[1, 1]],
                "task_ids": [0],
            },
            "`token_ids` must be from 0 to 10. Received: 11",
        ),
    ],
)
def test_the_loaded_graph_refuses(call, signature, inputs, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(signature, **inputs)


def test_mixed_bfloat16_serves_float32(make_model, mixed, tmp_path):
    model = make_model(dtype="mixed_bfloat16")
    loaded = tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))
    inputs = {k: tf.constant(v) for k, v in mixed.items()}
    scores = loaded.signatures["serving_default"](**inputs)["scores"]
    assert scores.dtype == tf.float32
    expected = expected_scores(model, mixed)
    np.testing.assert_allclose(scores, expected, atol=2e-2)


def test_a_backbone_without_segments(classifier_of, mixed, tmp_path):
    words = ["a", "Ġa", "Ġ", "i", "s", "f", "l", "m", "g", "o", "d", "b"]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = keras_nlp.models.RobertaTokenizer(
        vocabulary={word: i for i, word in enumerate(special + words)},
        merges=["Ġ a"],
    )
    backbone = keras_nlp.models.RobertaBackbone(
        vocabulary_size=17,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=8,
        max_sequence_length=32,
    )
    model = classifier_of(backbone, tokenizer=tokenizer)
    loaded = tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))
    tokens = loaded.signatures["token_ids"].structured_input_signature[1]
    assert set(tokens) == {"token_ids", "padding_mask", "task_ids"}
    inputs = {k: tf.constant(v) for k, v in mixed.items()}
    scores = loaded.signatures["serving_default"](**inputs)["scores"]
    expected = expected_scores(model, mixed)
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


def test_a_model_of_one_task(make_model, model, mixed, tmp_path):
    model = make_model(tasks=model.tasks[:1])
    loaded = tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))
    request = {k: v[:1] for k, v in mixed.items()}
    expected = expected_scores(model, request)
    inputs = {k: tf.constant(v) for k, v in request.items()}
    scores = loaded.signatures["serving_default"](**inputs)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)
    inputs = {"sentence": tf.constant(request["text"])}
    scores = loaded.signatures["sentiment"](**inputs)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


@pytest.mark.parametrize("text", ["\u200b", "\x00", "\u00a0\ufffd"])
def test_a_text_of_which_nothing_is_left_is_refused(call, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 0"):
        call("sentiment", sentence=[text])
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 1"):
        call(
            "serving_default",
            text=["a", text],
            text_pair=["", ""],
            task=["sentiment", "sentiment"],
        )


def test_a_text_is_read_as_in_training(call):
    """Spaces that do not break, a soft hyphen, and a letter after a NUL."""
    plain = call("sentiment", sentence=["a good film"])["scores"]
    odd = call("sentiment", sentence=["a\u00a0go\u00adod\x00 film"])["scores"]
    np.testing.assert_array_equal(odd, plain)
