"""What a SavedModel is asked, and how what it refuses is set apart."""

import pytest
import tensorflow as tf

from tf_adapters.scoring.model import find_model
from tf_adapters.scoring.questions import Question
from tf_adapters.scoring.scorer import Scorer
from tf_adapters.scoring.scorer import answer_each

pytestmark = pytest.mark.large


@pytest.fixture(scope="module")
def scorer(served):
    model = find_model(served)
    return Scorer(model.path, model.tasks)


def question(row, task="mood", text="good", pair=""):
    return Question({"row": row}, task, text, pair)


def test_a_version_or_the_newest_of_several_is_meant(served, tasks):
    model = find_model(served)
    assert model == find_model(served / "1")
    assert model.path == str(served / "1")
    assert model.tasks == tasks
    with pytest.raises(FileNotFoundError, match="which has none"):
        find_model(served.parent / "none")


def test_answers_are_those_of_the_signatures_of_the_tasks(served, scorer):
    questions = [
        question(2, "mood", "a good film"),
        question(3, "same", "a film", "bad films"),
        question(4, "near", "a film", "bad films"),
    ]
    mood, same, near = scorer.ask(questions)
    assert [mood["row"], same["row"], near["row"]] == [2, 3, 4]
    alone = tf.saved_model.load(str(served / "1")).signatures
    for answer, task, texts in (
        (mood, "mood", {"sentence": ["a good film"]}),
        (same, "same", {"text_from": ["a film"], "to": ["bad films"]}),
    ):
        expected = alone[task](**{k: tf.constant(v) for k, v in texts.items()})
        assert answer["label"] == expected["label"][0].numpy().decode()
        assert [*answer["scores"].values()] == pytest.approx(
            expected["scores"][0].numpy().tolist(), abs=1e-5
        )
        assert (
            max(answer["scores"], key=answer["scores"].get) == (answer["label"])
        )
    expected = alone["near"](
        text_from=tf.constant(["a film"]), to=tf.constant(["bad films"])
    )
    value = float(expected["scores"][0, 0])
    assert near == {"row": 4, "task": "near", "label": pytest.approx(value)}


def test_what_the_model_refuses_is_set_apart(scorer):
    questions = [question(row) for row in range(9)]
    questions[3] = question(3, pair="second")
    questions[8] = question(8, "none")
    answers, rejected = answer_each(scorer.ask, questions)
    assert [answer["row"] for answer in answers] == [0, 1, 2, 4, 5, 6, 7]
    assert [one["row"] for one in rejected] == [3, 8]
    assert rejected[0]["reason"].startswith("`text_pair` must be empty")
    assert rejected[1]["reason"].endswith("Known tasks: mood, same, near.")


def test_nothing_is_asked_of_nobody(scorer):
    assert answer_each(scorer.ask, []) == ([], [])
