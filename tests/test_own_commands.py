"""What a command answers before it imports TensorFlow, and what it keeps quiet.

Each runs in a process of its own: this one has imported everything.
"""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
TRAIN = [sys.executable, str(ROOT / "train.py")]
COMMAND = [sys.executable, "-m", "tf_adapters"]

# Fails at the first import of what takes seconds.
NO_TENSORFLOW = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "keras", "keras_nlp", "transformers"):
            raise AssertionError(f"{name} is imported")

sys.meta_path.insert(0, Refuse())
"""


def run(command, tmp_path, **environment):
    """Runs a command with what is in `tmp_path` first on its path."""
    quiet = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    quiet.pop("TRANSFORMERS_NO_ADVISORY_WARNINGS", None)
    environment["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    return subprocess.run(
        command, capture_output=True, text=True, env=quiet | environment
    )


@pytest.fixture
def no_tensorflow(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NO_TENSORFLOW)
    return tmp_path


@pytest.mark.parametrize(
    "command, code, answer",
    [
        (TRAIN + ["--help"], 0, "usage: train.py"),
        (TRAIN + ["--version"], 0, "train.py 0."),
        (TRAIN + ["hulsby"], 2, "Did you mean 'houlsby'?"),
        (TRAIN + ["compacter", "--help"], 0, "--phm_dim"),
        (TRAIN + ["houlsby", "--lerning_rate", "1"], 2, "--learning_rate"),
        (TRAIN + ["houlsby", "--learning_rate", "inf"], 2, "finite"),
        (
            TRAIN + ["houlsby", "--data_dir", "/no/such", "--tasks", "cola"],
            2,
            "which is no folder",
        ),
        (COMMAND + ["--help"], 0, "usage: tf-adapters"),
        (COMMAND + ["--version"], 0, "tf-adapters 0."),
        (COMMAND + ["params", "lora", "--help"], 0, "--hidden_dim"),
        (COMMAND + ["predict", "/no/such", "--task", "a", "b"], 2, "run dir"),
        (COMMAND + ["evaluate", "/no/such"], 2, "run directory"),
        (COMMAND + ["export", "/no/such"], 2, "run directory"),
        (COMMAND + ["check", "/no/such"], 2, "`assets.extra/sha256sums`"),
        (COMMAND + ["export", "--bundles", "a"], 2, "--preset PRESET"),
        (COMMAND + ["tasks", "list", "/no/such"], 2, "which has none"),
        (COMMAND + ["score", "/no/such", "a", "--output", "b"], 2, "has none"),
        (COMMAND + ["serve", "/no/such"], 2, "which has none"),
        (COMMAND + ["serve", "--rest_port", "1"], 2, "must come first"),
        (COMMAND + ["ask", "localhost:1", "--task", "a", "b"], 2, "`url` must"),
        (COMMAND + ["launch", "--", "true"], 0, ""),
        (COMMAND + ["compare", "/no/such"], 2, "a finished run"),
        (COMMAND + ["tune", "lora", "--help"], 0, "--num_trials"),
        (COMMAND + ["tune", "lora", "--space", "rank=a"], 2, "list of int"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, list) else None,
)
def test_it_is_answered_without_tensorflow(
    no_tensorflow, command, code, answer
):
    done = run(command, no_tensorflow)
    assert done.returncode == code, done.stderr
    assert answer in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.large
def test_nothing_is_printed_but_the_answer(tmp_path):
    done = run(COMMAND + ["params", "houlsby", "--num_layers", "1"], tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith("backbone")


@pytest.mark.large
def test_whoever_asks_for_the_logs_of_tensorflow_gets_them(tmp_path):
    command = COMMAND + ["params", "houlsby", "--num_layers", "1"]
    done = run(command, tmp_path, TF_CPP_MIN_LOG_LEVEL="0")
    assert "oneDNN" in done.stderr or "cpu_feature_guard" in done.stderr


@pytest.mark.large
def test_keras_knows_every_class_once_the_library_is_imported(tmp_path):
    program = (
        "import tf_adapters, keras; "
        "known = keras.saving.get_custom_objects(); "
        "print(*sorted(known))"
    )
    done = run([sys.executable, "-c", program], tmp_path)
    known = done.stdout.split()
    for name in ("MultiTaskClassifier", "Houlsby", "BottleneckAdapter", "PALs"):
        assert f"tf_adapters>{name}" in known
