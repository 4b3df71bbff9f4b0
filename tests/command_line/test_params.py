"""`params` against the closed forms of the papers."""

import json

import pytest

from tf_adapters.command_line.main import main

TINY = {"num_layers": 2, "hidden_dim": 128, "intermediate_dim": 512}
SMALL = {"num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}


def counts(capsys, recipe, **flags):
    argv = [f"--{k}={v}" for k, v in flags.items()]
    assert main(["params", recipe, *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def houlsby(num_layers, hidden_dim, m):
    return 2 * num_layers * (2 * m * hidden_dim + m + hidden_dim)


@pytest.mark.large
@pytest.mark.parametrize("bottleneck_dim", [1, 64, 256])
def test_houlsby_on_bert_base_has_the_counts_of_the_paper(
    bottleneck_dim, capsys
):
    found = counts(capsys, "houlsby", bottleneck_dim=bottleneck_dim)
    assert found["backbone"] == 109_482_240
    assert found["per_task"] == houlsby(12, 768, bottleneck_dim)
    assert found["layer_norms"] == 25 * 2 * 768
    assert found["heads"] == 2 * 768 + 2
    assert found["shared"] == 0
    percent = 100 * houlsby(12, 768, bottleneck_dim) / 109_482_240
    assert found["percent_per_task"] == pytest.approx(percent)


def test_houlsby_on_bert_tiny(capsys):
    found = counts(capsys, "houlsby", bottleneck_dim=16, **TINY)
    assert found["backbone"] == 4_385_920
    assert found["per_task"] == 16_960
    assert found["layer_norms"] == 1_280


def test_tasks_multiply_heads_and_the_ratio_but_not_a_task(capsys):
    sizes = {"bottleneck_dim": 4, "vocabulary_size": 50, **SMALL}
    one = counts(capsys, "houlsby", **sizes)
    four = counts(capsys, "houlsby", num_tasks=4, num_classes=3, **sizes)
    assert four["per_task"] == one["per_task"]
    assert four["layer_norms"] == one["layer_norms"]
    assert four["heads"] == 4 * (16 * 3 + 3)
    assert four["total_ratio"] - 1 == pytest.approx(
        4 * (one["total_ratio"] - 1)
    )


@pytest.mark.parametrize("slot", ["attention", "feedforward"])
def test_pfeiffer_is_half_of_houlsby_in_either_slot(slot, capsys):
    sizes = {"bottleneck_dim": 16, **TINY}
    assert counts(capsys, "pfeiffer", slot=slot, **sizes)["per_task"] == 8_480


def test_intrinsic_said_owns_as_many_weights_as_its_dimension(capsys):
    found = counts(capsys, "intrinsic_said", dim=100, num_tasks=2, **SMALL)
    assert found["per_task"] == 100
    assert found["shared"] == found["layer_norms"] == 0


def test_one_class_is_a_regression(capsys):
    assert (
        counts(capsys, "layer_norm_only", num_classes=1, **SMALL)["heads"] == 17
    )


@pytest.mark.parametrize("recipe", ["full_fine_tuning", "last_layers"])
def test_fine_tuning_adds_no_adapters(recipe, capsys):
    found = counts(capsys, recipe, **SMALL)
    assert found["per_task"] == found["shared"] == 0
    assert found["total_ratio"] == 1


def test_the_table_shows_every_count(capsys):
    argv = [f"--{k}={v}" for k, v in SMALL.items()]
    assert main(["params", "houlsby", *argv]) == 0
    shown = capsys.readouterr().out
    for name in ("backbone", "per_task", "shared", "layer_norms", "heads"):
        assert name in shown


def test_an_unknown_recipe_is_met_half_way(capsys):
    assert main(["params", "houlsbi"]) == 2
    assert "Did you mean 'houlsby'?" in capsys.readouterr().err


def test_a_size_below_one_is_refused(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["params", "houlsby", "--num_layers", "0"])
    assert exit_.value.code == 2
    assert "must be at least 1" in capsys.readouterr().err
