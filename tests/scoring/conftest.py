"""A tiny SavedModel of three tasks, and files of rows."""

import keras
import keras_nlp
import numpy as np
import pytest

from tf_adapters.data.task import Task
from tf_adapters.export.saved_model import export_saved_model
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] a good bad film ##s is".split()
TASKS = (
    Task(name="mood", text_columns=("sentence",), labels=("bad", "good")),
    Task(name="same", text_columns=("from", "to"), labels=("no", "yes", "?")),
    Task(name="near", text_columns=("from", "to"), value_range=(1.0, 5.0)),
)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The folder of the versions of a SavedModel."""
    keras.utils.set_random_seed(0)
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=16,
    )
    tokenizer = keras_nlp.models.BertTokenizer(vocabulary=VOCABULARY)
    model = MultiTaskClassifier(
        backbone, Houlsby(2), TASKS, tokenizer=tokenizer
    )
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(scale=0.5, size=weight.shape))
    folder = tmp_path_factory.mktemp("served")
    export_saved_model(model, folder, sequence_length=16)
    return folder


@pytest.fixture
def tasks():
    return {task.name: task for task in TASKS}
