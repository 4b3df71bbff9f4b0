import argparse

import numpy as np
import pytest


@pytest.fixture
def side_by_side(script):
    return script("side_by_side")


def test_recipes_take_turns_and_the_first_round_does_not_count(
    side_by_side, monkeypatch
):
    now = 0.0
    turns = []
    seconds = iter([90, 90, 2, 3, 4, 4, 6, 3])

    def call(name):
        nonlocal now
        turns.append(name)
        now += next(seconds)

    monkeypatch.setattr(side_by_side.time, "perf_counter", lambda: now)
    calls = [lambda: call("a"), lambda: call("b")]
    table = side_by_side.table(["a", "b"], calls, 3, "a step")
    assert turns == ["a", "b"] * 4
    # The ratios are 3/2, 4/4 and 3/6: their median is not that of the times.
    assert table.splitlines() == [
        "| recipe | ms a step | ratio |",
        "|---|---|---|",
        "| a | 4000.0 | 1.000 |",
        "| b | 3000.0 | 1.000 |",
    ]


def test_the_flags_reach_the_batch(side_by_side, monkeypatch):
    class Tokenizer:
        def vocabulary_size(self):
            return 20

    presets = {"small": (None, Tokenizer())}
    monkeypatch.setattr(side_by_side, "load_preset", presets.get)
    parser = side_by_side.make_parser("")
    flags = "houlsby --preset small --batch_size 2 --length 50"
    batch = side_by_side.full_batch(parser.parse_args(flags.split()), [0, 1])
    tokens = batch["token_ids"].numpy()
    assert tokens.shape == (2, 50) and tokens.dtype == "int32"
    assert tokens.min() == 10 and tokens.max() == 19
    assert np.all(batch["padding_mask"] == 1)
    assert batch["task_ids"].numpy().tolist() == [0, 1]


def test_a_recipe_has_its_flags_and_the_settings_of_all(
    side_by_side, monkeypatch
):
    monkeypatch.setattr(side_by_side, "build_model", lambda *args: args)
    args = argparse.Namespace(preset="elsewhere")
    command = "pfeiffer --bottleneck_dim 7"
    (recipe, config, tasks), same = side_by_side.build(command, args, seed=3)
    assert recipe.__name__.endswith("pfeiffer") and same is config
    assert (config.bottleneck_dim, config.seed) == (7, 3)
    assert config.preset == "elsewhere"
    assert [task.name for task in tasks] == list(side_by_side.TASKS)
