"""Times a PHM product in both of its orders, over a grid of shapes.

Prints one row of a Markdown table for each shape: the median milliseconds of
forward pass and gradient with the kernel made and without, their ratio, and
whether `PHMDense` makes it where it is not told. The two orders take turns, so
that a machine whose speed drifts slows both. Below the table it says how often
the choice was the slower order, and what that costs.

    python benchmarks/phm_orders.py
    python benchmarks/phm_orders.py --num_tasks 4 --phm_dims 4 12

Several tasks meet in one batch, an example each in turn: `PHMDense` then makes
one kernel for each example, or, where a task has many weights, for each task.
"""

import argparse
import itertools
import math
import statistics
import time
from unittest import mock

import numpy as np
import tensorflow as tf

from tf_adapters.layers import PHMDense
from tf_adapters.layers.phm import phm_product

_SIZES = ((384, 24), (24, 384), (768, 24), (768, 96), (768, 768), (768, 3072))
_BATCHES = ((1, 16), (8, 32), (32, 64), (32, 128))
_RANKS = (None, 1)
_MIN_ROUNDS, _MAX_ROUNDS = 5, 25
_HEAD = """\
| input_dim x units | rank | phm_dim | batch x length | made, ms \
| not made, ms | ratio | chosen |
|---|---|---|---|---|---|---|---|"""


def gradient_step(size, rank, phm_dim, batch, num_tasks, materialise):
    """Returns a function that computes a product and its gradients."""
    input_dim, units = size
    layer = PHMDense(
        units,
        phm_dim=phm_dim,
        rank=rank,
        use_bias=False,
        materialise=materialise,
        num_tasks=num_tasks,
    )
    layer.build((None, None, input_dim))
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(*batch, input_dim)), "float32")
    task_ids = tf.range(batch[0]) % num_tasks

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, task_ids=task_ids)
            loss = tf.reduce_sum(outputs * outputs)
        weights = [weight.value for weight in layer.trainable_weights]
        return tape.gradient(loss, [x, *weights])

    return lambda: gradients(x)


def chosen_order(*shape):
    """Returns what `PHMDense` does in the step of that shape: 0 or 1."""
    pays = phm_product.kernel_pays
    with mock.patch.object(phm_product, "kernel_pays", wraps=pays) as asked:
        gradient_step(*shape, None)()
    return 0 if pays(**asked.call_args.kwargs) else 1


def median_seconds(functions, budget):
    """Returns the median seconds of each of the functions, taking turns."""
    for function in functions:
        function()
        function()
    seconds = [[] for _ in functions]
    end = time.perf_counter() + budget
    for i in range(_MAX_ROUNDS):
        if i >= _MIN_ROUNDS and time.perf_counter() > end:
            break
        for function, own in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in seconds]


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    dims = {"type": int, "nargs": "+", "default": [2, 4, 8, 12]}
    parser.add_argument("--phm_dims", **dims)
    parser.add_argument("--num_tasks", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, default=0.5, help="s a shape")
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    print(_HEAD)
    losses = []
    for shape in itertools.product(_SIZES, _RANKS, args.phm_dims, _BATCHES):
        shape = (*shape, args.num_tasks)
        steps = [gradient_step(*shape, how) for how in (True, False)]
        times = median_seconds(steps, args.budget)
        choice = chosen_order(*shape)
        losses.append(times[choice] / min(times))
        (input_dim, units), rank, phm_dim, (examples, length), _ = shape
        print(
            f"| {input_dim} x {units} | {rank} | {phm_dim} "
            f"| {examples} x {length} | {1e3 * times[0]:.2f} "
            f"| {1e3 * times[1]:.2f} | {times[0] / times[1]:.2f} "
            f"| {('made', 'not made')[choice]} |",
            flush=True,
        )
    slower = [loss for loss in losses if loss > 1]
    mean = math.exp(statistics.mean(math.log(loss) for loss in losses))
    print(
        f"\nThe slower order was chosen for {len(slower)} of {len(losses)} "
        f"shapes, at worst {max(losses):.2f} times slower; geometric mean over "
        f"all shapes {mean:.3f}."
    )


if __name__ == "__main__":
    main()
