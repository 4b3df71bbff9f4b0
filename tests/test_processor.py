"""Whether a process computes with oneDNN, by what came first."""

import os
import subprocess
import sys

import pytest

from tf_adapters import processor

STATE = (
    "from tensorflow.python.util import _pywrap_util_port as port; "
    "print(port.IsMklEnabled())"
)

on_x86 = pytest.mark.skipif(
    "platform.machine() not in ('x86_64', 'AMD64')", reason="oneDNN is for x86"
)


def run(program, **environment):
    """Runs a program without the setting that these tests run with."""
    inherited = {k: v for k, v in os.environ.items() if k != processor.VARIABLE}
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


@on_x86
@pytest.mark.large
def test_the_import_switches_it_on():
    assert run(f"import tf_adapters; {STATE}").stdout.split() == ["True"]


@on_x86
@pytest.mark.large
def test_the_users_own_setting_wins():
    found = run(f"import tf_adapters; {STATE}", TF_ENABLE_ONEDNN_OPTS="0")
    assert found.stdout.split() == ["False"]
    assert "oneDNN" not in found.stderr.replace("oneDNN custom", "")


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.delenv(processor.VARIABLE, raising=False)
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")


def test_it_says_what_would_help_where_tensorflow_came_first(
    unset, monkeypatch
):
    monkeypatch.setattr(processor, "_is_enabled", lambda: False)
    with pytest.warns(UserWarning, match="set TF_ENABLE_ONEDNN_OPTS=1"):
        processor.enable_onednn()
    assert processor.VARIABLE not in os.environ


# setup.cfg ignores this warning, since the tests compute as TensorFlow would.
@pytest.mark.filterwarnings("error")
def test_it_is_silent_where_nothing_would_help(unset, monkeypatch):
    monkeypatch.setattr(processor, "_is_enabled", lambda: True)
    processor.enable_onednn()
    monkeypatch.setattr(processor, "_is_enabled", lambda: False)
    monkeypatch.setattr(processor.platform, "machine", lambda: "arm64")
    processor.enable_onednn()
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv(processor.VARIABLE, "0")
    processor.enable_onednn()
    assert os.environ[processor.VARIABLE] == "0"
