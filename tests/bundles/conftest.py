"""Tiny models of every method, and what is needed to compare them."""

import pathlib
import shutil
import types

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters import methods
from tf_adapters.data.task import Task
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier

METHODS = {
    "houlsby": lambda: methods.Houlsby(4),
    "pfeiffer": lambda: methods.Pfeiffer(bottleneck_dim=4),
    "pfeiffer_attention": lambda: methods.Pfeiffer(4, slot="attention"),
    "full_fine_tuning": lambda: methods.FullFineTuning(),
    "last_layers": lambda: methods.LastLayers(1),
    "layer_norm_only": lambda: methods.LayerNormOnly(),
    "compacter": lambda: methods.Compacter(4, phm_dim=2),
    "phm_adapter": lambda: methods.PHMAdapter(4, phm_dim=4),
    "low_rank_adapter": lambda: methods.LowRankAdapter(4),
    "bitfit": lambda: methods.BitFit(),
    "lora": lambda: methods.LoRA(2),
    "prompt_tuning": lambda: methods.PromptTuning(3),
    "intrinsic_said": lambda: methods.IntrinsicSAID(60),
    "hyperformer": lambda: methods.HyperFormer(4, 6),
    "hyperformer_plus_plus": lambda: methods.HyperFormerPlusPlus(4, 6, 5),
    "multi_task_adapters": lambda: methods.MultiTaskAdapters(4),
    "normalized_adapters": lambda: methods.NormalizedAdapters(4),
    "shared_encoder": lambda: methods.SharedEncoder(),
    "shared_encoder_frozen": lambda: methods.SharedEncoder(freeze=True),
    "pals": lambda: methods.PALs(6, num_heads=3),
    "pals_top_attention": lambda: methods.PALsTopAttention(6, 2, 3),
    "pals_lhuc": lambda: methods.PALsLHUC(),
}

NUM_CLASSES = {"rte": 2, "mnli": 3, "sst5": 5}


def make_task(name):
    if name == "stsb":
        return Task(name=name, text_columns=("a", "b"), value_range=(0, 5))
    labels = ("no", "yes", "maybe", "rather", "never")[: NUM_CLASSES[name]]
    return Task(name=name, text_columns=("a", "b"), labels=labels)


def make_model(method="houlsby", names=("rte",), seed=1, scale=0.3, **kwargs):
    """Builds a model of one fixed backbone; `seed` draws all its banks."""
    keras.utils.set_random_seed(0)
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=32,
    )
    chosen = METHODS[method]() if isinstance(method, str) else method
    tasks = [make_task(name) for name in names]
    model = MultiTaskClassifier(backbone, chosen, tasks, **kwargs)
    random = np.random.default_rng(seed)
    for bank in model.banks().values():
        bank.assign(scale * random.normal(size=bank.shape))
    return model


def make_batch(task_ids):
    """Returns one fixed batch, its examples given to `task_ids`."""
    random = np.random.default_rng(0)
    shape = (len(task_ids), 8)
    return {
        "token_ids": random.integers(0, 50, shape).astype("int32"),
        "segment_ids": np.zeros(shape, "int32"),
        "padding_mask": np.ones(shape, "int32"),
        "task_ids": np.array(task_ids, "int32"),
    }


def train(model):
    """Trains one real step on every task of the model."""
    x = make_batch([i % len(model.task_names) for i in range(6)])
    y = np.zeros((6, 1), "float32")
    dataset = tf.data.Dataset.from_tensors((x, y))
    # Eagerly, because tracing costs more than these steps do.
    model.compile(optimizer=keras.optimizers.SGD(0.1), run_eagerly=True)
    model.fit(dataset, shuffle=False, verbose=0)
    model.run_eagerly = False


def values(model):
    """Returns the bytes of every weight, in the order of the model."""
    return [np.array(w).tobytes() for w in model.weights]


def own_logits(model, name, compiled=True):
    """Returns the logits of one batch of one task, eager and compiled."""
    x = make_batch([model.task_id(name)] * 4)
    num_outputs = model.tasks[model.task_id(name)].num_outputs
    found = [np.array(model(x))]
    if compiled:
        found.append(model.predict_on_batch(x))
    return np.stack([logits[:, :num_outputs] for logits in found])


@pytest.fixture(params=METHODS, ids=str)
def method(request):
    return request.param


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A bundle that every test shares and none may change."""
    return make_model().save_task("rte", tmp_path_factory.mktemp("b") / "rte")


@pytest.fixture
def saved(written, tmp_path):
    """The directory of a bundle of the task `rte`, trained by Houlsby."""
    return pathlib.Path(shutil.copytree(written, tmp_path / "rte"))


@pytest.fixture(scope="session")
def bystander():
    """A model that tests share because they leave it as it was."""
    return make_model(seed=2)


@pytest.fixture(scope="session")
def other_model():
    """The same method and task as in `written`, with other weights."""
    return make_model(seed=3)


@pytest.fixture
def tiny():
    """The functions of this file, which no test can import."""
    return types.SimpleNamespace(
        methods=tuple(METHODS),
        task=make_task,
        model=make_model,
        batch=make_batch,
        train=train,
        values=values,
        own_logits=own_logits,
    )
