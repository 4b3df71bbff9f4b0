import json
import subprocess

import pytest

TRAIN = """
import json, pathlib, sys

recipe, *argv = sys.argv[1:]
if recipe == "broken":
    sys.exit("out of luck")
folder = pathlib.Path(argv[argv.index("--output_dir") + 1])
folder.mkdir()
config = {"num_epochs": 1, "argv": argv}
(folder / "config.json").write_text(json.dumps(config))
(folder / "metrics.json").write_text(json.dumps({"history": [{}]}))
print("trained")
"""


@pytest.fixture
def sweep(script, monkeypatch, tmp_path):
    """`sweep.py` with a `train.py` that writes down what it was told."""
    module = script("sweep")
    (tmp_path / "train.py").write_text(TRAIN)
    monkeypatch.setattr(module, "_TRAIN", tmp_path / "train.py")
    return module


def arguments(tmp_path, *argv):
    return [str(tmp_path / "sweep"), "--recipes", *argv]


def flags_of(folder):
    argv = json.loads((folder / "config.json").read_text())["argv"]
    return " ".join(argv)


def test_every_combination_is_run_in_a_folder_of_its_name(sweep, tmp_path):
    argv = (
        "houlsby bitfit --learning_rates 3e-4 1e-3 --num_epochs 5 --seeds 0 1"
    )
    rest = ["--", "--tasks", "cola", "rte", "--rate", "uniform"]
    assert sweep.main([*arguments(tmp_path, *argv.split()), *rest]) == 0
    folder = tmp_path / "sweep"
    runs = {path.name for path in folder.iterdir() if path.is_dir()}
    assert runs == {
        f"{recipe}-lr{rate}-e5-s{seed}"
        for recipe in ("houlsby", "bitfit")
        for rate in ("3e-4", "1e-3")
        for seed in (0, 1)
    }
    path = folder / "bitfit-lr1e-3-e5-s1"
    assert flags_of(path) == (
        "--tasks cola rte --rate uniform --learning_rate 1e-3 --num_epochs 5 "
        f"--seed 1 --output_dir {path} --no-predict --no-export"
    )
    log = (folder / "bitfit-lr1e-3-e5-s1.log").read_text().splitlines()
    assert log[0].endswith("--no-export") and log[-1] == "trained"


def test_a_recipe_keeps_its_own_settings(sweep, tmp_path):
    argv = arguments(tmp_path, "models/houlsby.py", "--learning_rates")
    assert sweep.main(argv) == 0
    path = tmp_path / "sweep" / "houlsby-lrown-eown-s0"
    assert flags_of(path) == (
        f"--seed 0 --output_dir {path} --no-predict --no-export"
    )


def test_what_has_finished_is_skipped(sweep, tmp_path, monkeypatch, capsys):
    argv = arguments(tmp_path, "houlsby")
    assert sweep.main(argv) == 0
    assert capsys.readouterr().out.split() == [
        "1/1",
        "houlsby-lrown-eown-s0",
        "finished",
    ]
    monkeypatch.delattr(subprocess, "Popen")
    assert sweep.main(argv) == 0
    assert "finished before" in capsys.readouterr().out


def test_a_sweep_goes_on_after_a_run_that_fails(sweep, tmp_path, capsys):
    unfinished = tmp_path / "sweep" / "bitfit-lrown-eown-s0"
    unfinished.mkdir(parents=True)
    (unfinished / "config.json").write_text("{}")
    argv = arguments(tmp_path, "broken", "bitfit", "houlsby")
    assert sweep.main(argv) == 1
    output = capsys.readouterr()
    log = tmp_path / "sweep" / "broken-lrown-eown-s0.log"
    assert f"failed: exit code 1, see {log}" in output.out
    assert log.read_text().endswith("out of luck\n")
    assert "failed: unfinished, remove it to run it again" in output.out
    assert "Failed: broken-lrown-eown-s0 bitfit-lrown-eown-s0\n" == output.err
    assert (unfinished / "config.json").read_text() == "{}"
    assert (log.parent / "houlsby-lrown-eown-s0" / "metrics.json").exists()


def test_ctrl_c_ends_the_sweep_once_the_run_has_ended(
    sweep, tmp_path, monkeypatch
):
    waited = []

    class Interrupted:
        def __init__(self, *args, **kwargs):
            pass

        def wait(self):
            waited.append(self)
            if len(waited) == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    assert sweep.main(arguments(tmp_path, "houlsby", "bitfit")) == 130
    assert len(waited) == 2 and waited[0] is waited[1]


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--", "--seed", "3"], "Received: --seed. Write it before `--`"),
        (["--", "--output_dir=x"], "Received: --output_dir=x"),
        (["--learning_rates", "fast"], "invalid number value: 'fast'"),
        (["--tasks", "cola"], "unrecognized arguments: --tasks cola"),
    ],
)
def test_wrong_arguments_are_refused(argv, message, sweep, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_info:
        sweep.main(arguments(tmp_path, "houlsby", *argv))
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()
