"""Training steps of recipes, side by side in one process.

Puts the method of each recipe into MiniLM for four tasks and trains the models
in turn, A B C A B C ..., on the same batch of one task. Prints milliseconds a
step (forward, backward, clipping, AdamW), the median, and the median over
rounds of the ratio to the first recipe, as Markdown:

    python benchmarks/step_times.py "houlsby --bottleneck_dim 24" compacter

With `--mixed` the rows of the batch belong to all four tasks.
"""

import numpy as np
import side_by_side
import tensorflow as tf

from tf_adapters.training.optimizer import make_optimizer

_MANY_STEPS = 10_000


def trainer(command, args):
    """Returns the function that takes one training step of a recipe."""
    model, config = side_by_side.build(command, args, dtype=args.dtype)
    model.compile(
        make_optimizer(config, _MANY_STEPS),
        accumulate_steps=config.accumulate_steps,
        recompute=config.recompute,
        jit_compile=config.jit_compile,
    )
    step = model.make_train_function() or model.train_function
    tasks = len(side_by_side.TASKS) if args.mixed else 1
    task_ids = np.arange(args.batch_size) % tasks
    features = side_by_side.full_batch(args, task_ids)
    labels = tf.constant(np.arange(args.batch_size) // 4 % 2, tf.float32)
    batch = tf.data.Dataset.from_tensors((features, labels))
    batches = iter(batch.repeat())
    return lambda: float(step(batches)["loss"])


def main():
    """Prints a row for each recipe."""
    parser = side_by_side.make_parser(__doc__)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--mixed", action="store_true")
    args = parser.parse_args()
    side_by_side.set_threads(args.threads)
    steps = [trainer(command, args) for command in args.recipes]
    print(side_by_side.table(args.recipes, steps, args.rounds, "a step"))


if __name__ == "__main__":
    main()
