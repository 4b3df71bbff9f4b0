import argparse

import numpy as np
import pytest

from tf_adapters.methods import Houlsby
from tf_adapters.training.config import TrainConfig

ARGS = {"batch_size": 8, "length": 6, "dtype": "float32"}


@pytest.mark.large
@pytest.mark.parametrize("mixed", [False, True])
def test_it_times_steps_that_train(script, make_model, monkeypatch, mixed):
    side_by_side = script("side_by_side")
    model = make_model(Houlsby(4))
    batches = []

    def full_batch(args, task_ids):
        batches.append(task_ids.tolist())
        size = (args.batch_size, args.length)
        features = {
            "token_ids": np.arange(np.prod(size)).reshape(size) % 50,
            "segment_ids": np.zeros(size),
            "padding_mask": np.ones(size),
            "task_ids": task_ids,
        }
        return {k: np.asarray(v, "int32") for k, v in features.items()}

    def build(command, args, dtype):
        assert (command, dtype) == ("houlsby", "float32")
        return model, TrainConfig(learning_rate=1.0)

    monkeypatch.setattr(side_by_side, "TASKS", ("one", "two", "three"))
    monkeypatch.setattr(side_by_side, "full_batch", full_batch)
    monkeypatch.setattr(side_by_side, "build", build)
    step = script("step_times").trainer(
        "houlsby", argparse.Namespace(mixed=mixed, **ARGS)
    )
    before = [np.array(v) for v in model.trainable_variables]
    assert step() > 0
    after = [np.array(v) for v in model.trainable_variables]
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    tasks = [0, 1, 2, 0, 1, 2, 0, 1] if mixed else [0] * 8
    assert batches == [tasks]
