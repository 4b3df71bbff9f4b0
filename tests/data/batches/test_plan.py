import numpy as np
import pytest

from tf_adapters.data.batches.mixture import Mixture
from tf_adapters.data.batches.plan import Plan
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_once
from tf_adapters.data.batches.plan import plan_training

WIDTHS = default_widths(64)


def make_lengths(sizes, seed=0, longest=64):
    random = np.random.default_rng(seed)
    return {
        name: random.integers(2, longest + 1, size).astype("int32")
        for name, size in sizes.items()
    }


def make_plan(sizes, rate="proportional", lengths=None, **kwargs):
    arguments = {
        "batch_size": 8,
        "num_epochs": 1,
        "steps_per_epoch": -(-sum(sizes.values()) // 8),
        "widths": WIDTHS,
        **kwargs,
    }
    mixture = Mixture(num_examples=sizes, rate=rate)
    return plan_training(mixture, lengths or make_lengths(sizes), **arguments)


def task_of(plan, sizes):
    """The position of each row's task, from the sizes alone."""
    bounds = np.cumsum(list(sizes.values()))
    return np.searchsorted(bounds, plan.indices, side="right")


@pytest.mark.parametrize("batching", ["mixed", "one_task"])
def test_all_batches_are_full(batching):
    sizes = {"a": 100, "b": 30}
    plan = make_plan(sizes, batching=batching, num_epochs=2)
    assert plan.indices.shape == (2 * 17, 8)
    assert plan.indices.dtype == "int32"
    assert plan.indices.min() >= 0
    assert plan.indices.max() < 130


def test_one_epoch_holds_every_example_once():
    plan = make_plan({"a": 40, "b": 24})
    assert sorted(plan.indices.ravel()) == list(range(64))


@pytest.mark.parametrize("batching", ["mixed", "one_task"])
@pytest.mark.parametrize("rate", ["proportional", "uniform"])
def test_no_example_comes_twice_before_all_have_come_once(batching, rate):
    # With one example a batch, the order is decided inside windows of 64
    # batches; at the end of each, the counts of a task differ by 1 at most.
    sizes = {"a": 150, "b": 30}
    if batching == "one_task":
        # There, a window is 64 batches of one task.
        sizes = {"a": 150}
    plan = make_plan(
        sizes,
        rate,
        batch_size=1,
        steps_per_epoch=640,
        num_epochs=2,
        batching=batching,
    )
    bounds = np.cumsum([0, *sizes.values()])
    for end in range(64, len(plan.indices) + 1, 64):
        counts = np.bincount(plan.indices[:end, 0], minlength=bounds[-1])
        for low, high in zip(bounds, bounds[1:], strict=False):
            assert np.ptp(counts[low:high]) <= 1


def test_mixed_batches_give_each_task_its_exact_share():
    # 50 batches of 8 are 400 rows; proportional to 30 : 10 is 300 and 100,
    # equal shares are 200 and 200.
    sizes = {"a": 30, "b": 10}
    for rate, expected in (
        ("proportional", [300, 100]),
        ("uniform", [200, 200]),
    ):
        plan = make_plan(sizes, rate, steps_per_epoch=50)
        counts = np.bincount(task_of(plan, sizes).ravel())
        np.testing.assert_array_equal(counts, expected)


def test_shares_that_are_not_whole_are_rounded_by_largest_remainder():
    # 8 rows at 5 : 4 : 2 are 3.64, 2.91 and 1.45: floors 3, 2, 1 leave two
    # rows, which go to the remainders .91 and .64.
    sizes = {"a": 5, "b": 4, "c": 2}
    plan = make_plan(sizes, steps_per_epoch=1)
    assert np.bincount(task_of(plan, sizes).ravel()).tolist() == [4, 3, 1]


def test_the_shares_of_annealing_change_from_epoch_to_epoch():
    sizes = {"a": 400, "b": 25}
    plan = make_plan(sizes, "annealed", steps_per_epoch=50, num_epochs=3)
    tasks = task_of(plan, sizes).reshape(3, 400)
    for epoch, alpha in enumerate((1.0, 0.6, 0.2)):
        share = 25**alpha / (25**alpha + 400**alpha)
        assert abs(tasks[epoch].sum() - 400 * share) < 1


def test_mixed_batches_hold_several_tasks():
    sizes = {"a": 200, "b": 200}
    tasks = task_of(make_plan(sizes), sizes)
    both = (tasks.min(axis=1) == 0) & (tasks.max(axis=1) == 1)
    assert both.mean() > 0.8


def test_batches_of_one_task_follow_the_probabilities():
    sizes = {"a": 900, "b": 400, "c": 100}
    plan = make_plan(
        sizes, "square_root", batching="one_task", steps_per_epoch=2000
    )
    tasks = task_of(plan, sizes)
    assert (tasks == tasks[:, :1]).all()
    # Square roots are 30, 20 and 10. The share of a task among n draws has
    # the standard deviation sqrt(p (1 - p) / n); 5 of them bound it but for
    # one seed in a million.
    expected = np.array([30, 20, 10]) / 60
    found = np.bincount(tasks[:, 0]) / 2000
    bound = 5 * np.sqrt(expected * (1 - expected) / 2000)
    assert (np.abs(found - expected) < bound).all()


def test_round_robin_takes_the_tasks_in_turn_across_epochs():
    sizes = {"a": 90, "b": 40, "c": 10}
    plan = make_plan(
        sizes,
        "round_robin",
        batching="one_task",
        steps_per_epoch=4,
        num_epochs=2,
    )
    tasks = task_of(plan, sizes)
    assert (tasks == tasks[:, :1]).all()
    assert tasks[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


def test_round_robin_of_mixed_batches_is_refused():
    with pytest.raises(ValueError, match='"one_task".*batching=.mixed.*unif'):
        make_plan({"a": 9, "b": 4}, "round_robin")


def test_annealed_batches_of_one_task_follow_each_epoch():
    # P6 and the realised histogram: four epochs of 4,000 batches. As above,
    # five standard deviations.
    sizes = {"a": 400, "b": 25}
    plan = make_plan(
        sizes,
        "annealed",
        batching="one_task",
        batch_size=1,
        steps_per_epoch=4000,
        num_epochs=4,
    )
    found = task_of(plan, sizes).reshape(4, 4000).mean(axis=1)
    for epoch, alpha in enumerate((1.0, 1 - 0.8 / 3, 1 - 1.6 / 3, 0.2)):
        share = 25**alpha / (25**alpha + 400**alpha)
        bound = 5 * np.sqrt(share * (1 - share) / 4000)
        assert abs(found[epoch] - share) < bound


@pytest.mark.parametrize("batching", ["mixed", "one_task"])
def test_what_is_left_of_a_plan_is_its_tail(batching):
    plan = make_plan({"a": 90, "b": 40}, batching=batching, num_epochs=2)
    left = plan.starting_at(3)
    np.testing.assert_array_equal(left.indices, plan.indices[3:])
    np.testing.assert_array_equal(left.widths, plan.widths[3:])


def test_widths_are_the_smallest_that_hold_the_batch():
    sizes = {"a": 300, "b": 50}
    lengths = make_lengths(sizes)
    together = np.concatenate(list(lengths.values()))
    plan = make_plan(sizes, lengths=lengths)
    for rows, width in zip(plan.indices, plan.widths, strict=True):
        longest = together[rows].max()
        assert width == min(w for w in WIDTHS if w >= longest)


def test_the_seed_decides_the_plan():
    sizes = {"a": 100, "b": 60}
    first, same, other = (make_plan(sizes, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.indices, same.indices)
    np.testing.assert_array_equal(first.widths, same.widths)
    assert (first.indices != other.indices).any()


def test_epochs_differ():
    plan = make_plan({"a": 64}, num_epochs=2)
    first, second = plan.indices.reshape(2, 64)
    assert sorted(first) == sorted(second)
    assert (first != second).any()


def test_padding_share_by_hand():
    # Two batches of two: 4 + 6 of 2 * 8 tokens, 2 of 2 * 4 (one row padded).
    plan = Plan(np.array([[0, 1], [2, -1]]), np.array([8, 4]))
    assert plan.padding_share(np.array([4, 6, 2])) == 1 - 12 / 24


def test_little_is_padded_on_lengths_like_those_of_four_glue_tasks():
    # Median lengths of CoLA, MRPC, RTE and STS-B in word pieces are about
    # 10, 53, 56 and 23, with a long tail to the right.
    random = np.random.default_rng(0)
    shapes = {
        "cola": (8551, 10, 0.35),
        "mrpc": (3668, 53, 0.25),
        "rte": (2490, 56, 0.5),
        "stsb": (5749, 23, 0.4),
    }
    lengths = {
        name: np.clip(random.lognormal(np.log(m), s, n), 4, 128).astype("int32")
        for name, (n, m, s) in shapes.items()
    }
    sizes = {name: len(own) for name, own in lengths.items()}
    plan = make_plan(
        sizes,
        lengths=lengths,
        batch_size=32,
        widths=default_widths(128),
        steps_per_epoch=640,
    )
    together = np.concatenate(list(lengths.values()))
    assert plan.padding_share(together) < 0.15
    # Padding everything to 128 would waste most of the work.
    assert 1 - together.mean() / 128 > 0.7


def test_plan_once_holds_every_example_once_shortest_first():
    lengths = np.array([9, 3, 7, 3, 20], "int32")
    plan = plan_once(lengths, 2, (8, 16, 32))
    # Sorted by length: 1 and 3 (a tie keeps its order), 2, 0, 4.
    np.testing.assert_array_equal(plan.indices, [[1, 3], [2, 0], [4, -1]])
    np.testing.assert_array_equal(plan.widths, [8, 16, 32])


def test_default_widths_by_hand():
    expected = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128)
    assert default_widths(128) == expected
    assert default_widths(300) == (*expected, 192, 256, 300)
    assert default_widths(8) == (8,)
    assert default_widths(20) == (8, 16, 20)
