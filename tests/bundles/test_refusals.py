"""Every bundle that is refused, how, and that the model stays as it was."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

from tf_adapters import bundles
from tf_adapters import methods


@pytest.fixture
def refuses(tiny, saved, bystander):
    """Checks that a model refuses `saved`, and that nothing has changed."""

    def check(message, model=None, **kwargs):
        model = bystander if model is None else model
        before, names = tiny.values(model), model.task_names
        with pytest.raises(bundles.BundleError, match=message):
            model.load_task(saved, **kwargs)
        assert tiny.values(model) == before
        assert model.task_names == names

    return check


def rewrite(directory, **changes):
    """Changes keys of `bundle.json`; `None` removes one, and its digest."""
    path = directory / "bundle.json"
    changes = {"description_sha256": None, **changes}
    described = json.loads(path.read_text()) | changes
    kept = {k: v for k, v in described.items() if v is not None}
    path.write_text(json.dumps(kept))


def replace_tensors(directory, tensors, table=True):
    """Writes other tensors with a right sha256 and, if asked, a right table."""
    data = safetensors.numpy.save(tensors)
    (directory / "weights.safetensors").write_bytes(data)
    entries = {
        name: {"shape": list(t.shape), "dtype": str(t.dtype)}
        for name, t in tensors.items()
    }
    changes = {"tensors": entries} if table else {}
    sha256 = hashlib.sha256(data).hexdigest()
    rewrite(directory, weights_sha256=sha256, **changes)


@pytest.fixture
def tensors(saved):
    return dict(bundles.read_bundle(saved).tensors)


@pytest.mark.parametrize("name", ["bundle.json", "weights.safetensors"])
def test_a_missing_file(saved, refuses, name):
    (saved / name).unlink()
    refuses(f"`{name}` cannot be read .No such file.*given to `save_task`")


def test_a_directory_that_is_not_there(bystander, tmp_path):
    with pytest.raises(bundles.BundleError, match="nowhere.*cannot be read"):
        bystander.load_task(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "bundle.json` must be as .* it is not JSON"),
        (b"\xff\xfe", "bundle.json` must be as .* it is not JSON"),
        ("[" * 100_000, "it is not JSON .maximum recursion depth"),
        ("[1]", "it does not hold a JSON object"),
        ("{}", "it lacks format_version, library_version, task, num_outputs"),
    ],
)
def test_a_description_that_is_not_one(saved, refuses, text, message):
    data = text if isinstance(text, bytes) else text.encode()
    (saved / "bundle.json").write_bytes(data)
    refuses(message)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format_version": 2}, "format 1.*format_version=2.*that wrote it"),
        ({"pooling": None}, "it lacks pooling"),
        ({"task": [1]}, r"task=\[1\] is not of type dict"),
        ({"task": {"name": "rte"}}, "its task is not one"),
        ({"num_outputs": 3}, "num_outputs=3, but the task has 2"),
        ({"tensors": {"a": 1}}, "table of tensors is malformed"),
        ({"weights_sha256": "abc"}, "weights_sha256='abc' is no sha256"),
        ({"shared_sha256": "\0" * 64}, r"shared_sha256='.x00.* is no sha256"),
        ({"shared_sha256": "/" * 64}, "shared_sha256='/.* is no sha256"),
        ({"more": 1}, "it has keys of no bundle: more"),
        ({"description_sha256": "a" * 64}, "sha256 .* is 'aaaaaaaaaaaa': it w"),
    ],
)
def test_a_description_that_was_changed(saved, refuses, changes, message):
    rewrite(saved, **changes)
    refuses(message)


@pytest.mark.parametrize("keep", [0, 5, 1000, -1])
def test_a_file_cut_short(saved, refuses, keep):
    path = saved / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    refuses("weights.safetensors` must be.*it was cut short or changed")


@pytest.mark.parametrize("where", [0, 100, -1])
def test_a_flipped_bit(saved, refuses, where):
    path = saved / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(data)
    refuses("have the sha256 [0-9a-f]{12}, but .*cut short or changed")


def test_a_file_that_is_not_safetensors(saved, refuses):
    (saved / "weights.safetensors").write_bytes(b"no")
    rewrite(saved, weights_sha256=hashlib.sha256(b"no").hexdigest())
    refuses("it is not a safetensors file")


def test_a_file_that_differs_from_its_table(saved, refuses, tensors):
    tensors["head.bias"] = np.zeros(3, "float32")
    tensors["head.more"] = tensors.pop("head.kernel")
    replace_tensors(saved, tensors, table=False)
    refuses(
        "differs from the table.*missing: head.kernel; not expected: "
        r"head.more; head.bias: float32\(3,\) instead of float32\(2,\)"
    )


def test_tensors_that_the_model_has_not(saved, refuses, tensors):
    tensors["head.bias"] = np.zeros(2, "float64")
    tensors["top.adapter.up"] = tensors.pop("layer.1.feedforward.adapter.up")
    replace_tensors(saved, tensors)
    refuses(
        "no more and no fewer.*missing: layer.1.feedforward.adapter.up; "
        r"not expected: top.adapter.up; head.bias: float64\(2,\) instead"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite(saved, refuses, tensors, value):
    tensors["head.bias"] = np.array([0, value], "float32")
    replace_tensors(saved, tensors)
    refuses("not finite: head.bias")


def test_another_backbone(tiny, refuses):
    model = tiny.model(seed=2)
    model.encoder.pooler.bias.assign_add(np.full(16, 1e-6))
    refuses("backbone [0-9a-f]{12}, for .* backbone [0-9a-f]{12}", model)


@pytest.mark.parametrize(
    "method, wanted",
    [
        (methods.Houlsby(5), r"Houlsby\(bottleneck_dim=5"),
        (methods.Pfeiffer(bottleneck_dim=4), r"Pfeiffer\(slot='feedforward'"),
    ],
    ids=["config", "class"],
)
def test_another_method(tiny, refuses, method, wanted):
    message = rf"of Houlsby\(bottleneck_dim=4.*for a model of {wanted}"
    refuses(message, tiny.model(method))


def test_another_pooling(tiny, refuses):
    model = tiny.model(pooling="mean")
    refuses("pooling='pooler', for a model with pooling='mean'", model)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"labels": ("yes", "no")}, r"labels=\['no', 'yes'\] instead of"),
        ({"text_columns": ("b", "a")}, r"text_columns=\['a', 'b'\] instead"),
    ],
    ids=["labels", "columns"],
)
def test_another_task_of_the_name(tiny, refuses, monkeypatch, change, message):
    model = tiny.model()
    task = dataclasses.replace(tiny.task("rte"), **change)
    model._task_configs = [task.get_config()]
    refuses(f"{message}.*under another name with `name=`", model)


def test_other_metrics_are_no_reason(tiny, saved):
    model = tiny.model(seed=2)
    task = dataclasses.replace(tiny.task("rte"), metrics=("f1",))
    model._task_configs = [task.get_config()]
    assert model.load_task(saved) == "rte"


def test_a_name_that_no_task_can_have(refuses):
    refuses("`name` must be lower case letters.*name='No Name'", name="No Name")
