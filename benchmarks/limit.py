"""A forward pass beside the matrix products of the model alone.

No arrangement of the model can be faster than its products, so their time is
the limit that a processor sets. The products are those of the whole encoder
with its adapters, each of the shape it has in the model, of every token in
every layer: a model that leaves out what nobody reads can come below 1.

Times the two in turn, A B A B ..., in one process, and prints the milliseconds
of both, the median, and the median over rounds of the ratio, as Markdown; with
`--jit_compile` both are compiled by XLA:

    TF_ENABLE_ONEDNN_OPTS=1 python benchmarks/limit.py houlsby
    TF_ENABLE_ONEDNN_OPTS=0 python benchmarks/limit.py houlsby
"""

import numpy as np
import side_by_side
import tensorflow as tf


def shapes(encoder, batch_size, length):
    """Returns the products of a forward pass.

    Returns:
        list of tuples `(count, batch, rows, inner, columns)`: how often a
        product comes, of how many matrices side by side, and their sizes.
    """
    shape = encoder.shape
    tokens, heads = batch_size * length, shape.num_heads
    hidden, wide = shape.hidden_dim, shape.intermediate_dim
    units = hidden // heads
    layer = [
        (4, 1, tokens, hidden, hidden),
        (1, batch_size * heads, length, units, length),
        (1, batch_size * heads, length, length, units),
        (1, 1, tokens, hidden, wide),
        (1, 1, tokens, wide, hidden),
    ]
    found = [(shape.num_layers * n, *sizes) for n, *sizes in layer]
    narrow = getattr(encoder.method, "bottleneck_dim", 0)
    if narrow:
        count = len(encoder.method.slots) * shape.num_layers
        found.append((count, 1, tokens, hidden, narrow))
        found.append((count, 1, tokens, narrow, hidden))
    return found


def products(found):
    """Returns the function that computes every product once."""
    operands = [
        (
            [_random(batch, rows, inner) for _ in range(count)],
            [_random(batch, inner, columns) for _ in range(count)],
        )
        for count, batch, rows, inner, columns in found
    ]

    def run():
        # A number of each result, so that none is left out as unused.
        return [
            tf.reshape(tf.matmul(left, right), (-1,))[0]
            for lefts, rights in operands
            for left, right in zip(lefts, rights, strict=True)
        ]

    return run


def _random(batch, rows, columns):
    shape = (rows, columns) if batch == 1 else (batch, rows, columns)
    return tf.Variable(tf.random.normal(shape))


def gigaflops(found):
    """Returns the additions and multiplications of all products, in 1e9."""
    total = sum(2 * n * b * r * i * c for n, b, r, i, c in found)
    return total / 1e9


def main():
    """Prints a row for the products and one for the model."""
    parser = side_by_side.make_parser(__doc__)
    parser.add_argument("--num_tasks", type=int, default=1)
    parser.add_argument("--jit_compile", action="store_true")
    args = parser.parse_args()
    side_by_side.set_threads(args.threads)
    for command in args.recipes:
        model, _ = side_by_side.build(command, args, args.num_tasks)
        task_ids = np.arange(args.batch_size) % args.num_tasks
        batch = side_by_side.full_batch(args, task_ids)
        found = shapes(model.encoder, args.batch_size, args.length)
        limit = tf.function(products(found), jit_compile=args.jit_compile)
        forward = tf.function(
            lambda x, model=model: model(x, training=False),
            jit_compile=args.jit_compile,
        )
        calls = [
            lambda limit=limit: limit()[-1].numpy(),
            lambda forward=forward, batch=batch: forward(batch).numpy(),
        ]
        names = [f"products, {gigaflops(found):.1f} GFLOP", command]
        print(side_by_side.table(names, calls, args.rounds, "a pass"))


if __name__ == "__main__":
    main()
