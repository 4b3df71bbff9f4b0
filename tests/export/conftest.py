import functools

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.data.task import Task
from tf_adapters.export import export_saved_model
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] a good bad film ##s is".split()

TASKS = (
    Task(
        name="sentiment",
        text_columns=("sentence",),
        labels=("negative", "positive"),
    ),
    Task(
        name="mrpc",
        text_columns=("#1 String", "#2 String"),
        labels=("different", "same", "unsure"),
    ),
    Task(
        name="sts-b",
        text_columns=("from", "to"),
        value_range=(1.0, 5.0),
    ),
)

# One row a task, of different lengths.
MIXED = {
    "text": ["a good film", "films", "is a film good a bad film", "bad"],
    "text_pair": ["", "a film", "a is good", ""],
    "task": ["sentiment", "mrpc", "sts-b", "sentiment"],
}


def make_backbone(**kwargs):
    return keras_nlp.models.BertBackbone(
        vocabulary_size=len(VOCABULARY),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=32,
        **kwargs,
    )


def randomise(model):
    """Gives every weight a size that no test can mistake for zero."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(scale=0.3, size=weight.shape))


def make_classifier(backbone, tasks=TASKS, tokenizer=None, method=None):
    tokenizer = tokenizer or keras_nlp.models.BertTokenizer(
        vocabulary=VOCABULARY
    )
    model = MultiTaskClassifier(
        backbone, method or Houlsby(4), tasks, tokenizer=tokenizer
    )
    randomise(model)
    return model


@pytest.fixture(scope="session")
def make_model():
    """A function from tasks and arguments of a `BertBackbone` to a model."""

    def make_model(tasks=TASKS, method=None, **kwargs):
        backbone = make_backbone(**kwargs)
        return make_classifier(backbone, tasks, method=method)

    return make_model


@pytest.fixture(scope="session")
def classifier_of():
    return make_classifier


@pytest.fixture(scope="session")
def mixed():
    return MIXED


@pytest.fixture(scope="session")
def model():
    keras.utils.set_random_seed(0)
    return make_classifier(make_backbone())


@pytest.fixture(scope="session")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("serving")
    return export_saved_model(model, path, sequence_length=16)


@pytest.fixture(scope="session")
def artefact(folder):
    return tf.saved_model.load(str(folder))


@pytest.fixture(scope="session")
def call(artefact):
    """A function that calls a signature of the artefact by its name."""

    def call(signature, **inputs):
        inputs = {
            k: tf.constant(
                v, tf.int32 if "id" in k or "mask" in k else tf.string
            )
            for k, v in inputs.items()
        }
        outputs = artefact.signatures[signature](**inputs)
        return {k: v.numpy() for k, v in outputs.items()}

    return call


@pytest.fixture(scope="session")
def serve(artefact):
    """A function from three columns to what `serving_default` answers."""

    def serve(texts, pairs, tasks):
        columns = {"text": texts, "text_pair": pairs, "task": tasks}
        tensors = {k: tf.constant(v, tf.string) for k, v in columns.items()}
        outputs = artefact.signatures["serving_default"](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    return serve


@pytest.fixture(scope="session")
def alone(serve):
    """The scores of a row that is the whole request."""

    @functools.cache
    def alone(*row):
        return serve(*[[value] for value in row])["scores"][0]

    return alone
