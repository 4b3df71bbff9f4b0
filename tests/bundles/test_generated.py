"""Tasks whose weights a method computes, saved as what it computes."""

import json

import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding
from tf_adapters import methods
from tf_adapters.bundles import BundleError

COMPUTING = {
    "hyperformer": lambda: methods.HyperFormer(4, 6),
    "hyperformer_shared": lambda: methods.HyperFormerShared(4, 6, 5),
    "hyperformer_plus_plus": lambda: methods.HyperFormerPlusPlus(4, 6, 5),
    "compacter": lambda: methods.Compacter(4, phm_dim=2),
    "compacter_plus_plus": lambda: methods.CompacterPlusPlus(4, phm_dim=2),
    "phm_adapter": lambda: methods.PHMAdapter(4, phm_dim=4),
    "low_rank_adapter": lambda: methods.LowRankAdapter(4),
}


@pytest.mark.parametrize(
    "make",
    [
        COMPUTING["hyperformer_plus_plus"],
        *(
            pytest.param(make, marks=pytest.mark.large, id=name)
            for name, make in COMPUTING.items()
            if name != "hyperformer_plus_plus"
        ),
    ],
)
def test_the_plain_method_gives_the_same_answers(tiny, tmp_path, make):
    names = ("rte", "sst5", "stsb")
    model = tiny.model(make(), names)
    tiny.train(model)
    for name in names:
        model.save_task(name, tmp_path / name, generated=True)
    loaded = tiny.model(make().plain(), names[:1], seed=2)
    for name in names:
        loaded.load_task(tmp_path / name)
        assert_same_to_rounding(
            tiny.own_logits(loaded, name, compiled=False),
            tiny.own_logits(model, name, compiled=False),
        )


def test_nothing_of_the_hypernetwork_is_written(tiny, tmp_path):
    model = tiny.model(methods.HyperFormerPlusPlus(4, 6, 5), ("rte", "stsb"))
    model.save_task("rte", tmp_path / "rte", generated=True)
    described = json.loads((tmp_path / "rte" / "bundle.json").read_text())
    assert described["method"]["class_name"] == "NormalizedAdapters"
    shapes = {k: v["shape"] for k, v in described["tensors"].items()}
    adapter = {
        "down": [16, 4],
        "down_bias": [4],
        "up": [4, 16],
        "up_bias": [16],
        "gamma": [16],
        "beta": [16],
    }
    own = {
        f"layer.{i}.{slot}.adapter.{name}": shape
        for i in (0, 1)
        for slot in ("attention", "feedforward")
        for name, shape in adapter.items()
    }
    own |= {"head.kernel": [16, 2], "head.bias": [2]}
    shared = {k: v for k, v in shapes.items() if k.startswith("shared.")}
    assert {k: v for k, v in shapes.items() if k not in shared} == own
    # Gain and offset of five LayerNorms.
    assert list(shared.values()) == [[16]] * 10


@pytest.mark.large
def test_as_its_embedding_a_task_is_next_to_nothing(tiny, tmp_path):
    method = methods.HyperFormerPlusPlus(4, 6, 5)
    model = tiny.model(method, ("rte", "mnli"))
    for name in model.task_names:
        model.save_task(name, tmp_path / name, shared="beside")
    described = json.loads((tmp_path / "mnli" / "bundle.json").read_text())
    own = {
        k: v["shape"]
        for k, v in described["tensors"].items()
        if not k.startswith("shared.")
    }
    assert own == {
        "method.tasks.embedding": [6],
        "head.kernel": [16, 3],
        "head.bias": [3],
    }
    assert len(list(tmp_path.glob("shared-*.safetensors"))) == 1
    loaded = tiny.model(method, ("rte",), seed=2)
    for name in model.task_names:
        loaded.load_task(tmp_path / name)
        assert_same_to_rounding(
            tiny.own_logits(loaded, name), tiny.own_logits(model, name)
        )


def test_the_model_is_as_before(tiny, tmp_path):
    model = tiny.model(methods.HyperFormerPlusPlus(4, 6, 5), ("rte", "stsb"))
    before, logits = tiny.values(model), tiny.own_logits(model, "rte")
    model.save_task("rte", tmp_path / "rte", generated=True)
    assert tiny.values(model) == before
    np.testing.assert_array_equal(tiny.own_logits(model, "rte"), logits)


def test_a_model_of_the_hypernetwork_refuses_it(tiny, tmp_path):
    method = methods.HyperFormerPlusPlus(4, 6, 5)
    model = tiny.model(method)
    model.save_task("rte", tmp_path / "rte", generated=True)
    with pytest.raises(BundleError, match=r"of NormalizedAdapters\("):
        model.load_task(tmp_path / "rte")


@pytest.mark.parametrize("method", ["houlsby", "full_fine_tuning", "lora"])
def test_a_method_that_computes_nothing_is_refused(tiny, tmp_path, method):
    model = tiny.model(method)
    with pytest.raises(ValueError, match="`generated=True` is for methods"):
        model.save_task("rte", tmp_path / "rte", generated=True)
    assert not (tmp_path / "rte").exists()
