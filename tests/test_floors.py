"""The floors of the library: an import that points back up fails here."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent / "tf_adapters"

# What the modules of a floor may import, besides their own floor.
MAY_IMPORT = {
    "layers": set(),
    "data": set(),
    "methods": {"layers"},
    "encoder": {"data", "layers", "methods"},
    "bundles": {"data"},
    "export": {"data"},
    "server": {"export"},
    "client": set(),
    "model": {"bundles", "data", "encoder", "layers"},
    "publishing": {
        "bundles",
        "data",
        "encoder",
        "export",
        "layers",
        "methods",
        "model",
    },
    "evaluation": {"data", "layers", "model"},
    "tensorboard": {
        "data",
        "encoder",
        "evaluation",
        "layers",
        "methods",
        "model",
    },
    "training": {"data", "evaluation", "model", "tensorboard"},
    "runs": {
        "bundles",
        "data",
        "encoder",
        "evaluation",
        "export",
        "methods",
        "model",
        "tensorboard",
        "training",
    },
    "comparison": {"runs", "training"},
    "tuning": {"data", "runs", "training"},
    "scoring": {"data", "export"},
    "command_line": {
        "client",
        "comparison",
        "data",
        "evaluation",
        "export",
        "model",
        "publishing",
        "runs",
        "scoring",
        "server",
        "training",
        "tuning",
    },
}
# What stands beside the floors, for all of them.
FOR_ALL = {"own_commands", "storage", "version"}
# Read KerasNLP's privates nowhere else.
PRIVATE = "keras_hub.src"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{a.name}" for a in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_a_floor_imports_only_floors_below_it(floor):
    for path in (ROOT / floor).rglob("*.py"):
        for module in imported(path):
            parts = module.split(".")
            if parts[0] != "tf_adapters":
                continue
            allowed = MAY_IMPORT[floor] | {floor} | FOR_ALL
            assert parts[1] in allowed, f"{path} imports {module}"


def test_every_folder_of_the_package_is_a_floor():
    folders = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert folders == set(MAY_IMPORT)


def test_only_the_encoder_reads_the_privates_of_kerasnlp():
    for path in ROOT.rglob("*.py"):
        if path.parent.name != "encoder":
            assert not any(m.startswith(PRIVATE) for m in imported(path)), path


def test_layers_know_neither_tensorflow_nor_kerasnlp():
    for path in (ROOT / "layers").rglob("*.py"):
        roots = {module.split(".")[0] for module in imported(path)}
        assert not roots & {"tensorflow", "keras_nlp", "keras_hub"}, path


def test_the_client_knows_tensorflow_only_by_its_messages():
    for path in (ROOT / "client").rglob("*.py"):
        for module in imported(path):
            if module.split(".")[0] == "tensorflow":
                assert module == "tensorflow.core.framework.tensor_pb2", path


def test_recipes_import_the_library_and_never_one_another():
    for path in (ROOT.parent / "models").glob("*.py"):
        assert not any(m.startswith("models") for m in imported(path)), path
