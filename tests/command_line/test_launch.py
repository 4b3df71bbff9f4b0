"""`launch` with small programs in the place of `train.py`."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tf_adapters.command_line.main import main

ROOT = pathlib.Path(__file__).parent.parent.parent
# What the programs below begin with. Each is one of several workers.
BEGIN = """
import json, os, pathlib, signal, sys, time
config = json.loads(os.environ["TF_CONFIG"])
index = config["task"]["index"]
def wait():
    # One long sleep would not see a signal that comes just before it.
    for _ in range(6000):
        time.sleep(0.01)
"""


def start(program, *flags, **kwargs):
    """Starts two workers; `--grace` is more than any test takes."""
    command = [sys.executable, "-m", "tf_adapters", "launch", "--grace", "60"]
    return subprocess.Popen(
        [*command, *flags, "--", sys.executable, "-c", BEGIN + program],
        env={k: v for k, v in os.environ.items() if k != "TF_CONFIG"},
        cwd=ROOT,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs},
    )


def launch(program, *flags):
    """Returns the exit code, and the lines of output and of errors."""
    process = start(program, *flags)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output.splitlines(), errors.splitlines()


def wait_for(process, *lines):
    """Waits until the workers have printed these lines, in any order."""
    found = [process.stdout.readline().rstrip("\n") for _ in lines]
    assert sorted(found) == sorted(lines)


def test_each_worker_is_told_who_it_is():
    code, output, errors = launch("print(os.environ['TF_CONFIG'])")
    assert (code, errors) == (0, [])
    assert {line[:4] for line in output} == {"[0] ", "[1] "}
    configs = {int(line[1]): json.loads(line[4:]) for line in output}
    for index, config in configs.items():
        assert config["task"] == {"type": "worker", "index": index}
    first, second = (each["cluster"]["worker"] for each in configs.values())
    assert first == second
    hosts, ports = zip(*(each.split(":") for each in first), strict=True)
    assert hosts == ("localhost", "localhost") and len(set(ports)) == 2


def test_as_many_start_as_are_asked_for():
    _, output, _ = launch("print(index)", "--workers", "3")
    assert sorted(output) == ["[0] 0", "[1] 1", "[2] 2"]


def test_lines_stay_whole_and_in_their_stream():
    """Also one that comes in pieces, and one without an end."""
    program = """
for part in "ab":
    print(part * 100_000, end="", flush=True)
    print("error", part, file=sys.stderr)
    time.sleep(0.1)
"""
    code, output, errors = launch(program)
    line = "a" * 100_000 + "b" * 100_000
    assert code == 0
    assert sorted(output) == [f"[0] {line}", f"[1] {line}"]
    expected = [f"[{i}] error {part}" for i in (0, 1) for part in "ab"]
    assert sorted(errors) == expected


def test_a_line_comes_when_it_is_printed():
    """Though Python would keep what goes into a pipe."""
    process = start("print('here')\nwait()")
    wait_for(process, "[0] here", "[1] here")
    process.terminate()
    process.communicate(timeout=60)


# The second worker ends with a code when the first one is ready for it.
FAILS = """
path = pathlib.Path({path!r})
if index == 1:
    while not path.exists():
        time.sleep(0.01)
    sys.exit({code})
def stop(*_):
    print("stopped")
    sys.exit(9)
signal.signal(signal.SIGTERM, {handler})
path.touch()
wait()
"""


def test_the_first_that_fails_stops_the_others(tmp_path):
    path = str(tmp_path / "ready")
    program = FAILS.format(path=path, code=3, handler="stop")
    code, output, errors = launch(program)
    assert code == 3
    assert output == ["[0] stopped"]
    assert errors == ["tf-adapters launch: worker 1 ended with 3: stopping all"]


def test_one_that_is_done_stops_nobody():
    program = "time.sleep(0.5 * index)\nprint('done')"
    code, output, errors = launch(program)
    assert (code, errors) == (0, [])
    assert sorted(output) == ["[0] done", "[1] done"]


def test_who_does_not_stop_is_killed(tmp_path):
    path = str(tmp_path / "ready")
    program = FAILS.format(path=path, code=4, handler="signal.SIG_IGN")
    started = time.monotonic()
    code, _, errors = launch(program, "--grace", "0.5")
    assert code == 4
    assert time.monotonic() - started < 30
    assert "killing what is there after 0.5 s" in errors[-1]


def test_one_that_a_signal_ends_counts_as_shells_count():
    program = "if index == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
    code, _, _ = launch(program + "wait()")
    assert code == 128 + 9


STOPS = """
found = []
def note(number, _):
    found.append(number)
    print("signal", number)
signal.signal(signal.SIGTERM, note)
signal.signal(signal.SIGINT, note)
print("ready")
while not found:
    time.sleep(0.01)
# A second one would come now.
time.sleep(0.5)
sys.exit({code})
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("code", [0, 5])
def test_a_signal_is_passed_on_once(number, code):
    """To the whole group, as a terminal sends Ctrl-C."""
    process = start(STOPS.format(code=code), start_new_session=True)
    wait_for(process, "[0] ready", "[1] ready")
    os.killpg(process.pid, number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code
    expected = [f"[{i}] signal {number.value}" for i in (0, 1)]
    assert sorted(output.splitlines()) == expected
    assert errors == ""


def test_after_ctrl_c_a_worker_may_write_what_it_has():
    """Longer than the grace, and though another has ended already."""
    program = """
def stop(*_):
    time.sleep(index)
    print("written")
    sys.exit(130)
signal.signal(signal.SIGINT, stop)
print("ready")
wait()
"""
    process = start(program, "--grace", "0")
    wait_for(process, "[0] ready", "[1] ready")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert sorted(output.splitlines()) == ["[0] written", "[1] written"]


def test_no_worker_is_left_when_the_launcher_is_killed(tmp_path):
    program = f"""
path = pathlib.Path({str(tmp_path)!r}, f"stopped{{index}}")
signal.signal(signal.SIGTERM, lambda *_: (path.touch(), sys.exit(5)))
print(os.getpid())
wait()
"""
    process = start(program)
    lines = [process.stdout.readline() for _ in range(2)]
    process.kill()
    # The pipes end when no worker has them any more.
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    for line in lines:
        assert_ends(int(line.split()[1]))
    assert len(list(tmp_path.glob("stopped*"))) == 2


def assert_ends(pid):
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if pathlib.Path(f"/proc/{pid}/stat").is_file():
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            # Ended, and not yet collected by whoever collects orphans.
            if stat.rpartition(")")[2].split()[0] == "Z":
                return
        time.sleep(0.1)
    raise AssertionError(f"process {pid} is there still")


def test_workers_stop_when_nobody_reads():
    program = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
while True:
    print("x" * 1000)
"""
    process = start(program)
    heard = set()
    while len(heard) < 2:
        heard.add(process.stdout.readline()[:4])
    process.stdout.close()
    assert process.wait(timeout=60) == 5
    process.stderr.close()


@pytest.mark.parametrize(
    "argv, message",
    [
        ([], "After `--` must come a command that can be started."),
        (["--workers", "2", "--"], "Received: none."),
        (["--", "/no/such", "a"], "Received: /no/such a. Write, say, launch"),
    ],
)
def test_a_command_must_be_there(argv, message, capsys, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert main(["launch", *argv]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag, value, message",
    [
        ("--workers", "0", "`workers` must be at least 1"),
        ("--grace", "-1", "`grace` must be a finite number"),
        ("--grace", "inf", "`grace` must be a finite number"),
    ],
)
def test_a_flag_out_of_range_is_refused(flag, value, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["launch", flag, value, "--", "true"])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_a_worker_launches_nothing(monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert main(["launch", "--", "true"]) == 2
    error = capsys.readouterr().err
    assert "must not be set before. Received: TF_CONFIG='{}'" in error


def test_what_a_worker_leaves_behind_ends_with_it(tmp_path):
    """It would hold the output open, and the launcher up."""
    program = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"file = pathlib.Path({str(tmp_path)!r}, str(index))\n"
        "file.write_text(str(child.pid))"
    )
    code, _, errors = launch(program)
    assert (code, errors) == (0, [])
    for index in range(2):
        pid = (tmp_path / str(index)).read_text()
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True
        )
        # Where nobody asks what has become of it, it stays as a zombie.
        assert not state.stdout or state.stdout.startswith("Z")
