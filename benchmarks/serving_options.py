"""What each serving option gains and loses, on the model of a finished run.

Exports the run as it is and with each option, asks the SavedModels the dev sets
of its tasks through `serving_default` (or the signature that the option adds)
and prints, as Markdown, the MB of weights, the dev scores in points, and the
median over rounds of the time of 64 sentences, as a ratio to the first row:

    python benchmarks/serving_options.py runs/first --data_dir GLUE \
        plain bfloat16 int8 without_0_1_2

`without_0_1_2` is a signature without the adapters of these layers; `factored`
keeps the factors of Compacter's adapters.
"""

import argparse
import dataclasses
import pathlib
import tempfile

import numpy as np
import side_by_side
import tensorflow as tf

import tf_adapters
from tf_adapters import storage
from tf_adapters.evaluation import metrics
from tf_adapters.export import ServingOptions
from tf_adapters.runs.config_file import read_config
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.runs.restore import load_bundles

_BATCH = 256
_TIMED = 64


def options_of(name):
    """Returns the `ServingOptions` of a row, and the signature it asks."""
    if name.startswith("without_"):
        layers = [int(n) for n in name.removeprefix("without_").split("_")]
        return ServingOptions(without_layers={name: layers}), name
    if name in ("plain", "factored"):
        return ServingOptions(factored=name == "factored"), "serving_default"
    return ServingOptions(weights=name), "serving_default"


def columns(examples):
    """Returns what `serving_default` reads, as three arrays of strings."""
    first, *second = examples.texts
    second = second[0] if second else [""] * len(first)
    tasks = [examples.task.name] * len(first)
    read = {"text": first, "text_pair": second, "task": tasks}
    return {name: np.array(values, object) for name, values in read.items()}


def ask(signature, request):
    """Returns the scores of a request."""
    feeds = {k: tf.constant(v, tf.string) for k, v in request.items()}
    return signature(**feeds)["scores"].numpy()


def scores(signature, examples):
    """Returns the mean of the metrics of a task on its dev set, in points."""
    request = columns(examples)
    starts = range(0, len(examples), _BATCH)
    outputs = [
        ask(signature, {k: v[i : i + _BATCH] for k, v in request.items()})
        for i in starts
    ]
    width = examples.task.num_outputs
    outputs = np.concatenate(outputs)[:, :width]
    found = metrics.score(examples.task, outputs, examples.labels)
    return 100 * metrics.task_score(found)


def megabytes(folder):
    """Returns the size of the weights of a SavedModel."""
    files = pathlib.Path(folder, "variables").glob("variables.data*")
    return sum(file.stat().st_size for file in files) / 2**20


def main():
    """Prints a row for each option."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run_dir")
    parser.add_argument("rows", nargs="+")
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    side_by_side.set_threads(2)
    folder = storage.as_path(args.run_dir)
    name, config, _ = read_config(folder)
    # What training rounded to is no matter: bundles are float32.
    config = dataclasses.replace(config, dtype="float32")
    model = load_bundles(load_recipe(name), config, folder)
    sources = [
        tf_adapters.glue_source(name, args.data_dir)
        for name in model.task_names
    ]
    dev = [source.read(source.dev_splits[0]) for source in sources]
    some = [columns(examples) for examples in dev]
    share = -(-_TIMED // len(some))
    timed = {
        key: np.concatenate([part[key][:share] for part in some])[:_TIMED]
        for key in some[0]
    }
    asked, measured = [], []
    with tempfile.TemporaryDirectory() as exports:
        for name in args.rows:
            options, signature = options_of(name)
            path = tf_adapters.export_saved_model(
                model,
                pathlib.Path(exports, name),
                config.sequence_length,
                options=options,
            )
            asked.append(tf.saved_model.load(str(path)).signatures[signature])
            own = [scores(asked[-1], examples) for examples in dev]
            measured.append([megabytes(path), *own, np.mean(own)])
    names = ["MB", *model.task_names, "mean"]
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for name, row in zip(args.rows, measured, strict=True):
        print(f"| {name} | {' | '.join(f'{value:.1f}' for value in row)} |")
    calls = [lambda own=own: ask(own, timed) for own in asked]
    print(side_by_side.table(args.rows, calls, args.rounds, "64 sentences"))


if __name__ == "__main__":
    main()
