"""A toy that is learnt in seconds, and a tokenizer to read text with."""

import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

WORDS = ["good", "bad", "fine", "the", "film", "is", "it", "was", "not", "so"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture
def tokenizer():
    """A tokenizer of 50 words, as many as the tiny backbone has."""
    more = [f"word{i}" for i in range(50 - len(SPECIAL) - len(WORDS))]
    return keras_nlp.tokenizers.BertTokenizer(
        [*SPECIAL, *WORDS, *more], lowercase=True
    )


@pytest.fixture
def tiny_preset(make_backbone, tokenizer, tmp_path):
    """The folder of a KerasNLP preset."""
    folder = tmp_path / "tiny"
    make_backbone().save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)


@pytest.fixture
def toy():
    """Draws rows of three tasks in turn; the tokens tell the answer."""

    def toy(count=96, num_tasks=3, width=8, seed=0):
        random = np.random.default_rng(seed)
        task_ids = np.arange(count) % num_tasks
        answer = random.integers(0, np.array([2, 3, 3])[task_ids])
        tokens = np.repeat(10 + answer[:, None], width, axis=1)
        tokens[:, 0] = 2
        tokens[:, -2:] = random.integers(20, 50, (count, 2))
        x = {
            "token_ids": tokens,
            "segment_ids": np.zeros_like(tokens),
            "padding_mask": np.ones_like(tokens),
            "task_ids": task_ids,
        }
        x = {k: v.astype("int32") for k, v in x.items()}
        y = np.where(task_ids == 2, answer / 2, answer).astype("float32")
        return x, y

    return toy


@pytest.fixture
def toy_dataset(toy):
    """The toy in batches; the third column weighs the rows."""

    def toy_dataset(batch_size=12, weight=None, **kwargs):
        x, y = toy(**kwargs)
        weight = np.ones_like(y) if weight is None else weight
        dataset = tf.data.Dataset.from_tensor_slices((x, y, weight))
        return dataset.batch(batch_size, drop_remainder=True)

    return toy_dataset


@pytest.fixture
def small_model(make_backbone, make_model):
    """Builds a model of one layer, without dropout."""

    def small_model(method, num_tasks=3, dtype=None, **kwargs):
        backbone = make_backbone(num_layers=1, dropout=0.0, dtype=dtype)
        return make_model(
            method, num_tasks, dropout=0.0, backbone=backbone, **kwargs
        )

    return small_model


@pytest.fixture
def count_steps(monkeypatch):
    """Counts how often Python runs a training step: once for each trace."""

    def count_steps(model):
        runs, step = [], model.train_step
        monkeypatch.setattr(
            model, "train_step", lambda data: (runs.append(1), step(data))[1]
        )
        return runs

    return count_steps


@pytest.fixture(scope="session")
def two_cpus():
    """A `MirroredStrategy` of two replicas.

    One for all tests: each strategy numbers its collective operations from
    the start, and two of them in one process get in each other's way.
    """
    devices = tf.config.list_logical_devices("CPU")[:2]
    return tf.distribute.MirroredStrategy([d.name for d in devices])
