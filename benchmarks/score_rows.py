"""Rows that `tf-adapters score` answers a second, killed and started again.

Exports a tiny encoder with two tasks, writes files of rows that ask either,
scores them with processes on this machine, kills the command by SIGKILL when
part of the rows is answered, gives it again, and reads all answers: each row
must have one. Prints the rows a second of both runs:

    python benchmarks/score_rows.py --rows 1000000 --files 20 --workers 2

Run it where Apache Beam is installed (`make .venv-beam/.up_to_date`).
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import many_tasks
import numpy as np

import tf_adapters

# The most words of a text.
LONGEST = 20


def export(folder):
    """Exports an encoder of two layers that are 64 wide, untrained."""
    backbone, tokenizer = many_tasks.tiny()
    tasks = [
        tf_adapters.Task(
            name="mood", text_columns=("text",), labels=("bad", "good")
        ),
        tf_adapters.Task(
            name="near", text_columns=("one", "two"), value_range=(0.0, 5.0)
        ),
    ]
    model = tf_adapters.MultiTaskClassifier(
        backbone, tf_adapters.Houlsby(8), tasks, tokenizer=tokenizer
    )
    tf_adapters.export_saved_model(model, folder, sequence_length=64)


def write_rows(folder, num_rows, num_files):
    """Writes rows of both tasks in turn. One in a thousand names no task."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for number, ids in enumerate(np.array_split(range(num_rows), num_files)):
        with (folder / f"rows-{number:05}.tsv").open("w") as file:
            file.write("id\ttask\ttext\ttext_pair\n")
            lengths = random.integers(1, LONGEST, (len(ids), 2))
            for id_, (first, second) in zip(ids, lengths, strict=True):
                text = " ".join(random.choice(many_tasks.WORDS, first))
                task, pair = "mood", ""
                if id_ % 2:
                    task = "near"
                    pair = " ".join(random.choice(many_tasks.WORDS, second))
                if id_ % 1000 == 999:
                    task = "none"
                file.write(f"{id_}\t{task}\t{text}\t{pair}\n")


def score(command, until=None):
    """Runs the command, or kills it once so many rows are answered.

    Returns:
        Tuple of its rows a second and its seconds, from its last line.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    rows = rate = 0
    for line in process.stderr:
        print(f"{time.monotonic() - began:6.1f} s  {line}", end="", flush=True)
        found = re.search(r", ([\d,]+) rows, ([\d,]+) rows a second", line)
        if found:
            rows, rate = (int(f.replace(",", "")) for f in found.groups())
        if until and rows >= until:
            os.kill(process.pid, signal.SIGKILL)
            break
    code = process.wait()
    if code != (-signal.SIGKILL if until else 0):
        raise SystemExit(f"The command ended with {code}.")
    return rate, time.monotonic() - began


def read_ids(folder):
    """Returns the ids of the rows that a folder of results has lines for."""
    return [
        int(json.loads(line)["key"]["id"])
        for path in sorted(folder.iterdir())
        for line in path.read_text().splitlines()
    ]


def main():
    """Prints what became of the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        export(folder / "model")
        write_rows(folder / "rows", args.rows, args.files)
        command = [sys.executable, "-m", "tf_adapters", "score"]
        command += [str(folder / "model"), f"{folder}/rows/*.tsv"]
        command += ["--output", str(folder / "out"), "--key_columns", "id"]
        command += ["--workers", str(args.workers)]
        score(command, until=args.rows // 3)
        finished = len(list((folder / "out" / "finished").glob("*.json")))
        print(f"Killed, with {finished} of {args.files} files finished.")
        rate, seconds = score(command)
        answered = read_ids(folder / "out" / "answers")
        rejected = read_ids(folder / "out" / "rejected")
    once = sorted(answered + rejected) == list(range(args.rows))
    wrong = [id_ for id_ in range(args.rows) if id_ % 1000 == 999]
    if not once or sorted(rejected) != wrong:
        raise SystemExit("Not every row is answered, or rejected, once.")
    print(
        f"{len(answered):,} rows answered and {len(rejected):,} rejected, each "
        f"once; {rate:,} rows a second after the restart ({seconds:.0f} s)."
    )


if __name__ == "__main__":
    main()
