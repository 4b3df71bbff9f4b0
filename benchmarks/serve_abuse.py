"""Whether `tf-adapters serve` bears clients that are wrong, slow or gone.

Sends generated requests of several kinds from eight threads, while two others
ask for what is right, by REST and by gRPC. Prints how each kind was answered,
as Markdown, and how many of the right ones, and ends with 1 if a status was
another than it should be, a right request failed, or the server has ended:

    python benchmarks/serve_abuse.py --cases 10000
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time

import grpc
import httpx
import many_tasks
import serve_load

from tf_adapters.client import Client
from tf_adapters.client import messages

# Seconds of patience, and megabytes of a body.
FLAGS = ("--timeout", "5", "--max_body_mb", "1")
RIGHT = {"text": ["a good film"], "text_pair": [""], "task": ["task_0"]}


class Target:
    """The server that is abused."""

    def __init__(self, urls):
        url = urls["rest"]
        self.host, self.port = url.split("/")[2].split(":")
        self.name = url.rsplit("/", 1)[1]
        channel = grpc.insecure_channel(urls["grpc"].split("/")[2])
        self.predict = messages.PredictionServiceStub(channel).Predict
        self.path = f"/v1/models/{self.name}:predict"
        self.http = httpx.Client(
            base_url=f"http://{self.host}:{self.port}", timeout=60
        )

    def post(self, content, path=None):
        """Returns the status of a request."""
        if not isinstance(content, bytes):
            content = json.dumps(content).encode("utf-8", "surrogatepass")
        return self.http.post(path or self.path, content=content).status_code

    def raw(self, *parts, pause=0.0, shut=False):
        """Sends bytes and returns the status, `closed` if there is none."""
        address = (self.host, int(self.port))
        with socket.create_connection(address, timeout=60) as client:
            try:
                for part in parts:
                    client.sendall(part)
                    time.sleep(pause)
                if shut:
                    client.shutdown(socket.SHUT_WR)
                line = client.recv(64)
            except OSError:
                return "closed"
        return int(line.split()[1]) if line else "closed"

    def head(self, length):
        """Returns the start of a request."""
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: a\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()


def damaged_json(target, rng):
    """JSON with some bytes changed, which rarely stays right."""
    body = bytearray(json.dumps({"inputs": RIGHT}).encode())
    for _ in range(rng.randint(1, 8)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return target.post(bytes(body)), {200, 400}


def cut_json(target, rng):
    """JSON that ends too early."""
    body = json.dumps({"inputs": RIGHT}).encode()
    return target.post(body[: rng.randrange(len(body))]), {400}


def anything(rng, depth=0):
    """Returns some value that JSON can hold."""
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, -1, 2**31, 2**63, 10**400, 1.5, 1e308])
    if kind < 5:
        return rng.choice(["", "a", "\0", "\ud800", "task_0", "電" * 50])
    if kind == 5:
        return {"b64": rng.choice(["", "YQ==", "?", 1, None])}
    if kind == 6:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(4))]
    names = ["text", "text_pair", "task", "inputs", "instances", "x"]
    return {
        rng.choice(names): anything(rng, depth + 1)
        for _ in range(rng.randrange(4))
    }


def wrong_types(target, rng):
    """An input that is something else."""
    inputs = {**RIGHT, rng.choice(list(RIGHT)): anything(rng)}
    # What is drawn may be right by chance.
    return target.post({"inputs": inputs}), {200, 400}


def any_json(target, rng):
    """JSON of whatever shape."""
    signatures = ["token_ids", "task_1", "describe", "describe_tasks", ""]
    body = anything(rng)
    if isinstance(body, dict) and rng.random() < 0.5:
        body["signature_name"] = rng.choice(signatures)
    return target.post(body), {200, 400}


def unknown_places(target, rng):
    """Versions, models and paths that are not there."""
    model = f"/v1/models/{target.name}"
    places = {
        f"{model}/versions/{rng.randint(2, 10**18)}:predict": {404},
        f"{model}/versions/{rng.choice(['x', '-1', '9' * 40])}:predict": {400},
        f"{model}x:predict": {404},
        # It looks like a model that can be looked at, but not sent to.
        f"{model}:classify": {405},
        f"/{rng.choice(['', 'v1/', 'admin'])}{rng.randint(0, 9)}": {404},
    }
    path = rng.choice(list(places))
    return target.post({"inputs": RIGHT}, path), places[path]


def huge_bodies(target, rng):
    """A body larger than is taken, announced or not."""
    if rng.random() < 0.5:
        size = rng.randint(2**20 + 1, 2**21)
        status = target.post(b" " * size)
        return status, {413}
    status = target.raw(target.head(2**40), b" " * (2**20 + 2**17))
    # What is still under way when the server closes may hide its answer.
    return status, {413, "closed"}


def slow_clients(target, rng):
    """A client that sends a few bytes and waits."""
    body = json.dumps({"inputs": RIGHT}).encode()
    return target.raw(target.head(len(body)), body[:9], pause=1), {408}


def half_closed(target, rng):
    """A client that stops sending in the middle."""
    body = json.dumps({"inputs": RIGHT}).encode()
    sent = rng.randrange(len(body))
    answer = target.raw(target.head(len(body)), body[:sent], shut=True)
    return answer, {"closed", 400, 499}


def no_http(target, rng):
    """Bytes that are no HTTP."""
    data = rng.randbytes(rng.randint(1, 2000)) + b"\r\n\r\n"
    return target.raw(data, shut=True), {400, "closed"}


def long_heads(target, rng):
    """A line of a hundred kilobytes and more."""
    head = f"GET /?{'a' * rng.randint(70_000, 10**6)} HTTP/1.1\r\n\r\n"
    return target.raw(head.encode(), shut=True), {400, 404, 431, "closed"}


def wrong_messages(target, rng):
    """Tensors over gRPC that are of another type, shape or model."""
    request = messages.predict_request(target.name, None, "", RIGHT)
    tensor = request.inputs[rng.choice(list(RIGHT))]
    change = rng.randrange(5)
    if change == 0:
        tensor.dtype = rng.randrange(1, 130)
    elif change == 1:
        sizes = [-1, 0, 2, 10**6, 2**62]
        tensor.tensor_shape.dim.add(size=rng.choice(sizes))
    elif change == 2:
        tensor.tensor_content = rng.randbytes(rng.randrange(100))
    elif change == 3:
        request.model_spec.version.value = rng.randint(2, 2**62)
    else:
        request.model_spec.signature_name = rng.choice(["x", "task_1", "\0"])
    try:
        target.predict(request, timeout=60)
    except grpc.RpcError as error:
        status = error.code().name
    else:
        status = "OK"
    return status, {"OK", "NOT_FOUND", "INVALID_ARGUMENT"}


# How often each comes, in a thousand.
KINDS = {
    damaged_json: 120,
    cut_json: 100,
    wrong_types: 200,
    any_json: 200,
    unknown_places: 120,
    huge_bodies: 40,
    slow_clients: 10,
    wrong_messages: 80,
    half_closed: 60,
    no_http: 50,
    long_heads: 20,
}


def witness(url, is_over, seen):
    """Asks for what is right until it is over, and keeps what came."""
    with Client(url, retries=0) as client:
        while not is_over.is_set():
            start = time.monotonic()
            try:
                [answer] = client.ask("task_0", ["a good film"])
                seen.append((True, time.monotonic() - start, answer.label))
            except Exception as error:
                seen.append((False, time.monotonic() - start, repr(error)))


def main():
    """Prints how each kind was answered."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=8)
    args = parser.parse_args()
    args.preset, args.bottleneck_dim = "tiny", 4
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    counts, wrong = collections.defaultdict(collections.Counter), []
    seen, is_over = {"rest": [], "grpc": []}, threading.Event()
    rng = random.Random(args.seed)
    kinds = rng.choices(list(KINDS), list(KINDS.values()), k=args.cases)

    def one(number):
        kind, rng = kinds[number], random.Random(args.seed + number)
        try:
            status, expected = kind(target, rng)
        except Exception as error:
            status, expected = repr(error), set()
        counts[kind.__name__][status] += 1
        if status not in expected:
            wrong.append((number, kind.__name__, status))

    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            pool.submit(many_tasks.export, 2, args, folder).result()
        with serve_load.server(folder, *FLAGS) as (process, urls):
            target = Target(urls)
            witnesses = [
                threading.Thread(
                    target=witness, args=(urls[way], is_over, seen[way])
                )
                for way in seen
            ]
            for thread in witnesses:
                thread.start()
            with concurrent.futures.ThreadPoolExecutor(args.threads) as pool:
                list(pool.map(one, range(args.cases)))
            is_over.set()
            for thread in witnesses:
                thread.join()
            is_alive = process.poll() is None
    print("| kind | answers |\n|---|---|")
    for kind, answers in sorted(counts.items()):
        told = ", ".join(f"{n} x {k}" for k, n in answers.most_common())
        print(f"| {kind} | {told} |")
    for way, answers in seen.items():
        times = sorted(taken for _, taken, _ in answers)
        failed = [words for is_right, _, words in answers if not is_right]
        wrong += [(way, "witness", words) for words in failed]
        print(
            f"{way}: {len(answers)} right requests, {len(failed)} failed, "
            f"p50 {1000 * times[len(times) // 2]:.0f} ms, "
            f"most {1000 * times[-1]:.0f} ms"
        )
    for case in wrong[:20]:
        print("wrong:", *case, file=sys.stderr)
    if wrong or not is_alive:
        sys.exit(1)
    print("The server stands.")


if __name__ == "__main__":
    main()
