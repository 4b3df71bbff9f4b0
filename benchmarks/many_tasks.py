"""What tasks cost a served model: export, load, request and memory.

Exports an untrained model of Pfeiffer adapters for each number of tasks, loads
it in a process of its own with TensorFlow alone, and asks it. Prints a row for
each, as Markdown: seconds to build, to export and to load, the median of the
milliseconds of a request, the MB of weights, and those that the process has
grown by after loading (`loaded`) and at its peak (`peak`), on top of what
TensorFlow takes without a model:

    python benchmarks/many_tasks.py 1 10000 --preset tiny --bottleneck_dim 4
    python benchmarks/many_tasks.py 1 1000 --preset minilm --bottleneck_dim 24

`--rows 5000 --words 120` asks for many long texts. `tiny` is two layers of 64.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WORDS = "a good bad film is".split()
SPECIAL = "[PAD] [UNK] [CLS] [SEP] [MASK]".split()


def tiny():
    """Returns a small backbone with random weights, and its tokenizer."""
    import keras_nlp

    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(SPECIAL + WORDS),
        num_layers=2,
        num_heads=2,
        hidden_dim=64,
        intermediate_dim=128,
        max_sequence_length=128,
    )
    vocabulary = SPECIAL + WORDS
    return backbone, keras_nlp.models.BertTokenizer(vocabulary=vocabulary)


def export(num_tasks, args, folder):
    """Exports a model and returns what it took."""
    import tf_adapters

    preset = args.preset
    parts = tiny() if preset == "tiny" else tf_adapters.load_preset(preset)
    start = time.perf_counter()
    tasks = [
        tf_adapters.Task(
            name=f"task_{i}", text_columns=("text",), labels=("no", "yes")
        )
        for i in range(num_tasks)
    ]
    backbone, tokenizer = parts
    method = tf_adapters.Pfeiffer(args.bottleneck_dim)
    model = tf_adapters.MultiTaskClassifier(
        backbone, method, tasks, tokenizer=tokenizer
    )
    built = time.perf_counter()
    path = tf_adapters.export_saved_model(model, folder)
    return {
        "build": built - start,
        "export": time.perf_counter() - built,
        "path": str(path),
    }


def ask(num_tasks, args, path):
    """Loads a model, asks it, and returns what it took."""
    import numpy as np
    import tensorflow as tf
    import tensorflow_text  # noqa: F401  The graph needs its operations.

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    tf.function(lambda x: x @ x)(tf.ones((256, 256)))
    before = _megabytes("VmRSS")
    start = time.perf_counter()
    model = tf.saved_model.load(path)
    taken = {"load": time.perf_counter() - start}
    taken["loaded"] = _megabytes("VmRSS") - before
    random = np.random.default_rng(0)
    sizes = random.integers(args.words // 2, args.words + 1, args.rows)
    texts = [" ".join(random.choice(WORDS, size)) for size in sizes]
    names = [f"task_{i % num_tasks}" for i in range(args.rows)]
    feeds = {"text": texts, "text_pair": [""] * args.rows, "task": names}
    feeds = {name: tf.constant(value) for name, value in feeds.items()}
    times = []
    for _ in range(args.rounds + 1):
        start = time.perf_counter()
        model.signatures["serving_default"](**feeds)["scores"].numpy()
        times.append(time.perf_counter() - start)
    taken["request"] = 1000 * statistics.median(times[1:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken["peak"] = peak - before
    return taken


def _megabytes(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(name))
    return int(line.split()[1]) / 1024


def in_a_process(*arguments):
    """Runs this script for one model and returns what it measured."""
    done = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--only", *arguments],
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Prints a row for each number of tasks."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("num_tasks", nargs="+", type=int)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--bottleneck_dim", type=int, default=4)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if args.only:
        count, path = int(args.only[0]), args.only[1]
        is_exported = any(pathlib.Path(path).glob("saved_model.pb"))
        step = ask if is_exported else export
        print(json.dumps(step(count, args, path)))
        return
    columns = ("build", "export", "load", "request", "loaded", "peak")
    print("| tasks | weights | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for count in args.num_tasks:
        with tempfile.TemporaryDirectory() as folder:
            taken = in_a_process(str(count), folder)
            path = pathlib.Path(taken["path"])
            data = path / "variables" / "variables.data-00000-of-00001"
            weights = data.stat().st_size / 2**20
            taken |= in_a_process(str(count), str(path))
        cells = " | ".join(f"{taken[name]:.1f}" for name in columns)
        print(f"| {count:,} | {weights:.1f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
