"""A tiny preset, and bundles of many runs on it."""

import dataclasses
import types

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters import load_preset
from tf_adapters import methods
from tf_adapters.data.task import Task
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] a good bad film ##s is not".split()
LABELS = ("no", "yes", "maybe")

# Five methods and three widths; three pairs share what they trained.
METHODS = {
    "houlsby": lambda: methods.Houlsby(8, activation="relu"),
    "houlsby_narrow": lambda: methods.Houlsby(2),
    "pfeiffer": lambda: methods.Pfeiffer(4, activation="gelu_exact"),
    "compacter": lambda: methods.Compacter(4, phm_dim=2),
    "hyperformer": lambda: methods.HyperFormerPlusPlus(2, 6, 5),
    "multi_task": lambda: methods.MultiTaskAdapters(8, activation="tanh"),
}
OTHERS = {
    "layer_norm_only": methods.LayerNormOnly,
    "adapter_drop": lambda: methods.AdapterDrop(4, dropped_layers=1),
    "low_rank_adapter": lambda: methods.LowRankAdapter(4),
    "phm_adapter": lambda: methods.PHMAdapter(4, phm_dim=4),
    "normalized_adapters": lambda: methods.NormalizedAdapters(4),
    "hyperformer": lambda: methods.HyperFormer(4, 6),
    "pals": lambda: methods.PALs(6, num_heads=3),
    "lora": lambda: methods.LoRA(2),
    "prompt_tuning": lambda: methods.PromptTuning(3),
    "intrinsic_said": lambda: methods.IntrinsicSAID(60),
    "bitfit": methods.BitFit,
    "last_layers": lambda: methods.LastLayers(1),
}


def make_preset(folder, seed=0, words=WORDS, **settings):
    keras.utils.set_random_seed(seed)
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=32,
    )
    random = np.random.default_rng(seed)
    for weight in backbone.weights:
        if "seed" not in weight.path:
            drawn = random.normal(size=weight.shape, scale=0.2)
            weight.assign(drawn + ("gamma" in weight.path))
    backbone.save_to_preset(folder)
    tokenizer = keras_nlp.models.BertTokenizer(words, **settings)
    tokenizer.save_to_preset(folder)
    return str(folder)


def make_task(name, index=0):
    if index % 3 == 2:
        return Task(name=name, text_columns=("one",), value_range=(-5, 5))
    columns = ("one", "two")[: 1 + index % 2]
    return Task(name=name, text_columns=columns, labels=LABELS[: 2 + index % 2])


def make_run(preset, method, names, seed=1, **kwargs):
    """Returns a model whose every weight that trains has moved."""
    tasks = [make_task(name, i) for i, name in enumerate(names)]
    backbone, tokenizer = load_preset(preset)
    model = MultiTaskClassifier(
        backbone, method, tasks, tokenizer=tokenizer, **kwargs
    )
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        drawn = random.normal(size=weight.shape, scale=0.3)
        weight.assign(np.array(weight) + drawn)
    return model


def save_run(model, folder, **kwargs):
    return {
        name: str(model.save_task(name, folder / name, **kwargs))
        for name in model.task_names
    }


def ask(folder, rows):
    """Asks a SavedModel rows of a task and its texts, in one request."""
    artefact = tf.saved_model.load(str(folder))
    tasks, texts, pairs = zip(*rows, strict=True)
    outputs = artefact.signatures["serving_default"](
        task=tf.constant(tasks),
        text=tf.constant(texts),
        text_pair=tf.constant(pairs),
    )
    return {key: np.array(value) for key, value in outputs.items()}


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    return make_preset(tmp_path_factory.mktemp("preset"))


@pytest.fixture(scope="session")
def runs(preset, tmp_path_factory):
    """Six runs of two tasks, of five methods and three widths."""
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for i, (name, make) in enumerate(METHODS.items()):
        tasks = (f"{name}_a", f"{name}_b", f"{name}_c")[i % 2 :][:2]
        model = make_run(preset, make(), tasks, seed=i)
        bundles = save_run(model, folder / name / "bundles")
        found.append(types.SimpleNamespace(model=model, bundles=bundles))
    return found


@pytest.fixture(scope="session")
def folders(runs):
    """The bundle of each of the twelve tasks."""
    return {k: v for run in runs for k, v in run.bundles.items()}


@pytest.fixture
def made():
    """The functions of this file, which no test can import."""
    return types.SimpleNamespace(
        preset=make_preset,
        task=make_task,
        run=make_run,
        save=save_run,
        ask=ask,
        methods={**METHODS, **OTHERS},
        words=WORDS,
        replace=dataclasses.replace,
    )
