"""One of two processes that train together; tests start it.

    python tests/training/worker.py          # every method
    python tests/training/worker.py pals     # one of them
    python tests/training/worker.py stock    # without the mends of Keras

Prints, for each method, the losses of its epochs and its trained weights, as
JSON, one method a line.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

# ruff: noqa: E402
import keras
import keras_nlp
import numpy as np

import tf_adapters
from tf_adapters.data.examples import Examples
from tf_adapters.model.keras_overrides import DistributedFit
from tf_adapters.training.optimizer import make_optimizer
from tf_adapters.training.strategy import make_strategy

METHODS = {
    "houlsby": lambda: tf_adapters.Houlsby(4),
    "pals": lambda: tf_adapters.PALs(6, num_heads=3),
    "compacter": lambda: tf_adapters.Compacter(4, phm_dim=2),
    "hyperformer_plus_plus": lambda: tf_adapters.HyperFormerPlusPlus(4, 6, 16),
}
WORDS = "good bad fine film so".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TASKS = [
    tf_adapters.Task(name=name, text_columns=("text",), labels=("a", "b"))
    for name in ("one", "two")
]
CONFIG = tf_adapters.TrainConfig(
    batch_size=8, num_epochs=2, sequence_length=8, learning_rate=1e-3
)


def train(method, strategy):
    """Returns the losses of each epoch, and the trained weights."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    examples = {
        task.name: Examples(
            task,
            ([" ".join(random.choice(WORDS, 4)) for _ in range(count)],),
            np.arange(count) % 2,
        )
        for task, count in zip(TASKS, (40, 24), strict=True)
    }
    with strategy.scope():
        backbone = keras_nlp.models.BertBackbone(
            50, 2, 2, 16, 32, max_sequence_length=8, dropout=0.0
        )
        model = tf_adapters.MultiTaskClassifier(
            backbone,
            method,
            TASKS,
            tokenizer=keras_nlp.models.BertTokenizer([*SPECIAL, *WORDS]),
            head_dropout=0.0,
        )
        training = tf_adapters.training_set(model, examples, CONFIG)
        steps = training.steps_per_epoch
        model.compile(make_optimizer(CONFIG, steps * CONFIG.num_epochs))
    history = model.fit(
        training.dataset,
        epochs=CONFIG.num_epochs,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
    ).history
    # Shares of three and two rows, and at last of one and none.
    rows = training.dataset.take(2).unbatch().batch(5)
    scores = model.evaluate(rows, verbose=0, return_dict=True)
    history.update({f"evaluated_{k}": [v] for k, v in scores.items()})
    weights = [np.array(v).tolist() for v in model.trainable_variables]
    return history, weights


if __name__ == "__main__":
    if "stock" in sys.argv:
        del DistributedFit._maybe_symbolic_build, DistributedFit._make_function
    chosen = make_strategy("multi_worker")
    for name in set(METHODS).intersection(sys.argv) or METHODS:
        print(json.dumps(train(METHODS[name](), chosen)), flush=True)
