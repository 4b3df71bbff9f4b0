"""Asks an exported model, the way a program without this library would.

Run it as a file; it imports TensorFlow and TensorFlow Text and nothing else:

    printf 'rte\tA man sleeps.\tA man is awake.\n' |
        python tf_adapters/export/ask.py runs/demo/saved_model/1

Each line of standard input is a task and its text, or its two texts, with
tabs between them. All lines go to the model as one batch.
"""

import os
import sys

# TensorFlow reads this once; without AVX-512 its own default is slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf  # noqa: E402
import tensorflow_text  # noqa: E402, F401  The graph needs its operations.


def main(path: str, lines: list[str]) -> None:
    """Prints label and scores for every line.

    Args:
        path: str. A version folder of a SavedModel.
        lines: `task`, `text` and, for pairs, `text_pair`, tab-separated.
    """
    rows = [(line.split("\t") + [""])[:3] for line in lines]
    tasks, texts, pairs = zip(*rows, strict=True)
    model = tf.saved_model.load(path)
    answers = model.signatures["serving_default"](
        task=tf.constant(tasks),
        text=tf.constant(texts),
        text_pair=tf.constant(pairs),
    )
    for i, (task, text, pair) in enumerate(rows):
        label = answers["label"][i].numpy().decode()
        best = max(int(answers["label_index"][i]), 0)
        score = float(answers["scores"][i, best])
        both = f"{text} | {pair}" if pair else text
        print(f"{task:<14}{label:<14}{score:>6.3f}  {both}")


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.read().splitlines())
