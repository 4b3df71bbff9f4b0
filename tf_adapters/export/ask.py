"""Asks an exported model, the way a program without this library would.

Run it as a file; it imports TensorFlow and TensorFlow Text and nothing else:

    printf 'rte\tA man sleeps.\tA man is awake.\n' |
        python tf_adapters/export/ask.py runs/demo/saved_model/1

Each line of standard input is a task, its text and, for pairs, its second text,
with tabs between them. All lines go to the model as one batch. A fourth field
is the right answer, if it is known: a label, or a value that the answer should
be within 1 of. It is shown beside the model's.
"""

import os
import sys

# TensorFlow reads this once; without AVX-512 its own default is slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf  # noqa: E402
import tensorflow_text  # noqa: E402, F401  The graph needs its operations.


def main(path: str, lines: list[str]) -> None:
    """Prints label, score and right answer for every line.

    Args:
        path: str. A version folder of a SavedModel.
        lines: `task`, `text`, and, where there are, `text_pair` and the right
            answer, tab-separated.
    """
    rows = [(line.split("\t") + [""] * 3)[:4] for line in lines]
    tasks, texts, pairs, right = zip(*rows, strict=True)
    model = tf.saved_model.load(path)
    answers = model.signatures["serving_default"](
        task=tf.constant(tasks),
        text=tf.constant(texts),
        text_pair=tf.constant(pairs),
    )
    count = 0
    for i, (task, text, pair, expected) in enumerate(rows):
        label = answers["label"][i].numpy().decode()
        best = int(answers["label_index"][i])
        score = f"{float(answers['scores'][i, best]):.3f}" if best >= 0 else ""
        is_right = bool(expected) and agrees(label, expected, best < 0)
        count += is_right
        judged = "right" if is_right else f"wrong: {expected}"
        both = f"{text} | {pair}" if pair else text
        shown = label if best >= 0 else f"{float(label):.2f}"
        print(
            f"{task:<14}{shown:<14}{score:<7}"
            f"{judged if expected else '':<21}{both}"
        )
    if any(right):
        print(f"{count} of {sum(map(bool, right))} as they should be.")


def agrees(label: str, expected: str, is_value: bool) -> bool:
    """Whether an answer is the right one, or a value within 1 of it."""
    if is_value:
        return abs(float(label) - float(expected)) <= 1
    return label == expected


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.read().splitlines())
