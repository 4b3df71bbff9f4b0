"""Recipes beside one another in one process, timed in turn: A B C A B C ..."""

import argparse
import shlex
import statistics
import time

import numpy as np
import tensorflow as tf

import tf_adapters
from tf_adapters.encoder.pretrained import load_preset
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import build_model
from tf_adapters.runs.recipe import load_recipe

TASKS = ("cola", "mrpc", "rte", "sst2")


def make_parser(description):
    """Returns a parser with the flags that all these scripts have."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "recipes", nargs="+", help="names, with flags: 'houlsby --pooling mean'"
    )
    parser.add_argument("--preset", default="minilm")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def set_threads(count):
    """Lets TensorFlow compute with `count` threads, before it starts."""
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def build(command, args, num_tasks=4, **settings):
    """Returns an untrained model of a recipe for some tasks, and its config."""
    name, *flags = shlex.split(command)
    recipe = load_recipe(name)
    config = recipe.Config(preset=args.preset, **settings)
    config = override(config, flags, name)
    tasks = [tf_adapters.GLUE_TASKS[task] for task in TASKS[:num_tasks]]
    return build_model(recipe, config, tasks), config


def full_batch(args, task_ids):
    """Returns random tokens without padding."""
    _, tokenizer = load_preset(args.preset)
    vocabulary_size = tokenizer.vocabulary_size()
    random = np.random.default_rng(0)
    size = (args.batch_size, args.length)
    # The first thousand ids of BERT are special and unused tokens.
    first = min(1000, vocabulary_size // 2)
    features = {
        "token_ids": random.integers(first, vocabulary_size, size),
        "segment_ids": np.zeros(size),
        "padding_mask": np.ones(size),
        "task_ids": task_ids,
    }
    return {k: tf.constant(v, tf.int32) for k, v in features.items()}


def table(names, calls, rounds, unit):
    """Calls each of `calls` in turn, and the same again, `rounds` times.

    Returns:
        Markdown: the median of the milliseconds of each, and the median over
        rounds of the ratio to the first. One round before is not counted.
    """
    for call in calls:
        call()
    measured = [[_seconds(call) for call in calls] for _ in range(rounds)]
    lines = [f"| recipe | ms {unit} | ratio |", "|---|---|---|"]
    for name, *times in zip(names, *measured, strict=True):
        ratios = [t / r[0] for t, r in zip(times, measured, strict=True)]
        median = 1000 * statistics.median(times)
        lines.append(f"| {name} | {median:.1f} | {_median(ratios)} |")
    return "\n".join(lines)


def _median(ratios):
    return f"{statistics.median(ratios):.3f}"


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
