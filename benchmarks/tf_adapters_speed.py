"""Speed of this library's Houlsby adapters, measured as the peer is.

Times one of three things and prints one JSON line with the median, the
minimum and all the seconds, as `adapterhub_speed.py` does:

- `--what step`: one training step (forward, backward, gradient clipping,
  AdamW) on a full batch of 32 rows of 64 tokens without padding, of one task
  or, with `--num_tasks 4`, of four tasks side by side;
- `--what inference`: the compiled forward pass of the same batch;
- `--what epoch`: one joint training epoch over CoLA, MRPC, RTE and STS-B.
  Tokenizing and tracing are not timed, padding is.

    python benchmarks/tf_adapters_speed.py --what step --repeats 20
    python benchmarks/tf_adapters_speed.py --what epoch --data_dir GLUE
"""

import argparse
import json
import statistics
import time

import keras
import numpy as np
import side_by_side
import tensorflow as tf

import tf_adapters
from tf_adapters.runs.task_sources import task_sources
from tf_adapters.training.datasets import read_split
from tf_adapters.training.optimizer import make_optimizer

_TASKS = ("cola", "mrpc", "rte", "stsb")
_MANY_STEPS = 10_000


def build(args, names):
    """Returns a compiled model of the tasks `names`."""
    model = tf_adapters.MultiTaskClassifier.from_preset(
        args.preset,
        method=tf_adapters.Houlsby(args.bottleneck_dim),
        tasks=[tf_adapters.GLUE_TASKS[name] for name in names],
    )
    config = tf_adapters.TrainConfig(learning_rate=1e-3)
    optimizer = make_optimizer(config, _MANY_STEPS)
    model.compile(optimizer, jit_compile=args.jit_compile)
    return model


def full_batch(args):
    """Returns random tokens without padding, and their labels."""
    task_ids = np.arange(args.batch_size) % args.num_tasks
    labels = np.random.default_rng(1).integers(0, 2, args.batch_size)
    return side_by_side.full_batch(args, task_ids), labels.astype("float32")


def timed(function, repeats):
    """Returns the seconds of each of `repeats` calls, after two more."""
    function()
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def time_step(args):
    """Returns the seconds of training steps."""
    model = build(args, _TASKS[: args.num_tasks])
    step = model.make_train_function() or model.train_function
    batch = tf.data.Dataset.from_tensors(full_batch(args)).repeat()
    batches = iter(batch)
    return timed(lambda: float(step(batches)["loss"]), args.repeats)


def time_inference(args):
    """Returns the seconds of forward passes."""
    model = build(args, _TASKS[: args.num_tasks])
    forward = tf.function(
        lambda x: model(x, training=False), jit_compile=args.jit_compile
    )
    x, _ = full_batch(args)
    return timed(lambda: forward(x).numpy(), args.repeats)


def time_epoch(args):
    """Returns the seconds of joint epochs over the four tasks."""
    config = tf_adapters.TrainConfig(
        tasks=_TASKS, data_dir=args.data_dir, num_epochs=args.repeats + 1
    )
    model = build(args, _TASKS)
    examples = read_split(task_sources(config), "train")
    train = tf_adapters.training_set(model, examples, config)
    clock = _EpochClock()
    # A short epoch comes first: it traces the step.
    model.fit(train.dataset, steps_per_epoch=5, shuffle=False, verbose=0)
    model.fit(
        train.dataset,
        epochs=args.repeats,
        steps_per_epoch=train.steps_per_epoch,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    return clock.seconds


class _EpochClock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


def main():
    """Prints the figures of one measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = ("step", "inference", "epoch")
    parser.add_argument("--what", choices=kinds, required=True)
    parser.add_argument("--preset", default="minilm")
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--num_tasks", type=int, default=1)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--bottleneck_dim", type=int, default=64)
    parser.add_argument("--jit_compile", action="store_true")
    args = parser.parse_args()
    side_by_side.set_threads(args.threads)
    seconds = {
        "step": time_step,
        "inference": time_inference,
        "epoch": time_epoch,
    }[args.what](args)
    figures = {
        "library": "tf_adapters",
        "what": args.what,
        "num_tasks": args.num_tasks if args.what != "epoch" else len(_TASKS),
        "median": statistics.median(seconds),
        "min": min(seconds),
        "seconds": seconds,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
