import numpy as np
import pytest

from tf_adapters.layers.banks import bank


@pytest.fixture(params=["gathered", "by_task"])
def either_way(request, monkeypatch):
    """Lets a batch gather its weights, or be taken apart by task."""
    limit = {"gathered": np.inf, "by_task": 0}[request.param]
    monkeypatch.setattr(bank, "_GATHERED", limit)


@pytest.fixture
def mixed_batch():
    """Hidden states of four examples of three tasks, and their padding."""
    x = np.random.default_rng(1).normal(size=(4, 5, 8)).astype("float32")
    mask = np.arange(5) < np.array([[5], [3], [1], [4]])
    return x, mask.astype("int32"), np.array([1, 0, 2, 1], "int32")
