"""A server of SavedModels for `served_comparison.py`, which starts it.

Reads a line of row indices at a time and writes the seconds of the request.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

_SHAPES = {
    "mixed_bfloat16": {"weights": "bfloat16"},
    "mixed_int8": {"weights": "int8"},
    "mixed_compacter_factored": {"factored": True},
}


def export(name, tasks, folder):
    """Exports an untrained model of some tasks."""
    import tf_adapters
    from tf_adapters.export import ServingOptions

    method = tf_adapters.Houlsby(bottleneck_dim=24)
    if name == "plain":
        method = tf_adapters.Method()
    elif "compacter" in name:
        method = tf_adapters.Compacter(bottleneck_dim=24)
    model = tf_adapters.MultiTaskClassifier.from_preset(
        "minilm", method, [tf_adapters.GLUE_TASKS[task] for task in tasks]
    )
    options = ServingOptions(**_SHAPES.get(name, {}))
    tf_adapters.export_saved_model(model, folder, options=options)


def load(folder):
    """Loads a SavedModel as a program that does not know this library does."""
    import tensorflow as tf
    import tensorflow_text  # noqa: F401  The graph needs its operations.

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    return tf.saved_model.load(str(folder / "1"))


def ask_mixed(model, rows):
    """Asks for rows of any tasks by `serving_default`."""
    import tensorflow as tf

    task, text, pair = (
        tf.constant(column) for column in zip(*rows, strict=True)
    )
    signature = model.signatures["serving_default"]
    return signature(task=task, text=text, text_pair=pair)["scores"].numpy()


def ask_one_task(model, rows):
    """Asks for all rows as pairs of one task, by its own signature."""
    import tensorflow as tf

    first = [text for _, text, _ in rows]
    # A task of pairs: who sends one text sends a word more.
    second = [pair or "yes" for _, _, pair in rows]
    signature = model.signatures["rte"]
    columns = zip(("sentence1", "sentence2"), (first, second), strict=True)
    feeds = {name: tf.constant(texts) for name, texts in columns}
    return signature(**feeds)["scores"].numpy()


def ask_plain(task, model, rows):
    """Asks for all rows as those of the only task of a model of pairs."""
    return ask_mixed(
        model, [(task, text, pair or "yes") for _, text, pair in rows]
    )


def tokenised(rows):
    """Returns the ids of the tokens of each row, and where its pair begins."""
    import tf_adapters

    _, tokenizer = tf_adapters.load_preset("minilm")
    encoder = tf_adapters.TextEncoder(tokenizer, 128)
    _, first, second = zip(*rows, strict=True)
    ids, pair_at = encoder(first, second, [bool(text) for text in second])
    lists = zip(ids.to_list(), pair_at.numpy().tolist(), strict=True)
    return dict(zip(map(tuple, rows), lists, strict=True))


def ask_ids(model, known, rows):
    """Asks for rows by the ids of their tokens, padded to the longest."""
    import tensorflow as tf

    tasks = list(dict.fromkeys(task for task, *_ in known))
    found = [known[tuple(row)] for row in rows]
    columns = np.arange(max(len(ids) for ids, _ in found))
    lengths = np.array([[len(ids)] for ids, _ in found])
    starts = np.array([[start] for _, start in found])
    table = np.zeros((len(rows), len(columns)))
    for row, (ids, _) in zip(table, found, strict=True):
        row[: len(ids)] = ids
    feeds = {
        "token_ids": table,
        "padding_mask": columns < lengths,
        "segment_ids": (columns >= starts) & (columns < lengths),
        "task_ids": [tasks.index(task) for task, *_ in rows],
    }
    feeds = {k: tf.constant(np.array(v, "int32")) for k, v in feeds.items()}
    return model.signatures["token_ids"](**feeds)["scores"].numpy()


def ask_in_turn(models, rows):
    """Asks the model of each task for its rows."""
    for task, model in models.items():
        own = [row for row in rows if row[0] == task]
        if own:
            ask_mixed(model, own)


def main():
    """Serves until standard input ends, or exports what is served."""
    if sys.argv[2] == "--export":
        export(sys.argv[1], sys.argv[4:], sys.argv[3])
        return
    name, rows = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    tasks = list(dict.fromkeys(row[0] for row in rows))
    sets = {"eight_models": [[t] for t in tasks], "plain": [["rte"]]}
    with tempfile.TemporaryDirectory() as folder:
        folders = []
        for own in sets.get(name, [tasks]):
            folders.append(pathlib.Path(folder, own[0]))
            # What exports must not be in the memory of what serves.
            command = [sys.executable, __file__, name, "--export"]
            command += [str(folders[-1]), *own]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        models = [load(folder) for folder in folders]
    if name == "eight_models":
        ask = functools.partial(
            ask_in_turn, dict(zip(tasks, models, strict=True))
        )
    elif name == "plain":
        ask = functools.partial(ask_plain, "rte", models[0])
    elif name == "token_ids":
        ask = functools.partial(ask_ids, models[0], tokenised(rows))
    elif name == "one_task":
        ask = functools.partial(ask_one_task, models[0])
    else:
        ask = functools.partial(ask_mixed, models[0])
    answer(ask, rows)


def answer(ask, rows):
    """Answers requests, each a line of indices of rows."""
    print("{}", flush=True)
    for line in sys.stdin:
        wanted = [rows[i] for i in json.loads(line)]
        start = time.perf_counter()
        ask(wanted)
        taken = time.perf_counter() - start
        print(json.dumps({"seconds": taken}), flush=True)


if __name__ == "__main__":
    main()
