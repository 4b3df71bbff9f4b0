"""Latency of exported models, side by side in one process.

Puts the method of each recipe into MiniLM, exports it untrained, loads the
SavedModels and asks them in turn, A B C A B C ..., the same batch of token ids.
Prints milliseconds a batch, the median, and the median over rounds of the ratio
to the first recipe, as Markdown:

    python benchmarks/served_latency.py "houlsby --bottleneck_dim 24" \
        hyperformer_plus_plus compacter

With `--one_task` the batch belongs to one task of the SavedModel, whose own
signature slices every bank once; otherwise it mixes all of them. With `--keras`
the Keras model of the first recipe comes first, asked for the same mixed batch.
"""

import functools
import pathlib
import tempfile

import numpy as np
import side_by_side
import tensorflow as tf
import tensorflow_text  # noqa: F401  The graph needs its operations.

import tf_adapters


def export(command, args, folder):
    """Exports an untrained model of a recipe and loads it again."""
    model, _ = side_by_side.build(command, args)
    path = tf_adapters.export_saved_model(
        model, folder, sequence_length=args.length
    )
    return tf.saved_model.load(str(path))


def request(args):
    """Returns the function that asks a model for a full batch."""
    if args.one_task:
        words = "the bank near that old house is on a hill".split()
        random = np.random.default_rng(0)
        text = " ".join(random.choice(words, args.length - 2))
        signature = side_by_side.TASKS[0]
        feeds = {"sentence": tf.constant([text] * args.batch_size)}
    else:
        task_ids = np.arange(args.batch_size) % len(side_by_side.TASKS)
        signature = "token_ids"
        feeds = side_by_side.full_batch(args, task_ids)
    return lambda model: model.signatures[signature](**feeds)["scores"].numpy()


def ask_keras(args):
    """Returns the function that asks the Keras model for the mixed batch."""
    model, _ = side_by_side.build(args.recipes[0], args)
    task_ids = np.arange(args.batch_size) % len(side_by_side.TASKS)
    batch = side_by_side.full_batch(args, task_ids)
    return lambda: model.predict_on_batch(batch)


def main():
    """Prints a row for each recipe."""
    parser = side_by_side.make_parser(__doc__)
    parser.add_argument("--one_task", action="store_true")
    parser.add_argument("--keras", action="store_true")
    args = parser.parse_args()
    if args.keras and args.one_task:
        parser.error("--keras is for mixed batches. Leave --one_task out.")
    side_by_side.set_threads(args.threads)
    ask = request(args)
    with tempfile.TemporaryDirectory() as folder:
        models = [
            export(command, args, pathlib.Path(folder, str(number)))
            for number, command in enumerate(args.recipes)
        ]
    calls = [functools.partial(ask, model) for model in models]
    names = list(args.recipes)
    if args.keras:
        names.insert(0, f"{args.recipes[0]}, Keras model")
        calls.insert(0, ask_keras(args))
    print(side_by_side.table(names, calls, args.rounds, "a batch"))


if __name__ == "__main__":
    main()
