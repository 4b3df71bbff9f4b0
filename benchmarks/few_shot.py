"""New tasks from a few examples: HyperFormer against Houlsby from scratch.

Goes on from a finished run of a HyperFormer with tasks that it has not seen,
on k examples each, in three ways, and trains Houlsby adapters from scratch on
the same examples:

- `embedding`: only the embedding and the head of the new task are trained, at
  1e-2, as the embedding starts with numbers of size 1;
- `nearest`: the same, but the embedding starts as that of the nearest task;
- `hypernetwork`: the hypernetwork and the LayerNorms are trained too, at 1e-4;
  this rate, and 1e-3 for Houlsby adapters, are those of the recipes.

    python train.py hyperformer_plus_plus --data_dir GLUE \
        --tasks cola mrpc rte stsb sst2 --caps sst2=10000 --output_dir SOURCE
    python benchmarks/few_shot.py SOURCE OUTPUT_DIR --transfer_dir TRANSFER \
        --num_examples 4 16 32 100 500 --seeds 0 1 2

TRANSFER holds the folders TREC, Yelp2 and SNLI with TSV files. A seed chooses
the examples, the same for all ways: those for a smaller k are among those for a
larger one. Every run has the dtype of SOURCE, takes the same number of steps
and is scored once, after the last, on the first rows of the dev set. The same
command goes on after the runs that are finished; one that was stopped has to be
removed first. Prints accuracy in points of 100, mean and sample deviation over
the seeds, as Markdown.
"""

import argparse
import dataclasses
import itertools
import json
import pathlib
import statistics
import sys

import keras

from tf_adapters.comparison.finished_run import read_run
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import train

_OWN = ("--trains", "own", "--learning_rate", "1e-2")
WAYS = {
    "embedding": _OWN,
    "nearest": (*_OWN, "--initialise_from", "nearest"),
    "hypernetwork": ("--trains", "all", "--learning_rate", "1e-4"),
    "houlsby": ("--learning_rate", "1e-3"),
}
# Folder, dev file, text columns, label column and labels of each task.
TASKS = {
    "trec": (
        "TREC",
        "test.tsv",
        ["sentence"],
        "label",
        ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"],
    ),
    "yelp2": ("Yelp2", "dev.tsv", ["sentence"], "label", ["0", "1"]),
    "snli": (
        "SNLI",
        "dev.tsv",
        ["sentence1", "sentence2"],
        "gold_label",
        ["entailment", "neutral", "contradiction"],
    ),
}


def declare(transfer_dir, folder, max_dev):
    """Writes a task file, and dev sets cut to `max_dev` rows, to `folder`.

    Both have the number in their names, so that runs know it.
    """
    entries = []
    for name, (source, dev, texts, label, labels) in TASKS.items():
        source = transfer_dir.resolve() / source
        lines = (source / dev).read_text("utf-8").split("\n")
        cut = folder / f"{name}_dev_{max_dev}.tsv"
        cut.write_text("\n".join(lines[: max_dev + 1]).rstrip("\n") + "\n")
        entries.append(
            {
                "name": name,
                "text_columns": texts,
                "labels": labels,
                "label_column": label,
                "files": {"train": str(source / "train.tsv"), "dev": cut.name},
            }
        )
    path = folder / f"tasks_{max_dev}.json"
    path.write_text(json.dumps({"tasks": entries}, indent=2))
    return path


def arguments(args, task_file, task, way, k, seed, output):
    """Returns the arguments of `train.py` for one run."""
    source = json.loads((args.source / "config.json").read_text("utf-8"))
    settings = {
        "task_file": task_file,
        "tasks": task,
        "preset": source["preset"],
        "sequence_length": source["sequence_length"],
        "dtype": source["dtype"],
        "max_examples": k,
        "seed": seed,
        "num_epochs": 1,
        "steps_per_epoch": args.steps,
        "output_dir": output,
    }
    recipe = "houlsby"
    if way != "houlsby":
        recipe = source["recipe"]
        common = {field.name for field in dataclasses.fields(TrainConfig)}
        own = dataclasses.fields(load_recipe(recipe).Config)
        of_method = {f.name for f in own} - common
        for name in sorted({"pooling", *of_method}):
            settings[name] = source[name]
        settings["from_run"] = args.source
    argv = [recipe, *WAYS[way]]
    for key, value in settings.items():
        argv += [f"--{key}", str(value)]
    return [*argv, "--no-predict", "--no-export"]


def finished(output, argv):
    """Returns the run in a folder, `None` if there is no folder.

    Raises:
        ValueError: if the run was stopped, or `argv` asks for another.
    """
    if not output.exists():
        return None
    run = read_run(str(output))
    found = json.loads((output / "config.json").read_text("utf-8"))
    config = override(load_recipe(argv[0]).Config(), argv[1:], "train.py")
    asked = json.loads(json.dumps(dataclasses.asdict(config)))
    different = [
        f"{key}={found.get(key)!r} and not {value!r}"
        for key, value in ({"recipe": argv[0]} | asked).items()
        if found.get(key) != value
    ]
    if different:
        raise ValueError(
            "A finished run must be the one that is asked for. Received: "
            f"{str(output)!r} with {', '.join(different)}. Choose another "
            "OUTPUT_DIR, or remove it."
        )
    return run


def carry_out(output, argv):
    """Trains and returns the run."""
    if train.main(argv) != 0:
        raise SystemExit(f"train.py {' '.join(argv)} failed")
    keras.utils.clear_session()
    return read_run(str(output))


def table(scores, ks, ways):
    """Returns the Markdown table of `{(task, way, k): [accuracy, ...]}`."""
    lines = [
        f"| task | trained | {' | '.join(f'k={k}' for k in ks)} |",
        f"|---|---|{'---|' * len(ks)}",
    ]
    for task, way in itertools.product(
        dict.fromkeys(task for task, _, _ in scores), ways
    ):
        cells = [_cell(scores[task, way, k]) for k in ks]
        lines.append(f"| {task} | {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values):
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def main():
    """Runs what is missing and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--transfer_dir", type=pathlib.Path, required=True)
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, default=list(TASKS)
    )
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument(
        "--num_examples", nargs="+", type=int, default=[4, 16, 32, 100, 500]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--max_dev", type=int, default=1000)
    args = parser.parse_args()
    args.source, folder = args.source.resolve(), args.output_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    task_file = declare(args.transfer_dir, folder, args.max_dev)
    scores = {}
    for task, k, way, seed in itertools.product(
        args.tasks, args.num_examples, args.ways, args.seeds
    ):
        output = folder / f"{task}-{way}-k{k}-s{seed}"
        try:
            argv = arguments(args, task_file, task, way, k, seed, output)
            run = finished(output, argv)
        except (OSError, ValueError) as error:
            parser.error(str(error))
        run = run or carry_out(output, argv)
        score = 100 * run.scores[task]["accuracy"]
        scores.setdefault((task, way, k), []).append(score)
    print(table(scores, args.num_examples, args.ways))


if __name__ == "__main__":
    main()
