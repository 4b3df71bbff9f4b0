import keras_nlp
import numpy as np
import pytest

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task

CLASSES = Task(name="classes", text_columns=("a",), labels=("x", "y", "z"))
SCORES = Task(name="scores", text_columns=("a", "b"), value_range=(1.0, 5.0))
CLS, SEP, A, B = 2, 3, 4, 5


@pytest.fixture(scope="module")
def encoder():
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "[MASK]"]
    return TextEncoder(keras_nlp.tokenizers.BertTokenizer(vocabulary))


def classes(labels=(2, 0)):
    labels = None if labels is None else np.array(labels, "float32")
    return Examples(CLASSES, (["a b", "b"],), labels)


def scores():
    labels = np.array([1, 2, 5], "float32")
    return Examples(SCORES, (["a", "b", "a"], ["b", "b a", "a"]), labels)


def test_a_classification_by_hand(encoder):
    encoded = EncodedExamples.encode(encoder, classes(), task_id=3)
    assert len(encoded) == 2
    assert encoded.token_ids.tolist() == [CLS, A, B, SEP, CLS, B, SEP]
    assert encoded.lengths.tolist() == [4, 3]
    assert encoded.first_lengths.tolist() == [4, 3]
    assert encoded.task_ids.tolist() == [3, 3]
    assert encoded.targets.tolist() == [2, 0]
    assert encoded.pad_id == 0
    assert encoded.targets.dtype == "float32"
    assert encoded.task_ids.dtype == "int32"


def test_the_values_of_a_regression_are_scaled_to_0_and_1(encoder):
    encoded = EncodedExamples.encode(encoder, scores())
    # 1..5 has the width 4: 1, 2 and 5 are 0, a quarter and 1.
    assert encoded.targets.tolist() == [0, 0.25, 1]
    assert encoded.targets.dtype == "float32"


def test_examples_without_labels_have_target_0(encoder):
    encoded = EncodedExamples.encode(encoder, classes(labels=None))
    assert encoded.targets.tolist() == [0, 0]


def test_sets_are_put_one_after_the_other(encoder):
    first = EncodedExamples.encode(encoder, classes(), task_id=0)
    second = EncodedExamples.encode(encoder, scores(), task_id=1)
    both = EncodedExamples.concatenate([first, second])
    assert len(both) == 5
    assert both.lengths.tolist() == [4, 3, 5, 6, 5]
    assert both.task_ids.tolist() == [0, 0, 1, 1, 1]
    assert both.targets.tolist() == [2, 0, 0, 0.25, 1]
    assert both.token_ids.size == both.lengths.sum()
    assert both.token_ids[:4].tolist() == [CLS, A, B, SEP]
    assert both.token_ids[-5:].tolist() == [CLS, A, SEP, A, SEP]
    assert both.pad_id == 0
