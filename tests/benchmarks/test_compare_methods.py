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


def test_a_row_by_hand(write_run, compare):
    run = write_run("one")
    bundle(run, "cola", 100)
    bundle(run, "mrpc", 200)
    assert compare(run) == [
        {
            "method": "houlsby",
            "cola (matthews)": "20.0",
            "mrpc (accuracy / f1)": "80.0 / 90.0",
            "mean": "52.5",
            "% of houlsby": "100.0",
            # 8 % for two tasks.
            "trained per task, %": "4",
            # 110 and 210 bytes.
            "bundle, bytes": "160",
            "s/step": "0.25",
            "settings": "learning_rate 0.001; num_epochs 3; seeds 0",
        }
    ]


def test_what_bundles_share_counts_once(write_run, compare):
    run = write_run("pals")
    bundle(run, "cola", 90, shared=1000)
    bundle(run, "mrpc", 90, shared=1000)
    [row] = compare(run)
    # Two of 100 bytes and one of 1,000, over two.
    assert row["bundle, bytes"] == "600"


def test_seeds_are_averaged(write_run, compare):
    cola = (0.1, 0.2, 0.3)
    runs = [
        write_run(
            f"s{i}",
            seed=i,
            data_dir=f"d{i}",
            predict=i > 1,
            dev=DEV | scores("cola", value),
        )
        for i, value in enumerate(cola)
    ]
    [row] = compare(*runs)
    assert row["cola (matthews)"] == "20.0 ± 10.0"
    assert row["mrpc (accuracy / f1)"] == "80.0 ± 0.0 / 90.0 ± 0.0"
    # Half of the deviation of one of two tasks.
    assert row["mean"] == "52.5 ± 5.0"
    assert row["settings"].endswith("seeds 0 1 2")
    assert row["bundle, bytes"] == "-"


def test_the_best_of_a_sweep_is_shown(write_run, compare):
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
    [row] = compare(*runs)
    assert row["cola (matthews)"] == "30.0 ± 0.0"
    assert row["settings"] == (
        "learning_rate 0.001 of 0.001, 0.003; num_epochs 3; "
        "batching mixed of mixed, one_task; seeds 0 1"
    )


def test_runs_of_one_task_make_one_row_of_the_best_of_each(write_run, compare):
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
        write_run("e"),
    ]
    for run, task in zip(runs, ("cola", "cola", "mrpc", "mrpc"), strict=False):
        bundle(run, task, 990)
    first, second = compare(*runs, reference="full_fine_tuning")
    assert first["method"] == "full_fine_tuning"
    assert first["cola (matthews)"] == "40.0"
    assert first["mrpc (accuracy / f1)"] == "80.0 / 100.0"
    assert first["mean"] == "65.0"
    assert first["trained per task, %"] == "99"
    assert first["bundle, bytes"] == "1,000"
    assert first["settings"].startswith(
        "learning_rate 0.0001 (cola), 3e-05 (mrpc) of 3e-05, 0.0001; num"
    )
    # 0.525 / 0.65
    assert second["% of full_fine_tuning"] == "80.8"


def test_the_deviation_of_a_mean_over_runs_of_one_task(write_run, compare):
    tried = {"cola": (0.1, 0.3), "mrpc": (0.6, 0.7)}
    runs = [
        write_run(f"{k}{i}", seed=i, dev=scores(k, *[v] * len(DEV[k])))
        for k, values in tried.items()
        for i, v in enumerate(values)
    ]
    [row] = compare(*runs)
    # Deviations are 0.2 and 0.1 over the root of 2; of the mean it is half the
    # root of (0.04 + 0.01) / 2, 0.079.
    assert row["cola (matthews)"] == "20.0 ± 14.1"
    assert row["mean"] == "42.5 ± 7.9"


def test_a_task_that_lacks_is_a_dash(write_run, compare):
    part = write_run(
        "part", "bitfit", dev=scores("mrpc", 0.9, 0.9), percent=1.5
    )
    alone = write_run("alone", dev=scores("cola", 0.9))
    rows = compare(part, write_run("whole"), alone, reference="bitfit")
    names = [row["method"] for row in rows]
    assert names == ["houlsby", "bitfit", "houlsby, one task each"]
    assert rows[1]["cola (matthews)"] == rows[1]["mean"] == "-"
    assert rows[1]["mrpc (accuracy / f1)"] == "90.0 / 90.0"
    assert rows[1]["trained per task, %"] == "1.5"
    assert rows[0]["mean"] == "52.5"
    assert rows[0]["% of bitfit"] == "-"


def test_steps_that_were_too_few_to_time_are_a_dash(write_run, compare):
    runs = [write_run("short", seconds=None), write_run("one", seed=1)]
    [row] = compare(*runs)
    assert row["s/step"] == "-"


def test_an_unknown_reference_is_refused(write_run, compare, capsys):
    with pytest.raises(SystemExit):
        compare(write_run("a"), reference="hulsby")
    error = capsys.readouterr().err
    assert "Received: 'hulsby', beside houlsby. Name one of these" in error
