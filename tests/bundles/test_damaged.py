"""Bundles that were damaged at random: none is loaded, each is named."""

import json
import pathlib
import shutil

import numpy as np
import pytest

from tf_adapters import bundles

FILES = ("bundle.json", "weights.safetensors")


@pytest.fixture(scope="module")
def other(other_model, tmp_path_factory):
    """A bundle of the same task with other weights and another note."""
    path = tmp_path_factory.mktemp("other") / "rte"
    return other_model.save_task("rte", path, metadata={"accuracy": 0.5})


def cut(random, path, other):
    data = path.read_bytes()
    # Of the text file the last byte is a line break, which says nothing.
    path.write_bytes(data[: random.integers(len(data) - 1)])


def flip(random, path, other):
    data = bytearray(path.read_bytes())
    data[random.integers(len(data))] ^= 1 << random.integers(8)
    path.write_bytes(data)


def swap(random, path, other):
    shutil.copy(other / path.name, path)


def remove(random, path, other):
    path.unlink()


def announce(random, path, other):
    """A header of safetensors that is longer than any file."""
    data = bytearray(path.read_bytes())
    data[:8] = int(random.integers(2**40, 2**63)).to_bytes(8, "little")
    path.write_bytes(data)


def edit(random, path, other):
    """Writes JSON of the right form that says something else."""
    path = path.with_name("bundle.json")
    described = json.loads(path.read_text())
    tensors = described["tensors"]
    entry = tensors[random.choice(sorted(tensors))]
    name = random.choice(sorted(tensors))
    edits = (
        lambda: entry.update(shape=[int(random.integers(1, 99)), 77]),
        lambda: entry.update(dtype="int8"),
        lambda: tensors.update({f"{name}.more": tensors.pop(name)}),
        lambda: described["task"].update(labels=["yes", "no"]),
        lambda: described["task"].update(name="mnli"),
        lambda: described["method"]["config"].update(bottleneck_dim=5),
        lambda: described["metadata"].update(accuracy=1.0),
        lambda: described.pop(random.choice(sorted(described))),
        lambda: described.update(format_version=[]),
        lambda: described.update(task=None),
    )
    edits[random.integers(len(edits))]()
    # Without its digest it is a bundle of before, where nothing is to be seen.
    described.setdefault("description_sha256", "0" * 64)
    path.write_text(json.dumps(described))


DAMAGES = (cut, flip, swap, remove, announce, edit)

# Methods that would do something if Keras made them.
CRAFTED = [
    {"module": "os", "class_name": "system", "config": {"command": "{}"}},
    {
        "module": "builtins",
        "class_name": "function",
        "config": "eval",
        "registered_name": "function",
    },
    {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {}}},
        "registered_name": None,
    },
    {"module": "witness", "class_name": "Anything", "config": {}},
    {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 1},
        "registered_name": "Dense",
    },
]
CRAFTED_IDS = ["os", "builtins", "Lambda", "module", "layer"]


def says_the_same(path, original):
    """Whether a flipped bit is in the white space of the JSON."""
    try:
        return json.loads(path.read_bytes()) == json.loads(original)
    except ValueError:
        return False


def check(damage, random, saved, other, model, folder):
    copy = shutil.copytree(saved, folder)
    path = copy / FILES[random.integers(2)]
    original = path.read_bytes()
    damage(random, path, other)
    if (
        path.name == "bundle.json"
        and path.exists()
        and path.read_bytes() != original
        and says_the_same(path, original)
    ):
        bundles.read_bundle(copy)
        return False
    with pytest.raises(bundles.BundleError) as raised:
        model.load_task(copy)
    message = str(raised.value)
    assert any(str(copy / name) in message for name in FILES) or (
        damage is remove and f"`{path.name}` cannot be read" in message
    )
    return True


@pytest.mark.parametrize(
    "count", [18, pytest.param(500, marks=pytest.mark.large)]
)
def test_no_damaged_bundle_is_loaded(
    written, other, bystander, tiny, tmp_path, count
):
    random = np.random.default_rng(count)
    before, names = tiny.values(bystander), bystander.task_names
    found = 0
    for i in range(count):
        damage = DAMAGES[i % len(DAMAGES)]
        folder = tmp_path / str(i)
        found += check(damage, random, written, other, bystander, folder)
        shutil.rmtree(folder)
    assert tiny.values(bystander) == before
    assert bystander.task_names == names
    # A bit of white space now and then is no damage.
    assert found > 0.95 * count


def test_a_bit_of_a_label_is_seen(saved, bystander):
    """`maybe` is as good a label as `naybe`, but not what was trained."""
    path = saved / "bundle.json"
    data = path.read_bytes()
    assert data.count(b'"yes"') == 1
    path.write_bytes(data.replace(b'"yes"', b'"xes"'))
    with pytest.raises(bundles.BundleError, match="bundle.json.*was changed"):
        bundles.read_bundle(saved)


def test_its_layout_is_free(saved, bystander, tiny):
    path = saved / "bundle.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(described.items()))))
    assert bundles.read_bundle(saved).task == tiny.task("rte")


def test_a_bundle_of_before_has_no_digest_of_its_description(saved, tiny):
    path = saved / "bundle.json"
    described = json.loads(path.read_text())
    del described["description_sha256"]
    path.write_text(json.dumps(described))
    assert bundles.read_bundle(saved).task == tiny.task("rte")


@pytest.mark.parametrize("method", CRAFTED, ids=CRAFTED_IDS)
def test_no_code_that_a_bundle_names_is_run(
    saved, bystander, tmp_path, monkeypatch, method
):
    """A method is compared with that of the model, and never made."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "witness.py").write_text("raise SystemExit('was imported')")
    path = saved / "bundle.json"
    described = json.loads(path.read_text())
    del described["description_sha256"]
    described["method"] = method
    path.write_text(json.dumps(described))
    name = method["class_name"]
    with pytest.raises(
        bundles.BundleError,
        match=rf"must be of the method.*bundle.json` of {name}\(",
    ):
        bystander.load_task(saved)


def test_no_module_of_bundles_makes_an_object_from_its_name():
    """Neither pickle nor Keras's own way to deserialise is there to be used."""
    for path in pathlib.Path(bundles.__file__).parent.glob("*.py"):
        text = path.read_text("utf-8")
        for word in ("pickle.", "deserialize", "import_module", "eval("):
            assert word not in text, path
