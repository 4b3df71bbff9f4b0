"""Tiny trainings of two tasks, and TensorBoard's own answers about them."""

import json
import urllib.parse
import urllib.request

import keras
import keras_nlp
import numpy as np
import pytest
from tensorboard import program

import tf_adapters
from tf_adapters.data.examples import Examples
from tf_adapters.training.optimizer import make_optimizer

WORDS = ("good", "bad", "fine", "film", "so")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TASKS = (
    tf_adapters.Task(name="mood", text_columns=("text",), labels=("no", "yes")),
    tf_adapters.Task(name="stars", text_columns=("a", "b"), value_range=(0, 5)),
)
CONFIG = tf_adapters.TrainConfig(
    batch_size=4, num_epochs=2, sequence_length=16, learning_rate=1e-3
)


class Server:
    """A TensorBoard on a folder, asked as a browser asks it."""

    def __init__(self, folder):
        board = program.TensorBoard()
        options = ["--load_fast", "false", "--reload_interval", "0"]
        board.configure(
            argv=["tensorboard", "--logdir", str(folder), "--port", "0"]
            + options
        )
        self.url = board.launch().rstrip("/")

    def bytes(self, path, **query):
        url = f"{self.url}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    def ask(self, path, **query):
        return json.loads(self.bytes(path, **query))

    def post(self, path, **body):
        url = f"{self.url}/data/{path}"
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def tags(self, plugin, run="."):
        return set(self.ask(f"plugin/{plugin}/tags").get(run, {}))

    def curve(self, tag, run="."):
        """The points of a scalar, as pairs of a step and a value."""
        found = self.ask("plugin/scalars/scalars", run=run, tag=tag)
        return [(step, value) for _, step, value in found]


@pytest.fixture(scope="session")
def serve():
    return Server


def draw_examples(count, seed=0):
    """Draws examples of both tasks, of 13 tokens each: one shape to trace."""
    random = np.random.default_rng(seed)

    def texts(words):
        return [" ".join(random.choice(WORDS, words)) for _ in range(count)]

    mood, stars = TASKS
    return {
        "mood": Examples(mood, (texts(11),), np.arange(count) % 2),
        "stars": Examples(stars, (texts(5), texts(5)), np.arange(count) % 5),
    }


def build_model(method, num_layers=1, **kwargs):
    """Builds a tiny model of both tasks, without dropout."""
    keras.utils.set_random_seed(0)
    backbone = keras_nlp.models.BertBackbone(
        50, num_layers, 2, 16, 32, max_sequence_length=16, dropout=0.0
    )
    return tf_adapters.MultiTaskClassifier(
        backbone,
        method,
        TASKS,
        tokenizer=keras_nlp.models.BertTokenizer([*SPECIAL, *WORDS]),
        head_dropout=0.0,
        **kwargs,
    )


class Toy:
    """A model, what it is trained on, and how."""

    def __init__(self, method, num_layers=1, steps_per_execution=1):
        self.model = build_model(method, num_layers)
        self.training_set = tf_adapters.training_set(
            self.model, draw_examples(24), CONFIG
        )
        self.dev = draw_examples(6, seed=1)
        steps = self.training_set.steps_per_epoch * CONFIG.num_epochs
        self.model.compile(
            make_optimizer(CONFIG, steps),
            jit_compile=False,
            steps_per_execution=steps_per_execution,
        )

    def board(self, folder, **kwargs):
        kwargs = {"training_set": self.training_set, "dev": self.dev, **kwargs}
        return tf_adapters.TensorBoard(folder, **kwargs)

    def fit(self, *callbacks, epochs=CONFIG.num_epochs, **kwargs):
        return self.model.fit(
            self.training_set.dataset,
            epochs=epochs,
            steps_per_epoch=self.training_set.steps_per_epoch,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
            **kwargs,
        ).history


@pytest.fixture(scope="session")
def make_toy():
    return Toy
