import keras
import numpy as np
import pytest

from tf_adapters.layers import TaskLayer


class Pair(TaskLayer):
    """Two banks, one drawn and one copied."""

    def build(self, input_shape=None):
        self.add_bank("drawn", (6, 4), keras.initializers.GlorotUniform())
        self.add_bank("copied", (2,), np.array([3.0, 4.0]))
        self.built = True


@pytest.fixture
def pair():
    layer = Pair(num_tasks=2)
    layer.build()
    return layer


def test_there_must_be_a_task():
    with pytest.raises(ValueError, match="at least 1.*Received: num_tasks=0"):
        Pair(num_tasks=0)


def test_rows_are_drawn_independently(pair):
    drawn = np.array(pair.drawn)
    assert drawn.shape == (2, 6, 4)
    assert not np.isclose(drawn[0], drawn[1]).any()


def test_banks_that_share_an_initializer_are_drawn_independently():
    class Twins(TaskLayer):
        def build(self, input_shape=None):
            initializer = keras.initializers.RandomNormal()
            self.add_bank("one", (5,), initializer)
            self.add_bank("two", (5,), initializer)

    twins = Twins()
    twins.build()
    assert not np.isclose(twins.one, twins.two).any()


def test_task_axis_is_no_part_of_the_fans():
    # Glorot of (6, 4) reaches sqrt(6 / (6 + 4)); read as a convolution over
    # 500 tasks the bound would be sqrt(6 / (500 * 10)), a 22nd of it.
    layer = Pair(num_tasks=500)
    layer.build()
    bound = np.sqrt(6 / 10)
    assert 0.99 * bound < np.abs(layer.drawn).max() <= bound


def test_array_as_initializer_is_where_every_task_starts(pair):
    np.testing.assert_array_equal(pair.copied, [[3, 4], [3, 4]])


def test_banks_are_listed_by_name(pair):
    assert list(pair.banks) == ["drawn", "copied"]
    assert pair.banks["copied"] is pair.copied
    assert Pair().banks == {}


def test_added_tasks_keep_the_old_rows_bit_for_bit(pair):
    pair.copied.assign([[5, 6], [7, 8]])
    old = {name: np.array(bank) for name, bank in pair.banks.items()}
    pair.add_tasks(2)
    for name, bank in pair.banks.items():
        assert bank.shape[0] == pair.num_tasks == 4
        np.testing.assert_array_equal(bank[:2], old[name])


def test_added_tasks_start_as_the_first_ones_did(pair):
    pair.copied.assign([[5, 6], [7, 8]])
    pair.add_tasks(2)
    np.testing.assert_array_equal(pair.copied[2:], [[3, 4], [3, 4]])
    rows = np.array(pair.drawn)
    assert len(np.unique(rows[:, 0, 0])) == 4


def test_added_tasks_replace_weights_and_leave_none_behind(pair):
    paths = [w.path for w in pair.weights]
    pair.add_tasks(1)
    assert [id(w) for w in pair.weights] == [id(pair.drawn), id(pair.copied)]
    assert [w.path for w in pair.weights] == paths
    assert pair.count_params() == 3 * (6 * 4 + 2)


def test_tasks_may_be_added_before_building():
    layer = Pair(num_tasks=1)
    layer.add_tasks(2)
    layer.build()
    assert layer.drawn.shape == (3, 6, 4)


def test_frozen_bank_stays_frozen_when_tasks_are_added(pair):
    pair.drawn.trainable = False
    pair.add_tasks(1)
    assert [w.name for w in pair.trainable_weights] == ["copied"]
    assert [w.name for w in pair.non_trainable_weights] == ["drawn"]


def test_bank_of_another_shape_takes_the_place_of_the_old_one(pair):
    values = np.arange(60.0, dtype="float32").reshape(2, 6, 5)
    pair.replace_bank("drawn", values)
    np.testing.assert_array_equal(pair.drawn, values)
    assert len(pair.weights) == 2
    assert pair.banks["drawn"] is pair.drawn
    pair.add_tasks(1)
    assert pair.drawn.shape == (3, 6, 5)


def test_config_has_the_tasks_of_now(pair):
    assert pair.get_config()["num_tasks"] == 2
    pair.add_tasks(3)
    assert Pair.from_config(pair.get_config()).num_tasks == 5
