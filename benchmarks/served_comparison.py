"""Eight tasks served: this library, and what else one could serve them with.

Each server is a process of its own that waits while another is asked, all of
them in every round, in an order that is drawn, for 64 sentences of the dev sets
of eight GLUE tasks, eight of each, and for single sentences of them. Text goes
in everywhere and probabilities come out; all are untrained and of the same
MiniLM weights. Prints the milliseconds of a batch, the median over rounds of
its ratio to `plain`, the median and 99th percentile of single sentences, and
the MB that the process takes after the first batch, as Markdown:

    python benchmarks/served_comparison.py mixed one_task eight_models \
        token_ids plain adapterhub onnx --data_dir GLUE --peer PEER/bin/python

- `mixed`: one SavedModel of eight tasks with Houlsby adapters of width 24;
  `mixed_bfloat16` and `mixed_int8` with such weights, `token_ids` without
  tokenisation, `mixed_compacter` of Compacter, `mixed_compacter_factored`;
- `one_task`: the same SavedModel, all 64 sentences asked of one task by its own
  signature;
- `eight_models`: eight SavedModels of one task each, asked in turn;
- `plain`: a SavedModel of BERT and one head, no adapters;
- `adapterhub`: AdapterHub on PyTorch, which switches adapters from task to task
  (`adapterhub_split`: its `BatchSplit`, one pass for all);
- `onnx`: ONNX Runtime with BERT of the same weights, no adapters.

PEER is an environment with `torch adapters onnx onnxruntime`. Memory is what a
Linux process holds, libraries and all.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

_ROWS = 8
_PAUSE = 0.05
HERE = pathlib.Path(__file__).parent
TASKS = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "stsb")
_OURS = (
    "mixed",
    "mixed_bfloat16",
    "mixed_int8",
    "mixed_compacter",
    "mixed_compacter_factored",
    "token_ids",
    "one_task",
    "eight_models",
    "plain",
)
_PEERS = ("adapterhub", "adapterhub_split", "onnx")


class Server:
    """A process that answers one request at a time.

    Args:
        name: what it serves.
        python: the interpreter that runs it.
        rows: file of all rows.
    """

    def __init__(self, name, python, rows):
        script = "served_peers.py" if name in _PEERS else "served_models.py"
        self.name = name
        self._process = subprocess.Popen(
            [python, str(HERE / script), name, str(rows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started = self._read()

    def ask(self, rows):
        """Returns the seconds of a request of some rows, by their indices."""
        print(json.dumps(rows), file=self._process.stdin, flush=True)
        return self._read()["seconds"]

    def megabytes(self):
        """Returns what the process holds now."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(x for x in status.splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def stop(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()

    def _read(self):
        while line := self._process.stdout.readline():
            # Libraries print what they like.
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"The server {self.name!r} ended.")


def write_rows(data_dir, file):
    """Writes eight rows of each task: its name, a text and a second one."""
    import tf_adapters

    rows = []
    for task in TASKS:
        source = tf_adapters.glue_source(task, data_dir)
        examples = source.read(source.dev_splits[0])
        for texts in zip(*examples.texts, strict=True):
            rows.append([task, *texts, ""][:3])
            if len(rows) % _ROWS == 0:
                break
    file.write_text(json.dumps(rows))


def ask_all(servers, rows, random):
    """Asks every server for the same rows and returns what each took."""
    taken = [0.0] * len(servers)
    for i in random.permutation(len(servers)):
        # Threads of the one before may look for work for a while.
        time.sleep(_PAUSE)
        taken[i] = servers[i].ask(rows)
    return taken


def table(servers, rounds, singles):
    """Asks all servers in turn and returns what they took, as Markdown."""
    everything = list(range(_ROWS * len(TASKS)))
    for server in servers:
        for _ in range(3):
            server.ask(everything)
    memory = [server.megabytes() for server in servers]
    random = np.random.default_rng(0)
    batches = [ask_all(servers, everything, random) for _ in range(rounds)]
    rows = random.integers(len(everything), size=singles).tolist()
    single = [ask_all(servers, [row], random) for row in rows]
    names = [server.name for server in servers]
    base = names.index("plain") if "plain" in names else 0
    lines = [
        f"| | 64 sentences, ms | to {names[base]} | one, p50 ms | p99 | MB |",
        "|---|---|---|---|---|---|",
    ]
    for i, name in enumerate(names):
        taken = [row[i] for row in batches]
        ratio = statistics.median(row[i] / row[base] for row in batches)
        one = 1000 * np.percentile([row[i] for row in single], [50, 99])
        lines.append(
            f"| {name} | {1000 * statistics.median(taken):.0f} | {ratio:.2f} "
            f"| {one[0]:.1f} | {one[1]:.1f} | {memory[i]:.0f} |"
        )
    return "\n".join(lines)


def main():
    """Prints a row for each server."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("servers", nargs="+", choices=(*_OURS, *_PEERS))
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--peer", default="python")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--singles", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as end:
        file = pathlib.Path(folder, "rows.json")
        write_rows(args.data_dir, file)
        servers = []
        for name in args.servers:
            python = args.peer if name in _PEERS else sys.executable
            servers.append(Server(name, python, file))
            end.callback(servers[-1].stop)
        print(table(servers, args.rounds, args.singles))


if __name__ == "__main__":
    main()
