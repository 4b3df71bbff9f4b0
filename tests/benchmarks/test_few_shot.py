import dataclasses
import json
import pathlib

import pytest

import train
from tests import written_runs
from tf_adapters.data.sources.declared import load_sources
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe

# Accuracies are those of a run: 0.5, and 0.1 for its seed.
SCORES = {0: 0.5, 1: 0.6, 2: 0.7}


@pytest.fixture
def folders(tmp_path):
    """A finished HyperFormer, and a transfer directory with a header each."""
    source = written_runs.write_run(
        tmp_path / "source",
        recipe="hyperformer_shared",
        sequence_length=96,
        dtype="mixed_bfloat16",
        pooling="pooler",
        bottleneck_dim=8,
        embedding_dim=64,
        projector_dim=128,
        activation="relu",
    )
    for name, header in (
        ("TREC/test", "sentence\tlabel"),
        ("Yelp2/dev", "sentence\tlabel"),
        ("SNLI/dev", "sentence1\tsentence2\tgold_label"),
    ):
        path = tmp_path / "transfer" / f"{name}.tsv"
        path.parent.mkdir(parents=True)
        rows = [f"row {row}\tNUM" for row in range(5)]
        path.write_text("\n".join([header, *rows]) + "\n")
    return source, tmp_path / "few", tmp_path / "transfer"


@pytest.fixture
def few_shot(script, folders, monkeypatch):
    """Runs `few_shot.py` with a `train.main` that writes down its settings."""
    module = script("few_shot")
    runs = []

    def main(argv):
        config = override(load_recipe(argv[0]).Config(), argv[1:], "train.py")
        runs.append((argv[0], config))
        (task,) = config.tasks
        written_runs.write_run(
            pathlib.Path(config.output_dir),
            dev={task: {"accuracy": SCORES[config.seed]}},
            majority={task: {"accuracy": 0.2}},
            trained=1,
            **{"recipe": argv[0], **dataclasses.asdict(config)},
        )
        return 0

    def few_shot(*flags, folders=folders):
        source, output, transfer = folders
        runs.clear()
        argv = ["few_shot.py", source, output, "--transfer_dir", transfer]
        monkeypatch.setattr("sys.argv", [*map(str, argv), *flags])
        module.main()
        return list(runs)

    monkeypatch.setattr(train, "main", main)
    return few_shot


def test_every_way_takes_the_same_examples_and_steps(few_shot, folders):
    runs = few_shot(
        *"--tasks trec --num_examples 16 --seeds 1 --steps 30".split()
    )
    assert [recipe for recipe, _ in runs] == [
        *["hyperformer_shared"] * 3,
        "houlsby",
    ]
    for _, config in runs:
        assert config.tasks == ("trec",)
        assert (config.max_examples, config.seed) == (16, 1)
        assert (config.num_epochs, config.steps_per_epoch) == (1, 30)
        assert (config.sequence_length, config.dtype) == (96, "mixed_bfloat16")
        assert not config.predict and not config.export
    own, nearest, whole, scratch = (config for _, config in runs)
    source = str(folders[0])
    assert [c.from_run for c in (own, nearest, whole)] == [source] * 3
    assert scratch.from_run == ""
    for config in (own, nearest, whole):
        assert (config.bottleneck_dim, config.activation) == (8, "relu")
        assert config.pooling == "pooler"
    assert scratch.bottleneck_dim != 8
    assert (own.trains, nearest.trains, whole.trains) == ("own", "own", "all")
    assert own.initialise_from == "" == whole.initialise_from
    assert nearest.initialise_from == "nearest"


def test_the_table_has_mean_and_deviation_and_runs_are_kept(few_shot, capsys):
    flags = "--tasks trec --num_examples 4 --ways houlsby --seeds 0 1 2".split()
    assert len(few_shot(*flags)) == 3
    assert few_shot(*flags) == []
    # The deviation of 50, 60 and 70 is sqrt((100 + 0 + 100) / 2) = 10.
    table = capsys.readouterr().out.splitlines()[-1]
    assert table == "| trec | houlsby | 60.0 ± 10.0 |"


def test_dev_sets_are_cut_and_tasks_are_ones_that_train_can_read(
    few_shot, folders
):
    ((_, config),) = few_shot(
        *"--tasks trec --num_examples 4 --ways houlsby --seeds 0".split(),
        *"--max_dev 2".split(),
    )
    sources = load_sources(config.task_file)
    assert set(sources) == {"trec", "yelp2", "snli"}
    cut = pathlib.Path(sources["trec"].files["dev"]).read_text("utf-8")
    assert cut == "sentence\tlabel\nrow 0\tNUM\nrow 1\tNUM\n"
    train_file = folders[2] / "TREC" / "train.tsv"
    assert sources["trec"].files["train"] == str(train_file)


def test_folders_may_be_relative_to_where_it_runs(
    few_shot, folders, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    flags = "--tasks trec --num_examples 4 --ways embedding --seeds 0"
    ((_, config),) = few_shot(
        *flags.split(), folders=("source", "few", "transfer")
    )
    assert config.from_run == str(folders[0])
    for file in load_sources(config.task_file)["trec"].files.values():
        assert pathlib.Path(file).is_absolute()
    dev = load_sources(config.task_file)["trec"].files["dev"]
    assert pathlib.Path(dev).is_file()


STOPPED = "which was stopped after 0 of 1 epochs"


@pytest.mark.parametrize(
    "first, again, message",
    [
        ("", "--steps 7", "steps_per_epoch=200 and not 7"),
        ("", "--max_dev 3", "few/tasks_1000.json' and not"),
        ("stopped", "", STOPPED),
    ],
)
def test_what_is_not_the_run_that_is_asked_for_is_refused(
    few_shot, folders, monkeypatch, capsys, first, again, message
):
    flags = "--tasks trec --num_examples 4 --ways houlsby --seeds 0".split()
    few_shot(*flags)
    if first == "stopped":
        path = folders[1] / "trec-houlsby-k4-s0" / "metrics.json"
        metrics = json.loads(path.read_text())
        path.write_text(json.dumps(metrics | {"history": []}))
    with pytest.raises(SystemExit):
        few_shot(*flags, *again.split())
    assert message in capsys.readouterr().err


def test_a_run_that_fails_ends_the_script(few_shot, monkeypatch):
    monkeypatch.setattr(train, "main", lambda argv: 2)
    with pytest.raises(SystemExit, match="train.py .* failed"):
        few_shot("--tasks", "trec", "--num_examples", "4", "--seeds", "0")


def test_a_source_that_is_no_run_is_refused(few_shot, folders, capsys):
    (folders[0] / "config.json").unlink()
    with pytest.raises(SystemExit):
        few_shot("--tasks", "trec", "--num_examples", "4", "--seeds", "0")
    assert "source/config.json" in capsys.readouterr().err


def test_an_error_in_training_is_not_called_one_of_usage(few_shot, monkeypatch):
    def main(argv):
        raise ValueError("within TensorFlow")

    monkeypatch.setattr(train, "main", main)
    with pytest.raises(ValueError, match="within TensorFlow"):
        few_shot("--tasks", "trec", "--num_examples", "4", "--seeds", "0")


def test_an_unknown_task_is_refused(few_shot, folders, capsys):
    with pytest.raises(SystemExit):
        few_shot("--tasks", "imdb")
    assert "invalid choice: 'imdb'" in capsys.readouterr().err
    assert not folders[1].exists()
