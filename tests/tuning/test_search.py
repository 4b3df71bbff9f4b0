"""What a search keeps on disk, and what it gives to whom."""

import dataclasses
import json
import os

import pytest

optuna = pytest.importorskip("optuna")

from optuna.trial import TrialState  # noqa: E402

from tf_adapters.tuning.ready_command import ready_command  # noqa: E402
from tf_adapters.tuning.search import Search  # noqa: E402

PLAIN = {"num_epochs": 2}


def claim(search, num_trials=10):
    number, lock = search.claim(num_trials)
    os.close(lock)
    return number


def complete(search, score, *reports):
    number, lock = search.claim(100)
    for step, value in enumerate(reports):
        assert search.report(number, step, value)
    search.finish(number, TrialState.COMPLETE, score)
    os.close(lock)
    return number


def test_the_recipe_as_it_is_comes_first(make_search):
    search = make_search()
    number = complete(search, 0.5)
    assert search.values(number) == {
        "learning_rate": 1e-3,
        "bottleneck_dim": 64,
    }
    assert search.values(complete(search, 0.5)) != search.values(number)


def test_a_value_that_is_not_in_the_space_is_drawn(make_search):
    search = make_search(space={"bottleneck_dim": "8,16"})
    assert search.values(complete(search, 0))["bottleneck_dim"] in (8, 16)


def test_what_is_drawn_follows_from_the_seed(make_plan, tmp_path):
    def drawn(name, seed, count):
        settings = {"num_epochs": 2, "seed": seed}
        plan = make_plan(settings=settings)
        # As if each came from one of two processes.
        both = [Search(tmp_path / name, plan) for _ in range(2)]
        numbers = [complete(both[i % 2], i / count) for i in range(count)]
        return [both[0].values(number) for number in numbers]

    # The first ten are drawn blindly.
    first = drawn("a", 0, 12)
    one = Search(tmp_path / "b", make_plan(settings=PLAIN | {"seed": 0}))
    assert [one.values(complete(one, i / 12)) for i in range(12)] == first
    assert drawn("c", 1, 3)[1:] != first[1:3]
    assert len({values["learning_rate"] for values in first}) == 12


def test_a_trial_is_taken_for_as_long_as_a_process_holds_it(make_search):
    search = make_search()
    number, lock = search.claim(10)
    other, other_lock = search.claim(10)
    assert other == number + 1
    os.close(lock)
    # The first was left: it is not done, and nobody is at it.
    assert claim(search) == number
    os.close(other_lock)


def test_a_trial_that_was_killed_before_it_was_drawn_has_failed(make_search):
    search = make_search()
    number = search._study.ask().number
    assert claim(search) == number + 1
    assert search.trials[number].state == TrialState.FAIL


def test_there_are_as_many_trials_as_were_asked_for(make_search):
    search = make_search()
    complete(search, 0.1)
    number, lock = search.claim(2)
    # One is done, and somebody is at the other.
    assert search.claim(2) is None
    search.finish(number, TrialState.FAIL)
    os.close(lock)
    # What has failed is made up for.
    assert claim(search, 2) == number + 1
    assert search.claim(1)[0] == number + 1


def test_a_grid_is_every_combination_once(make_search):
    search = make_search(
        space={"learning_rate": "0.001,0.003", "bottleneck_dim": "8,64"},
        grid=True,
    )
    found = set()
    while (claimed := search.claim(1)) is not None:
        number, lock = claimed
        found.add(tuple(search.values(number).values()))
        search.finish(number, TrialState.COMPLETE, 0.1)
        os.close(lock)
    assert found == {(r, d) for r in (0.001, 0.003) for d in (8, 64)}
    assert len(search.trials) == 4


@pytest.mark.parametrize("drawn", [[], ["learning_rate"]])
def test_a_point_of_a_grid_is_tried_though_its_process_was_killed(
    make_search, drawn
):
    search = make_search(
        space={"learning_rate": "0.001,0.003", "bottleneck_dim": "8"},
        grid=True,
    )
    search._enqueue()
    trial = search._study.ask()
    # It was killed before it knew all of what to try.
    for name in drawn:
        trial.suggest_categorical(name, (0.001, 0.003))
    found = []
    while (claimed := search.claim(1)) is not None:
        number, lock = claimed
        found.append(search.values(number)["learning_rate"])
        search.finish(number, TrialState.COMPLETE, 0.1)
        os.close(lock)
    assert sorted(found) == [0.001, 0.003]
    assert search.trials[0].state == TrialState.FAIL
    assert search.failed_points() == []


def test_a_grid_knows_what_has_only_failed(make_search):
    search = make_search(space={"bottleneck_dim": "8,16,32"}, grid=True)
    for state, score in ((TrialState.FAIL, None), (TrialState.COMPLETE, 0.1)):
        number, lock = search.claim(1)
        search.finish(number, state, score)
        os.close(lock)
    # The third waits.
    assert search.failed_points() == [{"bottleneck_dim": 8}]


def test_a_trial_below_the_median_is_ended(make_search):
    search = make_search(prune_after=3)
    # Medians: 0.4 after the first epoch, 0.7 after the second.
    for first, second in ((0.2, 0.6), (0.4, 0.7), (0.5, 0.8)):
        assert not search.should_stop(complete(search, second, first, second))
    number = claim(search)
    search.report(number, 0, 0.41)
    assert not search.should_stop(number)
    search.report(number, 1, 0.69)
    assert search.should_stop(number)
    search.finish(number, TrialState.PRUNED)
    assert search.best().value == 0.8


def test_a_trial_is_ended_in_its_second_seed(make_search):
    search = make_search(num_seeds=2, prune_after=3)
    # Two epochs of each seed. Medians of the second: 0.4, then 0.7.
    for third, fourth in ((0.2, 0.6), (0.4, 0.7), (0.5, 0.8)):
        complete(search, fourth, 0.5, 0.5, third, fourth)
    number = claim(search)
    # Nothing of the first seed is left in the second.
    for step, score in enumerate((0.9, 0.9, 0.41)):
        search.report(number, step, score)
        assert not search.should_stop(number)
    search.report(number, 3, 0.69)
    assert search.should_stop(number)
    # What was reported is all there still.
    assert len(search.trials[number].intermediate_values) == 4


def test_nothing_is_ended_before_enough_have_finished(make_search):
    search = make_search(prune_after=3)
    for _ in range(2):
        complete(search, 0.9, 0.9)
    number = claim(search)
    search.report(number, 0, 0.1)
    assert not search.should_stop(number)


def test_prune_after_0_never_ends_a_trial(make_search):
    search = make_search(prune_after=0)
    complete(search, 0.9, 0.9)
    number = claim(search)
    search.report(number, 0, 0.1)
    assert not search.should_stop(number)


def test_an_epoch_is_reported_once(make_search):
    search = make_search()
    number = claim(search)
    assert search.report(number, 0, 0.5)
    assert not search.report(number, 0, 0.6)
    assert search.trials[number].intermediate_values == {0: 0.5}


def test_each_run_of_a_trial_has_a_seed_and_a_folder(make_search):
    search = make_search(num_seeds=2)
    number = complete(search, 0.5)
    configs = [search.run_config(number, index) for index in range(2)]
    assert [config.seed for config in configs] == [4, 5]
    assert len({config.output_dir for config in configs}) == 2
    for config in configs:
        assert (config.num_epochs, config.bottleneck_dim) == (2, 64)


def test_a_setting_that_is_younger_than_a_search_was_as_by_default(
    make_search, make_plan
):
    search = make_search()
    config = dataclasses.asdict(search.config)
    del config["output_dir"]
    whole = json.loads(json.dumps(config))
    Search(search.folder, make_plan(settings=whole))
    with pytest.raises(ValueError, match="clip_norm=2.0 instead of 1.0"):
        Search(search.folder, make_plan(settings=whole | {"clip_norm": 2.0}))


def test_another_search_is_refused(make_search, make_plan, tmp_path):
    search = make_search()
    make_search()
    changed = [
        {"num_seeds": 2},
        {"settings": {"num_epochs": 3, "seed": 4}},
        {"space": {"learning_rate": "0.0001:0.02", "bottleneck_dim": "8,64"}},
    ]
    names = ["num_seeds=2", "num_epochs=3", "space of learning_rate='0.0001:0"]
    for own, name in zip(changed, names, strict=True):
        with pytest.raises(ValueError, match=f"as it has begun.*{name}"):
            Search(search.folder, make_plan(**own))
    with pytest.raises(ValueError, match="No search has begun in"):
        Search(tmp_path / "other")


def test_the_best_settings_become_a_command(make_search):
    settings = {"num_epochs": 2, "seed": 4, "tasks": ["a", "b c"]}
    search = make_search(settings=settings | {"export": False})
    assert ready_command(search) is None
    complete(search, 0.9)
    complete(search, 0.5)
    # 1e-3 and 64 are what the recipe has.
    assert ready_command(search) == (
        "python train.py houlsby --tasks a 'b c' --num_epochs 2 --seed 4"
    )
    best = complete(search, 0.95)
    values = search.values(best)
    rate = f"--learning_rate {values['learning_rate']}"
    assert rate in ready_command(search)
