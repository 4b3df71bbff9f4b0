"""What a run costs is divided by the tasks it has, not by its dev sets."""

import json

from tests.written_runs import scores

MNLI = {"mnli": {"accuracy": 0.6}, "mnli_mismatched": {"accuracy": 0.8}}
GUESS = {name: {"accuracy": 0.33} for name in MNLI}


def bundle(folder, task, weights):
    path = folder / "bundles" / task
    path.mkdir(parents=True)
    (path / "weights.safetensors").write_bytes(b"w" * weights)


def write_mnli(write_run, name, **settings):
    settings = {"tasks": ["mnli"], "dev": MNLI, "majority": GUESS} | settings
    return write_run(name, percent=2.0, **settings)


def test_two_dev_sets_are_of_one_task(write_run, tables):
    run = write_mnli(write_run, "a")
    bundle(run, "mnli", 100)
    [[row]] = tables(run)
    assert row["mnli (accuracy)"] == "60.0"
    assert row["mnli_mismatched (accuracy)"] == "80.0"
    assert row["trained per task, %"] == "2"
    assert row["bundle, bytes"] == "100"


def test_a_task_of_two_dev_sets_is_trained_alone_too(write_run, tables):
    runs = [
        write_mnli(write_run, "a"),
        write_run("b", dev=scores("cola", 0.1), percent=1.0),
    ]
    [[row]] = tables(*runs)
    assert row["method"] == "houlsby"
    # 2 % and 1 %, of a task each.
    assert row["trained per task, %"] == "1.5"
    assert row["mean"] == "50.0"


def test_a_run_that_does_not_name_its_tasks_has_its_dev_sets(write_run, tables):
    run = write_run("a", percent=8.0)
    config = json.loads((run / "config.json").read_text())
    del config["tasks"]
    (run / "config.json").write_text(json.dumps(config))
    [[row]] = tables(run)
    assert row["trained per task, %"] == "4"


def test_a_task_scored_on_other_data_keeps_its_dev_sets(write_run, tables):
    other = GUESS | {"mnli": {"accuracy": 0.4}}
    runs = [
        write_mnli(write_run, "a", learning_rate=1e-3),
        write_mnli(write_run, "b", learning_rate=3e-3, majority=other),
    ]
    [[row]] = tables(*runs, "--best")
    assert row["learning rate"] == "0.001 (mnli), 0.003 (mnli [2])"
    assert row["trained per task, %"] == "2"


def test_earlier_tasks_have_their_part_of_banks_and_bundles(write_run, tables):
    run = write_run("later", dev=scores("cola", 0.1), earlier_tasks=list("abc"))
    bundle(run, "cola", 100)
    bundle(run, "a", 5000)
    file = run / "bundles" / "shared-0a.safetensors"
    file.write_bytes(b"s" * 1000)
    [[row]] = tables(run)
    # 8 % are four rows of a bank, and 1,000 bytes are for four tasks.
    assert row["trained per task, %"] == "2"
    assert row["bundle, bytes"] == "350"
