"""Latency of exported models, side by side in one process.

Puts the method of each recipe into MiniLM, exports it untrained, loads the
SavedModels and asks them in turn, A B C A B C ..., the same batch of token ids.
Prints milliseconds a batch, the median, and the median over rounds of the ratio
to the first recipe, as Markdown:

    python benchmarks/served_latency.py houlsby compacter \
        hyperformer_plus_plus --bottleneck_dim 24

With `--one_task` the batch belongs to one task of the SavedModel, whose own
signature slices every bank once; otherwise it mixes all of them.
"""

import argparse
import dataclasses
import pathlib
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  The graph needs its operations.

import tf_adapters
from tf_adapters.training.recipe import build_model
from tf_adapters.training.recipe import load_recipe

_TASKS = ("cola", "mrpc", "rte", "sst2")


def export(recipe_name, args, folder):
    """Exports an untrained model of a recipe and loads it again."""
    recipe = load_recipe(recipe_name)
    config = recipe.Config(preset=args.preset)
    if args.bottleneck_dim and hasattr(config, "bottleneck_dim"):
        config = dataclasses.replace(config, bottleneck_dim=args.bottleneck_dim)
    tasks = [tf_adapters.GLUE_TASKS[name] for name in _TASKS]
    model = build_model(recipe, config, tasks)
    path = tf_adapters.export_saved_model(model, folder / recipe_name)
    return tf.saved_model.load(str(path))


def request(args):
    """Returns the function that asks a model for a full batch."""
    random = np.random.default_rng(0)
    size = (args.batch_size, args.length)
    if args.one_task:
        words = "the bank near that old house is on a hill".split()
        texts = [" ".join(random.choice(words, args.length - 2))] * size[0]
        feeds = {"sentence": tf.constant(texts)}
        return lambda model: model.signatures["cola"](**feeds)
    feeds = {
        # The first thousand ids of BERT are special and unused tokens.
        "token_ids": random.integers(1000, 30522, size),
        "segment_ids": np.zeros(size),
        "padding_mask": np.ones(size),
        "task_ids": np.arange(size[0]) % len(_TASKS),
    }
    feeds = {k: tf.constant(v, tf.int32) for k, v in feeds.items()}
    return lambda model: model.signatures["token_ids"](**feeds)


def seconds(ask, model):
    """Returns how long one answer takes."""
    start = time.perf_counter()
    ask(model)["scores"].numpy()
    return time.perf_counter() - start


def main():
    """Prints a row for each recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--preset", default="minilm")
    parser.add_argument("--bottleneck_dim", type=int, default=0)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one_task", action="store_true")
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    ask = request(args)
    with tempfile.TemporaryDirectory() as folder:
        models = [
            export(name, args, pathlib.Path(folder)) for name in args.recipes
        ]
    for model in models:
        seconds(ask, model)
    rounds = [[seconds(ask, m) for m in models] for _ in range(args.rounds)]
    print("| recipe | ms a batch | ratio |\n|---|---|---|")
    for name, *times in zip(args.recipes, *rounds, strict=True):
        ratios = [t / r[0] for t, r in zip(times, rounds, strict=True)]
        median = 1000 * statistics.median(times)
        print(f"| {name} | {median:.1f} | {statistics.median(ratios):.3f} |")


if __name__ == "__main__":
    main()
