"""Which runs make a row of the table, and what stands in it."""

import shutil

import pytest

from tests.written_runs import DEV
from tests.written_runs import scores


def bundle(folder, task, weights, shared=0):
    path = folder / "bundles" / task
    path.mkdir(parents=True)
    (path / "weights.safetensors").write_bytes(b"w" * weights)
    (path / "bundle.json").write_bytes(b"j" * 10)
    if shared:
        file = path.parent / "shared-0a.safetensors"
        file.write_bytes(b"s" * shared)


def test_a_row_by_hand(write_run, tables):
    run = write_run("one")
    bundle(run, "cola", 100)
    bundle(run, "mrpc", 200)
    assert tables(run) == [
        [
            {
                "method": "houlsby",
                "cola (matthews)": "20.0",
                "mrpc (accuracy / f1)": "80.0 / 90.0",
                "mean": "52.5",
                # 8 % for two tasks.
                "trained per task, %": "4",
                # 110 and 210 bytes.
                "bundle, bytes": "160",
                "s/step": "0.25",
                "learning rate": "0.001",
                "epochs": "3",
                "seeds": "0",
            }
        ]
    ]


def test_what_bundles_share_counts_once(write_run, tables):
    run = write_run("pals")
    bundle(run, "cola", 90, shared=1000)
    bundle(run, "mrpc", 90, shared=1000)
    [[row]] = tables(run)
    # Two of 100 bytes and one of 1,000, over two.
    assert row["bundle, bytes"] == "600"


def test_seeds_are_averaged(write_run, tables):
    cola = (0.1, 0.2, 0.3)
    runs = [
        write_run(
            f"s{i}",
            seed=i,
            data_dir=f"d{i}",
            predict=i > 1,
            recompute=i > 1,
            dev=DEV | scores("cola", value),
        )
        for i, value in enumerate(cola)
    ]
    [[row]] = tables(*runs)
    assert row["cola (matthews)"] == "20.0 ± 10.0"
    assert row["mrpc (accuracy / f1)"] == "80.0 ± 0.0 / 90.0 ± 0.0"
    # Half of the deviation of one of two tasks.
    assert row["mean"] == "52.5 ± 5.0"
    assert row["seeds"] == "0 1 2"
    assert row["bundle, bytes"] == "-"


def test_runs_of_one_seed_count_as_their_mean(write_run, tables):
    cola = {"a": (0, 0.1), "b": (0, 0.3), "c": (1, 0.4)}
    runs = [
        write_run(name, seed=seed, dev=DEV | scores("cola", value))
        for name, (seed, value) in cola.items()
    ]
    [[row]] = tables(*runs, runs[0])
    # Of 0.2 and 0.4, whose deviation is 0.2 over the root of 2.
    assert row["cola (matthews)"] == "30.0 ± 14.1"
    assert row["seeds"] == "0 1"


def test_settings_that_differ_name_the_rows(write_run, tables):
    runs = [
        write_run("a", bottleneck_dim=24),
        write_run("b", bottleneck_dim=64, batching="one_task"),
        write_run("c", "models/bitfit.py", dev=DEV | scores("cola", 0)),
    ]
    rows, _ = tables(*runs)
    assert [row["method"] for row in rows] == [
        "houlsby --batching mixed --bottleneck_dim 24",
        "houlsby --batching one_task --bottleneck_dim 64",
        "bitfit",
    ]


def test_seeds_may_go_on_from_runs_of_their_own(write_run, tables):
    later = [
        write_run(
            f"later{seed}",
            seed=seed,
            from_run=f"runs/base{seed}",
            dev=scores("cola", value),
        )
        for seed, value in enumerate((0.1, 0.2))
    ]
    [[row]] = tables(*later)
    assert row["method"] == "houlsby"
    assert (row["cola (matthews)"], row["seeds"]) == ("15.0 ± 7.1", "0 1")
    # One that goes on from none is another; it may be older than the flag.
    rows, _ = tables(*later, write_run("first", dev=scores("cola", 0.3)))
    assert [row["method"] for row in rows] == [
        "houlsby --no-from_run",
        "houlsby --from_run",
    ]


def test_what_is_younger_than_a_run_was_as_it_is_by_default(write_run, tables):
    old = write_run("old")
    young = write_run("young", seed=1, bottleneck_dim=64, head_dropout=0.1)
    [[row]] = tables(old, young)
    assert row["seeds"] == "0 1"
    other = write_run("other", seed=1, head_dropout=0.2)
    rows, _ = tables(old, other)
    names = {f"houlsby --head_dropout {rate}" for rate in (0.1, 0.2)}
    assert {row["method"] for row in rows} == names


def test_the_best_of_what_was_tried(write_run, tables):
    # Of the rate 0.003 one seed is best of all, the mean is not.
    tried = {(1e-3, 0): 0.3, (1e-3, 1): 0.3, (3e-3, 0): 0.35, (3e-3, 1): 0.1}
    runs = [
        write_run(
            f"lr{rate}-{seed}",
            learning_rate=rate,
            seed=seed,
            dev=DEV | scores("cola", value),
        )
        for (rate, seed), value in tried.items()
    ]
    runs.append(write_run("few", batching="one_task", dev=DEV))
    [[row]] = tables(*runs, "--best")
    assert row["method"] == "houlsby"
    assert row["cola (matthews)"] == "30.0 ± 0.0"
    assert row["learning rate"] == "0.001"
    assert row["best of"] == (
        "learning_rate 0.001 of 0.001, 0.003; batching mixed of mixed, one_task"
    )


def test_runs_of_one_task_make_one_row_of_the_best_of_each(write_run, tables):
    full = {"recipe": "full_fine_tuning", "percent": 99.0}
    runs = [
        write_run("a", learning_rate=1e-4, dev=scores("cola", 0.4), **full),
        write_run("b", learning_rate=3e-5, dev=scores("cola", 0.3), **full),
        write_run(
            "c", learning_rate=1e-4, dev=scores("mrpc", 0.7, 0.8), **full
        ),
        write_run(
            "d", learning_rate=3e-5, dev=scores("mrpc", 0.8, 1.0), **full
        ),
    ]
    for run, task in zip(runs, ("cola", "cola", "mrpc", "mrpc"), strict=True):
        bundle(run, task, 990)
    [[row]] = tables(*runs, "--best")
    assert row["cola (matthews)"] == "40.0"
    assert row["mrpc (accuracy / f1)"] == "80.0 / 100.0"
    assert row["mean"] == "65.0"
    assert row["trained per task, %"] == "99"
    assert row["bundle, bytes"] == "1,000"
    assert row["best of"].startswith(
        "learning_rate 0.0001 (cola), 3e-05 (mrpc) of 3e-05, 0.0001"
    )
    # Without, a row for each rate, of both tasks.
    rows, _ = tables(*runs)
    assert {row["method"]: row["mean"] for row in rows} == {
        # (0.4 + 0.75) / 2 and (0.3 + 0.9) / 2
        "full_fine_tuning --learning_rate 0.0001": "57.5",
        "full_fine_tuning --learning_rate 3e-05": "60.0",
    }


def test_a_mean_over_runs_of_one_task_pairs_their_seeds(write_run, tables):
    tried = {"cola": (0.1, 0.3), "mrpc": (0.7, 0.6)}
    runs = [
        write_run(f"{k}{i}", seed=i, dev=scores(k, *[v] * len(DEV[k])))
        for k, values in tried.items()
        for i, v in enumerate(values)
    ]
    [[row]] = tables(*runs)
    # Means of 0.4 and 0.45: their deviation is 0.05 over the root of 2.
    assert row["mean"] == "42.5 ± 3.5"
    # Without a seed that both tasks have there is a mean and no spread.
    [[row]] = tables(runs[0], runs[3])
    assert row["mean"] == "35.0"
    assert row["seeds"] == "0 (cola), 1 (mrpc)"


def test_a_task_that_lacks_is_a_dash(write_run, tables):
    part = write_run(
        "part", "bitfit", dev=scores("mrpc", 0.9, 0.9), percent=1.5
    )
    alone = write_run("alone", dev=scores("cola", 0.9))
    rows, differences = tables(part, write_run("whole"), alone)
    assert [row["method"] for row in rows] == [
        "houlsby, cola mrpc",
        "bitfit",
        "houlsby, one task each",
    ]
    assert rows[1]["cola (matthews)"] == rows[1]["mean"] == "-"
    assert rows[1]["mrpc (accuracy / f1)"] == "90.0 / 90.0"
    assert rows[1]["trained per task, %"] == "1.5"
    assert differences[1]["mean"] == "-"
    assert differences[1]["cola (matthews)"] == "+70.0"


def test_steps_that_were_too_few_to_time_are_a_dash(write_run, tables):
    runs = [write_run("short", seconds=None), write_run("one", seed=1)]
    [[row]] = tables(*runs)
    assert row["s/step"] == "-"


def test_the_last_epoch_in_the_place_of_the_best(write_run, tables):
    run = write_run("a")
    path = run / "metrics.json"
    # The history of a written run has the scores of the last in each epoch.
    path.write_text(
        path.read_text().replace('"matthews": 0.2', '"matthews": 1')
    )
    [[best]], [[last]] = tables(run), tables(run, "--epoch", "last")
    assert (best["cola (matthews)"], best["mean"]) == ("100.0", "92.5")
    assert (last["cola (matthews)"], last["mean"]) == ("20.0", "52.5")


@pytest.mark.parametrize("missing", ["config.json", "metrics.json"])
def test_what_is_no_finished_run_is_left_out(missing, write_run, compare):
    whole, half, none = (
        write_run("a"),
        write_run("b", trained=2),
        write_run("c"),
    )
    (none / missing).unlink()
    shown = compare(whole, half, none, f"{whole}/")
    assert f"'{half}', which was stopped after 2 of 3" in shown.err
    assert missing in shown.err
    assert shown.out.count("houlsby") == 1
    assert "which was stopped" in compare(half, none, code=2).err
    shutil.rmtree(whole)
    assert "must hold the `config.json`" in compare(whole, code=2).err


def test_what_no_run_wrote_is_left_out(write_run, compare):
    run, other = write_run("a"), write_run("b")
    for text in ('{"history": 3, "dev": {}}', "[]", '{"history": [1, 2, 3]}'):
        (run / "metrics.json").write_text(text)
        error = compare(run, other).err
        assert "must be as a run wrote them" in error


def test_files_of_one_name_are_recipes_of_their_own(write_run, tables):
    sources = ("mine/a.py", "yours/a.py", "yours/b.py")
    runs = [write_run(source.replace("/", "-"), source) for source in sources]
    rows, differences = tables(*runs, "--reference", "yours/a.py")
    names = [row["method"] for row in rows]
    assert sorted(names) == ["b", "mine/a.py", "yours/a.py"]
    assert sorted(row["method"] for row in differences) == ["b", "mine/a.py"]
    # Alone, the file goes by its name.
    [[row]] = tables(runs[0])
    assert row["method"] == "a"
