"""Runs train.py over recipes, learning rates, epochs and seeds, one by one.

    python benchmarks/sweep.py runs/sweep --recipes houlsby compacter \
        --learning_rates 3e-4 1e-3 3e-3 --num_epochs 5 --seeds 0 \
        -- --preset minilm --data_dir GLUE --tasks cola mrpc rte stsb
    tf-adapters compare runs/sweep/*/ --best --reference houlsby

What follows `--` goes to every run, which predicts and exports nothing. A run
goes to `OUTPUT_DIR/<recipe>-lr<rate>-e<epochs>-s<seed>`, what it says to a file
of that name and `.log`. Without `--learning_rates` or `--num_epochs` a recipe
takes its own, called `own`. Runs that have finished are skipped, so that a
sweep that was stopped goes on where it was. A folder that a stopped or diverged
run left stays as it is, and counts as failed. Exit codes: 0 done, 1 a run
failed, and the others have been run all the same, 130 interrupted.
"""

import argparse
import itertools
import json
import pathlib
import shlex
import subprocess
import sys

_TRAIN = pathlib.Path(__file__).parent.parent / "train.py"
_OWN_FLAGS = (
    "--learning_rate",
    "--num_epochs",
    "--seed",
    "--output_dir",
    "--predict",
    "--export",
)


def planned(args):
    """Returns the command of every run by its folder, in order."""
    grid = itertools.product(
        args.recipes,
        args.learning_rates or [None],
        args.num_epochs or [None],
        args.seeds,
    )
    runs = {}
    for recipe, rate, epochs, seed in grid:
        stem = pathlib.Path(recipe).stem
        name = f"{stem}-lr{rate or 'own'}-e{epochs or 'own'}-s{seed}"
        folder = args.output_dir / name
        values = (rate, epochs, seed, folder)
        flags = [
            part
            for key, value in zip(_OWN_FLAGS, values, strict=False)
            if value is not None
            for part in (key, str(value))
        ]
        command = [sys.executable, str(_TRAIN), recipe, *args.rest, *flags]
        runs[folder] = [*command, "--no-predict", "--no-export"]
    return runs


def is_finished(folder):
    """Whether a run has trained to its end there."""
    try:
        config, metrics = (
            json.loads((folder / f"{name}.json").read_text("utf-8"))
            for name in ("config", "metrics")
        )
    except (OSError, json.JSONDecodeError):
        return False
    return len(metrics["history"]) >= config["num_epochs"]


def carry_out(folder, command):
    """Runs one command, unless it has been, and says what became of it."""
    if folder.exists():
        if is_finished(folder):
            return "finished before"
        return "failed: unfinished, remove it to run it again"
    log = folder.with_name(f"{folder.name}.log")
    with log.open("w", encoding="utf-8") as file:
        file.write(f"{shlex.join(command)}\n")
        file.flush()
        process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # It has been interrupted too, and writes what it has.
            process.wait()
            raise
    return f"failed: exit code {code}, see {log}" if code else "finished"


def number(text):
    """Returns a number as it was typed."""
    float(text)
    return text


def parse(argv):
    """Returns the arguments, with what follows `--` in `rest`."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--recipes", nargs="+", required=True)
    parser.add_argument("--learning_rates", nargs="*", type=number)
    parser.add_argument("--num_epochs", nargs="*", type=int)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    split = argv.index("--") if "--" in argv else len(argv)
    args = parser.parse_args(argv[:split])
    args.rest = argv[split + 1 :]
    for part in args.rest:
        if part.split("=")[0] in _OWN_FLAGS:
            parser.error(
                "What follows `--` must not set what a sweep sets itself. "
                f"Received: {part}. Write it before `--`, or leave it out."
            )
    return args


def main(argv):
    """Runs what has not been run, and returns the exit code."""
    args = parse(argv)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    runs, failed = planned(args), []
    for i, (folder, command) in enumerate(runs.items(), start=1):
        print(f"{i}/{len(runs)} {folder.name}", flush=True)
        try:
            state = carry_out(folder, command)
        except KeyboardInterrupt:
            return 130
        print(f"  {state}", flush=True)
        if state.startswith("failed"):
            failed.append(folder.name)
    if failed:
        print(f"Failed: {' '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
