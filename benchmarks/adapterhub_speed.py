"""Speed of AdapterHub's Houlsby adapters (PyTorch) on a CPU or GPU.

Times one of three things and prints one JSON line with the median, the
minimum and all the seconds:

- `--what step`: one training step (forward, backward, gradient clipping,
  AdamW) of a `double_seq_bn` adapter and its head, on a full batch of 32 rows
  of 64 tokens without padding;
- `--what inference`: the forward pass of the same batch in inference mode;
- `--what epoch`: one training epoch over CoLA, MRPC, RTE and STS-B, each
  with its own adapter and head, in shuffled batches padded to their longest
  row. Padding is timed; tokenizing and loading the models are not.
  `--extrapolate N` times N batches of each task only and scales the seconds
  by its number of batches; the line then says so.

Needs `pip install torch adapters scikit-learn scipy`. Commands:

    python benchmarks/adapterhub_speed.py --weights MODEL_DIR \
        --what step --repeats 20 --threads 2
    python benchmarks/adapterhub_speed.py --weights MODEL_DIR \
        --what inference --repeats 20 --threads 2
    python benchmarks/adapterhub_speed.py --weights MODEL_DIR \
        --what epoch --data_dir GLUE --repeats 1 --threads 2

GLUE and MODEL_DIR are those of `adapterhub_scores.py`.

On cores shared with other jobs set OMP_WAIT_POLICY=PASSIVE: the threads of
PyTorch otherwise spin while they wait, which slows them several times over.
"""

import argparse
import json
import random
import statistics
import time

import adapterhub_scores as scores
import adapters
import torch
import transformers


def full_batch(model, batch_size, length, device):
    """Return random tokens without padding, and their labels."""
    size = (batch_size, length)
    # The first thousand ids of BERT are special and unused tokens.
    tokens = torch.randint(1000, model.config.vocab_size, size)
    inputs = {
        "input_ids": tokens,
        "token_type_ids": torch.zeros(size, dtype=torch.long),
        "attention_mask": torch.ones(size, dtype=torch.long),
    }
    labels = torch.randint(0, 2, (batch_size,)).to(device)
    return {name: x.to(device) for name, x in inputs.items()}, labels


def make_optimizer(model, args):
    """Return AdamW over the trained parameters."""
    return torch.optim.AdamW(
        scores.trainable_parameters(model), lr=args.learning_rate
    )


def build(args, task):
    """Return the adapter model of one task on the device."""
    model = scores.build_model(
        args.weights, task, args.bottleneck_dim, args.non_linearity
    )
    return model.to(args.device)


def synchronize(device):
    """Wait for the work queued on a GPU."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def timed(function, device):
    """Return the seconds of one call."""
    synchronize(device)
    start = time.perf_counter()
    function()
    synchronize(device)
    return time.perf_counter() - start


def step_seconds(args):
    """Return the seconds of each training step."""
    model = build(args, "mrpc").train()
    optimizer = make_optimizer(model, args)
    batch = full_batch(model, args.batch_size, args.length, args.device)

    def run():
        scores.train_step(model, optimizer, *batch)

    return repeat(run, args)


def inference_seconds(args):
    """Return the seconds of each forward pass."""
    model = build(args, "mrpc").eval()
    inputs, _ = full_batch(model, args.batch_size, args.length, args.device)

    def run():
        with torch.inference_mode():
            model(**inputs)

    return repeat(run, args)


def repeat(function, args):
    """Return the seconds of the repeated calls after the warm-up."""
    for _ in range(args.warm_up):
        function()
    return [timed(function, args.device) for _ in range(args.repeats)]


def load_rows(args):
    """Return the encoded training rows of each task."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.weights)
    return {
        task: scores.encode(
            tokenizer,
            scores.read_split(args.data_dir, task, "train"),
            args.max_length,
        )
        for task in scores.TASKS
    }


def train_batches(model, optimizer, rows, args):
    """Train on every row once."""
    for inputs, labels in scores.batches(rows, args.batch_size):
        inputs = {name: x.to(args.device) for name, x in inputs.items()}
        scores.train_step(model, optimizer, inputs, labels.to(args.device))


def task_seconds(model, optimizer, rows, shuffler, args):
    """Return the seconds of one epoch over shuffled rows of a task."""
    shuffled = shuffler.sample(rows, len(rows))
    total = -(-len(rows) // args.batch_size)
    count = total
    if args.extrapolate is not None:
        count = min(total, args.extrapolate)
    kept = shuffled[: count * args.batch_size]
    seconds = timed(
        lambda: train_batches(model, optimizer, kept, args), args.device
    )
    return seconds * total / count


def epoch_seconds(args):
    """Return the seconds of each epoch over all tasks, and of each task."""
    shuffler = random.Random(args.seed)
    prepared = {}
    for task, rows in load_rows(args).items():
        model = build(args, task).train()
        prepared[task] = (model, make_optimizer(model, args), rows)
        head = rows[: args.warm_up * args.batch_size]
        train_batches(model, prepared[task][1], head, args)
    epochs = [
        {
            task: task_seconds(*parts, shuffler, args)
            for task, parts in prepared.items()
        }
        for _ in range(args.repeats)
    ]
    return [sum(epoch.values()) for epoch in epochs], epochs


def report(args, seconds, epochs):
    """Return the contents of the JSON line."""
    line = {
        "library": "adapters",
        "versions": {
            "adapters": adapters.__version__,
            "torch": torch.__version__,
        },
        "what": args.what,
        "threads": args.threads,
        "device": args.device,
        "batch_size": args.batch_size,
        "repeats": args.repeats,
        "median": statistics.median(seconds),
        "min": min(seconds),
        "seconds": seconds,
    }
    if epochs is None:
        line["length"] = args.length
    else:
        line["extrapolated_from_batches"] = args.extrapolate
        line["task_seconds"] = epochs
    return line


def parse_args():
    """Return the flags."""
    parser = argparse.ArgumentParser(
        description="Speed of AdapterHub's Houlsby adapters."
    )
    add = parser.add_argument
    whats = ["step", "inference", "epoch"]
    add("--what", choices=whats, default="step")
    add("--weights", required=True, help="Hugging Face BERT checkpoint.")
    add("--data_dir", help="Folder of the GLUE folders, for an epoch.")
    add("--repeats", type=int, default=20)
    add("--warm_up", type=int, default=3, help="Untimed batches at first.")
    add("--extrapolate", type=int, help="Time only N batches of each task.")
    add("--batch_size", type=int, default=32)
    add("--length", type=int, default=64, help="Tokens of the full batch.")
    add("--max_length", type=int, default=128, help="Truncation, epoch.")
    add("--learning_rate", type=float, default=1e-3)
    add("--bottleneck_dim", type=int, default=64)
    add("--non_linearity", help="Default: the configuration's own (swish).")
    add("--threads", type=int, default=2)
    add("--device", default="cpu")
    add("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.what == "epoch" and not args.data_dir:
        parser.error("--data_dir is needed to time an epoch.")
    return args


def main():
    """Time what is asked and print it as one line."""
    args = parse_args()
    if args.repeats < 1:
        raise ValueError(
            f"`repeats` must be positive. Received: {args.repeats}."
        )
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    epochs = None
    if args.what == "step":
        seconds = step_seconds(args)
    elif args.what == "inference":
        seconds = inference_seconds(args)
    else:
        seconds, epochs = epoch_seconds(args)
    print(json.dumps(report(args, seconds, epochs)))


if __name__ == "__main__":
    main()
