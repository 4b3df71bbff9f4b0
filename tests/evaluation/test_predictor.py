import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.methods import Houlsby

TEXTS = [
    "the film is good",
    "bad",
    "it was not so fine is it not so good so bad",
    "word1 word2",
    "fine film",
]


@pytest.fixture
def model(make_backbone, make_model, tokenizer, scramble):
    backbone = make_backbone(num_layers=1)
    model = make_model(Houlsby(4), backbone=backbone, tokenizer=tokenizer)
    scramble(model.trainable_variables)
    return model


def unlabelled(model, name, texts=TEXTS):
    return Examples(model.tasks[model.task_id(name)], (texts,), None)


def alone(model, text, task_id):
    """The logits of one text, tokenised by hand and not padded."""
    vocabulary = model.tokenizer.get_vocabulary()
    words = ["[CLS]", *text.split(), "[SEP]"]
    tokens = np.array([[vocabulary.index(word) for word in words]])
    inputs = {
        "token_ids": tokens,
        "segment_ids": np.zeros_like(tokens),
        "padding_mask": np.ones_like(tokens),
        "task_ids": np.array([task_id]),
    }
    return np.array(model(inputs))[0]


@pytest.mark.large
@pytest.mark.parametrize("batch_size", [2, 32])
def test_outputs_are_those_of_each_example_alone(model, batch_size):
    # The batches go from short to long; the answers come in the order asked.
    predictor = Predictor(model, batch_size=batch_size)
    for name, columns in (("two", 2), ("three", 3)):
        encoded = predictor.encode(unlabelled(model, name))
        found = predictor.outputs(encoded)
        assert found.shape == (5, columns)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        for text, row in zip(TEXTS, found, strict=True):
            logits = alone(model, text, model.task_id(name))[:columns]
            expected = np.exp(logits) / np.exp(logits).sum()
            np.testing.assert_allclose(row, expected, atol=ROUNDING)


@pytest.mark.large
def test_a_regression_is_in_the_units_of_its_task(model):
    predictor = Predictor(model)
    model.heads.kernel.assign(model.heads.kernel * 0.2)
    found = predictor.outputs(predictor.encode(unlabelled(model, "score")))
    raw = np.array([alone(model, text, 2)[0] for text in TEXTS])
    # The range is 0 to 5.
    expected = 5 * np.clip(raw, 0, 1)
    np.testing.assert_allclose(found[:, 0], expected, atol=ROUNDING)
    bias = np.zeros(model.heads.bias.shape)
    for offset, value in ((-100, 0), (100, 5)):
        model.heads.bias.assign(bias + offset)
        found = predictor.outputs(predictor.encode(unlabelled(model, "score")))
        np.testing.assert_array_equal(found, np.full((5, 1), value))


@pytest.mark.large
def test_another_task_can_predict(model):
    # As MNLI's head predicts AX.
    predictor = Predictor(model)
    encoded = predictor.encode(unlabelled(model, "two"), "three")
    assert predictor.outputs(encoded).shape == (5, 3)


@pytest.mark.large
def test_scores_are_those_of_the_predictions(model):
    predictor = Predictor(model)
    task = model.tasks[1]
    outputs = predictor.outputs(predictor.encode(unlabelled(model, "three")))
    labels = outputs.argmax(axis=1).astype("float32")
    labels[0] = (labels[0] + 1) % 3
    examples = Examples(task, (TEXTS,), labels)
    for _ in range(2):
        assert predictor.score(examples) == {"accuracy": 0.8}


@pytest.mark.large
def test_a_score_follows_the_weights(model):
    predictor = Predictor(model)
    examples = Examples(model.tasks[0], (TEXTS,), np.zeros(5, "float32"))
    found = []
    for favoured in (0, 1):
        bias = np.zeros(model.heads.bias.shape)
        bias[:, favoured] = 100
        model.heads.bias.assign(bias)
        found.append(predictor.score(examples)["accuracy"])
    assert found == [1, 0]


@pytest.mark.large
def test_pairs_are_read(make_backbone, tokenizer):
    from tf_adapters import MultiTaskClassifier

    task = Task(name="pair", text_columns=("a", "b"), labels=("no", "yes"))
    backbone = make_backbone(num_layers=1)
    model = MultiTaskClassifier(
        backbone, Houlsby(4), [task], tokenizer=tokenizer
    )
    examples = Examples(task, (["good film", "bad"], ["it", "is fine"]), None)
    predictor = Predictor(model, sequence_length=8)
    assert predictor.outputs(predictor.encode(examples)).shape == (2, 2)


@pytest.mark.large
def test_texts_are_predicted_as_they_are(model):
    predictor = Predictor(model)
    outputs = predictor.outputs(predictor.encode(unlabelled(model, "three")))
    answers = predictor.predict("three", TEXTS)
    for answer, row in zip(answers, outputs, strict=True):
        assert answer["label"] == "abc"[row.argmax()]
        assert answer["scores"] == dict(zip("abc", row.tolist(), strict=True))
    [one] = predictor.predict("two", "the film is good")
    assert list(one["scores"]) == ["no", "yes"]
    [value] = predictor.predict("score", ["bad"])
    assert set(value) == {"label"} and 0 <= value["label"] <= 5


@pytest.mark.parametrize(
    "name, texts, message",
    [
        ("too", "bad", "has no task 'too'"),
        ("two", [], "no text to predict"),
        (
            "two",
            [("a", "b")],
            r"reads text. Received: \('a', 'b'\)",
        ),
        ("two", ["good", None], "Received: None. Write a text, or a list"),
        ("two", ["good", "\u200b"], "must have text.*in row 1"),
    ],
)
def test_what_is_no_text_of_the_task_is_refused(model, name, texts, message):
    with pytest.raises(ValueError, match=message):
        Predictor(model).predict(name, texts)


def test_a_model_without_a_tokenizer_is_refused(make_model):
    with pytest.raises(ValueError, match="must have a tokenizer.*`tokenizer=`"):
        Predictor(make_model(Houlsby(4)))
