"""The client in a process of its own: this one has imported TensorFlow."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent

REFUSE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "keras", "keras_nlp"):
            raise AssertionError(f"{name} is imported")

sys.meta_path.insert(0, Refuse())
"""
ASK = """
from tf_adapters.client import Client

with Client(sys.argv[1]) as client:
    [answer] = client.ask("sentiment", ["a good film"])
    print(answer.label, *answer.scores)
assert "tensorflow" not in sys.modules
"""
# What stood in TensorFlow's place is gone, and both have the same messages.
BOTH = """
import sys
from tf_adapters.client import messages

import tensorflow as tf

proto = tf.make_tensor_proto([1.5, 2.0])
assert messages.rows(proto) == [1.5, 2.0]
request = messages.predict_request("m", 1, "s", {"text": ["a"]})
print(tf.make_ndarray(request.inputs["text"]).tolist())
import tf_adapters
print(tf_adapters.Houlsby(4).bottleneck_dim)
"""


def run(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.large
@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_it_asks_without_tensorflow(our_running, kind):
    url = getattr(our_running, kind)
    printed = run(REFUSE + ASK, url)
    assert printed[0] in ("negative", "positive")
    assert printed[1:] == ["negative", "positive"]


def test_a_process_without_tensorflow_can_name_it():
    program = "from tf_adapters import client; print(client.Client.__name__)"
    imported = "import tf_adapters.client; " + program
    assert run(REFUSE + imported) == ["Client"]


@pytest.mark.large
def test_tensorflow_may_come_later():
    assert run(BOTH) == ["[b'a']", "4"]
