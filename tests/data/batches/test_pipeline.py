import numpy as np
import pytest

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.pipeline import batches
from tf_adapters.data.batches.plan import Plan

PAD = 9


@pytest.fixture
def examples():
    """Three examples of 2, 4 and 3 tokens; the second is a pair."""
    return EncodedExamples(
        token_ids=np.array([1, 2, 3, 4, 5, 6, 7, 8, 1], "int32"),
        lengths=np.array([2, 4, 3], "int32"),
        first_lengths=np.array([2, 3, 3], "int32"),
        task_ids=np.array([0, 2, 1], "int32"),
        targets=np.array([1, 0.5, 4], "float32"),
        pad_id=PAD,
    )


def plan(indices, widths):
    return Plan(np.array(indices, "int32"), np.array(widths, "int32"))


def test_batches_by_hand(examples):
    dataset = batches(examples, plan([[1, 0], [2, 1]], [4, 5]))
    (x, y, weight), (x2, y2, _) = dataset
    np.testing.assert_array_equal(
        x["token_ids"], [[3, 4, 5, 6], [1, 2, PAD, PAD]]
    )
    np.testing.assert_array_equal(
        x["padding_mask"], [[1, 1, 1, 1], [1, 1, 0, 0]]
    )
    np.testing.assert_array_equal(
        x["segment_ids"], [[0, 0, 0, 1], [0, 0, 0, 0]]
    )
    np.testing.assert_array_equal(x["task_ids"], [2, 0])
    np.testing.assert_array_equal(y, [0.5, 1])
    np.testing.assert_array_equal(weight, [1, 1])
    np.testing.assert_array_equal(
        x2["token_ids"], [[7, 8, 1, PAD, PAD], [3, 4, 5, 6, PAD]]
    )
    np.testing.assert_array_equal(x2["task_ids"], [1, 2])
    np.testing.assert_array_equal(y2, [4, 0.5])


def test_types_are_those_that_the_model_reads(examples):
    ((x, y, weight),) = batches(examples, plan([[0, 1]], [4]))
    assert {tensor.dtype.name for tensor in x.values()} == {"int32"}
    assert y.dtype.name == weight.dtype.name == "float32"


def test_a_padded_row_has_no_weight_and_one_token_to_attend_to(examples):
    ((x, y, weight),) = batches(examples, plan([[2, -1]], [3]))
    np.testing.assert_array_equal(weight, [1, 0])
    # A softmax over no token at all would not be a number.
    np.testing.assert_array_equal(x["padding_mask"], [[1, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(x["segment_ids"], np.zeros((2, 3)))
    np.testing.assert_array_equal(x["token_ids"][1, 1:], [PAD, PAD])
    assert np.isfinite(y).all()


def test_one_width_makes_every_shape_static(examples):
    one = batches(examples, plan([[0, 1], [2, 1]], [4, 4])).element_spec
    two = batches(examples, plan([[0, 1], [2, 1]], [4, 5])).element_spec
    for key in ("token_ids", "segment_ids", "padding_mask"):
        assert one[0][key].shape == (2, 4)
        assert two[0][key].shape.as_list() == [2, None]


def test_the_number_of_batches_is_known(examples):
    dataset = batches(examples, plan([[0], [1], [2]], [4, 4, 4]))
    assert dataset.cardinality() == 3
    assert len(list(dataset)) == 3


def test_the_order_is_that_of_the_plan_every_time(examples):
    order = np.random.default_rng(0).integers(0, 3, (50, 1))
    dataset = batches(examples, plan(order, [4] * 50))
    for _ in range(2):
        found = [int(x["task_ids"][0]) for x, _, _ in dataset]
        assert found == examples.task_ids[order[:, 0]].tolist()
