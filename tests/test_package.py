"""What a user meets first: the import, the version, the public names."""

import configparser
import pathlib
import subprocess
import sys

import pytest

import tf_adapters

HEAVY = (
    "matplotlib",
    "scipy",
    "sklearn",
    "tensorflow_datasets",
    "transformers",
    "yaml",
)


@pytest.mark.large
def test_the_import_brings_nothing_heavy_that_keras_nlp_does_not():
    program = (
        "import keras_nlp, sys; before = set(sys.modules); "
        "import tf_adapters; "
        f"heavy = {HEAVY!r}; "
        "print(*(set(heavy) & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_public_names_are_documented():
    public = [
        getattr(tf_adapters, n) for n in dir(tf_adapters) if n[0].isupper()
    ]
    undocumented = [
        thing
        for thing in public
        if callable(thing) and not (thing.__doc__ or "").strip()
    ]
    assert undocumented == []


def test_the_version_is_a_version():
    assert all(part.isdecimal() for part in tf_adapters.__version__.split("."))


def test_every_folder_is_installed():
    root = pathlib.Path(__file__).parent.parent
    settings = configparser.ConfigParser()
    settings.read(root / "setup.cfg")
    found = {
        ".".join(path.parent.relative_to(root).parts)
        for path in (root / "tf_adapters").rglob("__init__.py")
    }
    listed = set(settings["options"]["packages"].split())
    assert listed == found | {"tf_adapters_recipes"}
