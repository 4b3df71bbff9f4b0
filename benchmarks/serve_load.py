"""What `tf-adapters serve` bears: latency, throughput and memory.

Exports an untrained model of four tasks, serves it, and asks it for sentences
from several threads, over REST and over gRPC; then calls the SavedModel from as
many threads of this process, without a server. Prints a row for each, as
Markdown: requests that failed, the median and the 99th percentile of the
milliseconds of a request, sentences a second, and the MB of memory of the
server after a fifth of the sentences, and by how much it has grown since, at
its peak and at the end:

    python benchmarks/serve_load.py
    python benchmarks/serve_load.py --preset minilm --sentences 20000
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import many_tasks
import numpy as np

ROOT = pathlib.Path(__file__).parent.parent
WAYS = ("rest", "grpc", "process")
TASKS = ("task_0", "task_1", "task_2", "task_3")


@contextlib.contextmanager
def server(folder, *flags):
    """Starts a server and gives its process and its addresses."""
    command = [sys.executable, "-m", "tf_adapters", "serve", str(folder)]
    ports = ("--rest_port", "0", "--grpc_port", "0")
    process = subprocess.Popen(
        [*command, *ports, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        rest, grpc, _ = (line.split()[1] for line in lines)
        yield process, {"rest": rest, "grpc": grpc}
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.stdout.close()


def megabytes(pid):
    """Returns the memory that a process has."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Watch:
    """Looks at the memory of a process, and at how far the requests are."""

    def __init__(self, pid, total):
        self._pid, self._total = pid, total
        self._seen, self._is_over = [], threading.Event()
        self.done = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        is_over = False
        while not is_over:
            is_over = self._is_over.wait(0.2)
            self._seen.append((self.done / self._total, megabytes(self._pid)))

    def stop(self):
        """Returns MB after a fifth, at the peak since then, and at the end."""
        self._is_over.set()
        self._thread.join()
        later = [size for share, size in self._seen if share >= 0.2]
        # The median of a few looks, since a request comes and goes.
        first, last = later[:10], later[-10:]
        return statistics.median(first), max(later), statistics.median(last)


def requests(args):
    """Returns the texts and tasks of each request."""
    random = np.random.default_rng(0)
    made = []
    for _ in range(args.sentences // args.rows):
        sizes = random.integers(3, args.words + 1, args.rows)
        texts = [" ".join(random.choice(many_tasks.WORDS, n)) for n in sizes]
        made.append((random.choice(TASKS, args.rows).tolist(), texts))
    return made


def through(client, task, texts):
    """Asks a server."""
    if len(client.ask(task, texts)) != len(texts):
        raise ValueError("An answer is missing.")


def in_process(model):
    """Returns a function that asks a SavedModel."""
    import tensorflow as tf

    def ask(task, texts):
        model.signatures["serving_default"](
            text=tf.constant(texts),
            text_pair=tf.constant([""] * len(texts)),
            task=tf.constant(task),
        )["scores"].numpy()

    return ask


def measure(ask, pid, args):
    """Asks from several threads and returns the cells of a row."""
    made, times, errors = requests(args), [], []
    for request in made[: args.threads]:
        ask(*request)
    watch = Watch(pid, len(made))

    def one(request):
        start = time.perf_counter()
        try:
            ask(*request)
        except Exception as error:
            errors.append(error)
        times.append(1000 * (time.perf_counter() - start))
        watch.done += 1

    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(args.threads) as pool:
        list(pool.map(one, made))
    taken = time.perf_counter() - start
    first, peak, last = watch.stop()
    for error in errors[:3]:
        print(repr(error), file=sys.stderr)
    return (
        f"{len(errors)}",
        *(f"{np.percentile(times, q):.1f}" for q in (50, 99)),
        f"{len(made) * args.rows / taken:,.0f}",
        f"{first:,.0f}",
        f"{100 * (peak / first - 1):+.1f}%",
        f"{100 * (last / first - 1):+.1f}%",
    )


def main():
    """Prints a row for each way of asking."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--bottleneck_dim", type=int, default=24)
    parser.add_argument("--sentences", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    args = parser.parse_args()
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from tf_adapters.client import Client

    columns = ("failed", "p50", "p99", "sentences/s", "MB", "peak", "end")
    print("| asked by | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        # In another process, whose memory is not that of the last way.
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            exported = pool.submit(
                many_tasks.export, len(TASKS), args, folder
            ).result()
        for way in args.ways:
            if way == "process":
                import tensorflow as tf
                import tensorflow_text  # noqa: F401  The graph needs it.

                model = tf.saved_model.load(exported["path"])
                cells = measure(in_process(model), os.getpid(), args)
            else:
                with server(folder) as (process, urls):
                    with Client(urls[way], batch_size=args.rows) as client:
                        cells = measure(
                            lambda *request, client=client: through(
                                client, *request
                            ),
                            process.pid,
                            args,
                        )
            print(f"| {way} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
