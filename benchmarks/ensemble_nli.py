"""Accuracy of ensembles on entailment pairs that no adapter was trained on.

Trains Houlsby adapters together on two-way entailment: MNLI (neutral and
contradiction are both not_entailment), RTE and SciTail. Then scores, on SNLI,
each of them alone, the mean of their probabilities, the uniform mixture of
their layers, and mixtures that take steps on the entropy of each sentence
(EMEA, Wang et al., 2021). Prints a Markdown table of accuracies and of the mean
entropy of the predictions, in nats. Command:

    python benchmarks/ensemble_nli.py --glue_dir GLUE --transfer_dir TRANSFER \
        --num_epochs 3 --train_rows 8000 --score_rows 2000

GLUE holds the official folders MNLI and RTE. TRANSFER holds SciTail (dev.tsv,
which is trained on, and test.tsv, which is its dev set; both with the columns
sentence1, sentence2 and label) and SNLI (dev.tsv with sentence1, sentence2 and
gold_label). What train.py says goes to standard error.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import scipy.stats

from tf_adapters import AverageEnsemble
from tf_adapters import Ensemble
from tf_adapters import Source
from tf_adapters import Task
from tf_adapters.evaluation.metrics import majority_score
from tf_adapters.evaluation.metrics import score
from tf_adapters.runs.restore import restore_run

ROOT = pathlib.Path(__file__).parent.parent
TRAINED = ("mnli", "rte", "scitail")
RELATED = "snli"
COLUMNS = ("sentence1", "sentence2")
ENTAILMENT, OTHER = LABELS = ("entailment", "not_entailment")
LABEL_VALUES = {"entails": ENTAILMENT, "neutral": OTHER, "contradiction": OTHER}


def sources(glue_dir, transfer_dir):
    """Returns the two-way source of each task, by its name."""
    glue, transfer = pathlib.Path(glue_dir), pathlib.Path(transfer_dir)
    found = {
        "mnli": (glue / "MNLI", "gold_label", "train", "dev_matched"),
        "rte": (glue / "RTE", "label", "train", "dev"),
        "scitail": (transfer / "SciTail", "label", "dev", "test"),
        "snli": (transfer / "SNLI", "gold_label", None, "dev"),
    }
    return {
        name: Source(
            task=Task(name=name, text_columns=COLUMNS, labels=LABELS),
            files={
                split: str(folder / f"{file}.tsv")
                for split, file in (("train", train), ("dev", dev))
                if file
            },
            label_column=label_column,
            label_values=LABEL_VALUES,
        )
        for name, (folder, label_column, train, dev) in found.items()
    }


def write_rows(examples, path):
    """Writes examples as tab-separated lines with a header."""
    labels = [LABELS[int(label)] for label in examples.labels]
    rows = zip(*examples.texts, labels, strict=True)
    lines = ["\t".join([*COLUMNS, "label"]), *map("\t".join, rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_tasks(found, folder, args):
    """Writes the files of the tasks that are trained, and what declares them.

    Returns:
        Path of the task file.
    """
    tasks = []
    for name in TRAINED:
        files = {}
        for split, rows in (("train", args.train_rows), ("dev", args.dev_rows)):
            files[split] = f"{name}_{split}.tsv"
            examples = found[name].read(split).take(rows, args.seed)
            write_rows(examples, folder / files[split])
        declared = {"text_columns": COLUMNS, "labels": LABELS, "files": files}
        tasks.append({"name": name, "label_column": "label", **declared})
    path = folder / "tasks.json"
    path.write_text(json.dumps({"tasks": tasks}, indent=2), encoding="utf-8")
    return path


def train(task_file, run_dir, args):
    """Runs `train.py houlsby` on all tasks of a task file."""
    flags = {
        "task_file": task_file,
        "output_dir": run_dir,
        "preset": args.preset,
        "num_epochs": args.num_epochs,
        "learning_rate": args.learning_rate,
        "sequence_length": args.sequence_length,
        "seed": args.seed,
    }
    command = [sys.executable, str(ROOT / "train.py"), "houlsby"]
    command += ["--no-predict", "--no-export"]
    command += [f"--{name}={value}" for name, value in flags.items()]
    subprocess.run(command, check=True, stdout=sys.stderr)


def ensembles(model, args):
    """Yields a description of each way to predict, and what predicts so."""
    size = {"sequence_length": args.sequence_length}
    for name in TRAINED:
        yield f"`{name}` alone", AverageEnsemble(model, [name], **size)
    yield "mean of probabilities", AverageEnsemble(model, TRAINED, **size)
    yield "uniform mixture (T = 0)", Ensemble(model, TRAINED, 0, **size)
    for step_size in args.step_sizes:
        for steps in args.steps:
            yield (
                f"EMEA, T = {steps}, step {step_size:g}",
                Ensemble(model, TRAINED, steps, step_size, **size),
            )


def print_table(model, examples, args):
    """Prints the scores on the related task, a row for each ensemble.

    The seconds include what it takes to trace each ensemble.
    """
    guess = majority_score(examples, examples)["accuracy"]
    print(f"{RELATED}, {len(examples)} pairs, in points of 100\n")
    print("| prediction | accuracy | mean entropy | seconds |")
    print("|---|---:|---:|---:|")
    print(f"| commonest label | {100 * guess:.1f} | | |")
    for text, ensemble in ensembles(model, args):
        start = time.perf_counter()
        outputs = ensemble.outputs(ensemble.encode(examples))
        seconds = time.perf_counter() - start
        scores = score(examples.task, outputs, examples.labels)
        entropy = scipy.stats.entropy(outputs, axis=1).mean()
        print(
            f"| {text} | {100 * scores['accuracy']:.1f} | {entropy:.4f} "
            f"| {seconds:.0f} |",
            flush=True,
        )


def parse_args():
    """Returns the flags."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--glue_dir", required=True, help="folder of MNLI and RTE")
    add("--transfer_dir", required=True, help="folder of SciTail and SNLI")
    add("--preset", default="minilm")
    add("--num_epochs", type=int, default=3)
    add("--train_rows", type=int, default=8000, help="most of a task")
    add("--dev_rows", type=int, default=1000, help="most of a task")
    add("--score_rows", type=int, default=2000, help="most of SNLI")
    add("--learning_rate", type=float, default=1e-3)
    add("--sequence_length", type=int, default=128)
    add("--steps", type=int, nargs="+", default=[1, 10])
    add("--step_sizes", type=float, nargs="+", default=[1.0, 10.0])
    add("--seed", type=int, default=0)
    return parser.parse_args()


def main():
    """Prepares, trains and scores."""
    args = parse_args()
    found = sources(args.glue_dir, args.transfer_dir)
    related = found[RELATED].read("dev").take(args.score_rows, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        task_file = write_tasks(found, folder, args)
        train(task_file, folder / "run", args)
        model, _ = restore_run(str(folder / "run"))
        print_table(model, related, args)


if __name__ == "__main__":
    main()
