"""GLUE development scores of AdapterHub's Houlsby adapters (PyTorch).

This is the peer that the scores of this library are compared with. For
every seed and task it loads the pretrained encoder, adds one `double_seq_bn`
adapter (Houlsby et al., 2019) and AdapterHub's default classification head,
trains these two alone (`model.train_adapter`) and scores the whole
development set after each epoch: Matthews correlation for CoLA, accuracy and
F1 for MRPC, accuracy for RTE, Pearson and Spearman correlation for STS-B.
STS-B is a regression on score / 5. With `--full_fine_tuning` there is no
adapter and every weight is trained.

AdamW, linear warm-up over the first tenth of the steps, then linear decay to
0; gradients clipped at norm 1; batches of 32 padded to their longest row.

Needs `pip install torch adapters scikit-learn scipy`. Command:

    python benchmarks/adapterhub_scores.py --data_dir GLUE \
        --weights MODEL_DIR --epochs 3 --learning_rate 1e-3 \
        --seeds 0 1 2 --threads 2 --output results.json

GLUE holds the official folders (CoLA, MRPC, RTE, STS-B), each with its
train.tsv and dev.tsv; MODEL_DIR is a Hugging Face BERT checkpoint. The same
command with `--summary` trains nothing and summarises an existing file.

On cores shared with other jobs set OMP_WAIT_POLICY=PASSIVE: the threads of
PyTorch otherwise spin while they wait, which slows them several times over.
"""

import argparse
import json
import os
import random
import statistics
import time

import adapters
import scipy.stats
import sklearn.metrics
import torch
import transformers

BINARY = {"0": 0, "1": 1}
ENTAILMENT = {"entailment": 0, "not_entailment": 1}

# Folder, whether there is a header, text columns, label column and classes
# (None: a regression) of each task.
TASKS = {
    "cola": ("CoLA", False, (3,), 1, BINARY),
    "mrpc": ("MRPC", True, (3, 4), 0, BINARY),
    "rte": ("RTE", True, (1, 2), 3, ENTAILMENT),
    "stsb": ("STS-B", True, (7, 8), 9, None),
}


def read_split(data_dir, task, split):
    """Return the (texts, label) pairs of one official GLUE file."""
    folder, header, text_columns, label_column, classes = TASKS[task]
    path = os.path.join(data_dir, folder, split + ".tsv")
    # Rows end at a line feed only: the texts hold other control characters.
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = [line.split("\t") for line in file.read().split("\n") if line]
    width = len(rows[0])
    examples = []
    for number, row in enumerate(rows[int(header) :], start=1):
        if len(row) != width:
            raise ValueError(
                f"Row {number} of {path} has {len(row)} columns, not {width}."
            )
        texts = tuple(row[column] for column in text_columns)
        examples.append((texts, parse_label(row[label_column], classes)))
    return examples


def parse_label(text, classes):
    """Return the class index of a label, or a score scaled to [0, 1]."""
    if classes is None:
        return float(text) / 5.0
    if text not in classes:
        raise ValueError(f"Unknown label {text!r}; known: {list(classes)}.")
    return classes[text]


def encode(tokenizer, examples, max_length):
    """Tokenize examples once, without padding."""
    texts = list(zip(*(texts for texts, _ in examples), strict=True))
    encoded = tokenizer(
        *(list(column) for column in texts),
        truncation="longest_first",
        max_length=max_length,
        padding=False,
    )
    names = ("input_ids", "token_type_ids", "attention_mask")
    return [
        ({name: encoded[name][i] for name in names}, label)
        for i, (_, label) in enumerate(examples)
    ]


def collate(rows):
    """Return the tensors of one batch, padded to its longest row.

    The padding id of BERT is 0, as is its padding segment and mask.
    """
    longest = max(len(inputs["input_ids"]) for inputs, _ in rows)
    batch = {
        name: torch.tensor(
            [
                inputs[name] + [0] * (longest - len(inputs[name]))
                for inputs, _ in rows
            ]
        )
        for name in rows[0][0]
    }
    return batch, torch.tensor([label for _, label in rows])


def batches(rows, batch_size):
    """Yield the batches of rows in their order, the last one smaller."""
    for start in range(0, len(rows), batch_size):
        yield collate(rows[start : start + batch_size])


def adapter_config(hidden_size, bottleneck_dim, non_linearity):
    """Return AdapterHub's Houlsby configuration of a given bottleneck."""
    if hidden_size % bottleneck_dim:
        raise ValueError(
            f"`bottleneck_dim` must divide the hidden size {hidden_size}. "
            f"Received: {bottleneck_dim}."
        )
    options = {"reduction_factor": hidden_size // bottleneck_dim}
    if non_linearity is not None:
        options["non_linearity"] = non_linearity
    return adapters.DoubleSeqBnConfig(**options)


def build_model(
    weights,
    task,
    bottleneck_dim=64,
    non_linearity=None,
    full_fine_tuning=False,
):
    """Return the encoder with a head and, unless fine-tuned, an adapter."""
    model = adapters.AutoAdapterModel.from_pretrained(weights)
    classes = TASKS[task][4]
    model.add_classification_head(
        task, num_labels=1 if classes is None else len(classes)
    )
    if full_fine_tuning:
        model.active_head = task
        return model
    config = adapter_config(
        model.config.hidden_size, bottleneck_dim, non_linearity
    )
    model.add_adapter(task, config=config)
    model.train_adapter(task)
    return model


def trainable_parameters(model):
    """Return the parameters that training changes."""
    return [p for p in model.parameters() if p.requires_grad]


def train_step(model, optimizer, inputs, labels, clip_norm=1.0):
    """Make one optimization step and return its loss tensor."""
    loss = model(**inputs, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trainable_parameters(model), clip_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach()


def train_epoch(model, optimizer, scheduler, rows, batch_size):
    """Train on every row once and return the mean loss of the steps."""
    model.train()
    losses = []
    for inputs, labels in batches(rows, batch_size):
        losses.append(train_step(model, optimizer, inputs, labels))
        scheduler.step()
    return torch.stack(losses).mean().item()


def predict(model, rows, batch_size):
    """Return labels and predictions; rows are batched by their length."""
    model.eval()
    ordered = sorted(rows, key=lambda row: len(row[0]["input_ids"]))
    truth, predictions = [], []
    with torch.inference_mode():
        for inputs, labels in batches(ordered, batch_size):
            logits = model(**inputs).logits
            if logits.shape[-1] == 1:
                predictions += logits[:, 0].tolist()
            else:
                predictions += logits.argmax(-1).tolist()
            truth += labels.tolist()
    return truth, predictions


def score(task, truth, predictions):
    """Return the official GLUE metrics of a task, as fractions."""
    if task == "cola":
        matthews = sklearn.metrics.matthews_corrcoef(truth, predictions)
        return {"matthews": float(matthews)}
    if task == "stsb":
        pearson = scipy.stats.pearsonr(truth, predictions)[0]
        spearman = scipy.stats.spearmanr(truth, predictions)[0]
        return {"pearson": float(pearson), "spearman": float(spearman)}
    accuracy = sklearn.metrics.accuracy_score(truth, predictions)
    scores = {"accuracy": float(accuracy)}
    if task == "mrpc":
        scores["f1"] = float(sklearn.metrics.f1_score(truth, predictions))
    return scores


def make_optimizer(model, args, steps):
    """Return AdamW and its schedule: warm-up over a tenth, then decay."""
    optimizer = torch.optim.AdamW(
        trainable_parameters(model),
        lr=args.learning_rate,
        weight_decay=args.weight_decay,
    )
    scheduler = transformers.get_linear_schedule_with_warmup(
        optimizer, num_warmup_steps=steps // 10, num_training_steps=steps
    )
    return optimizer, scheduler


def run_task(args, task, seed, train_rows, dev_rows):
    """Train one task with one seed and return a record for each epoch."""
    torch.manual_seed(seed)
    model = build_model(
        args.weights,
        task,
        args.bottleneck_dim,
        args.non_linearity,
        args.full_fine_tuning,
    )
    count = sum(p.numel() for p in trainable_parameters(model))
    steps = args.epochs * -(-len(train_rows) // args.batch_size)
    optimizer, scheduler = make_optimizer(model, args, steps)
    shuffler = random.Random(seed)
    rows = list(train_rows)
    records = []
    for epoch in range(1, args.epochs + 1):
        shuffler.shuffle(rows)
        record = {"task": task, "seed": seed, "epoch": epoch}
        record["trainable_parameters"] = count
        record.update(
            run_epoch(args, task, model, optimizer, scheduler, rows, dev_rows)
        )
        print(json.dumps(record), flush=True)
        records.append(record)
    return records


def run_epoch(args, task, model, optimizer, scheduler, rows, dev_rows):
    """Train and score one epoch; return loss, scores and seconds."""
    start = time.perf_counter()
    loss = train_epoch(model, optimizer, scheduler, rows, args.batch_size)
    trained = time.perf_counter()
    scores = score(task, *predict(model, dev_rows, args.batch_size))
    return {
        "loss": loss,
        "scores": scores,
        "train_seconds": trained - start,
        "eval_seconds": time.perf_counter() - trained,
    }


def select_epochs(records):
    """Return the best and the last epoch's record of each (task, seed)."""
    runs = {}
    for record in records:
        runs.setdefault((record["task"], record["seed"]), []).append(record)
    best = [
        max(run, key=lambda record: statistics.mean(record["scores"].values()))
        for run in runs.values()
    ]
    last = [max(run, key=lambda r: r["epoch"]) for run in runs.values()]
    return {"best": best, "last": last}


def print_summary(records):
    """Print mean and sample deviation over seeds, in points of 100."""
    for name, chosen in select_epochs(records).items():
        for task in dict.fromkeys(record["task"] for record in chosen):
            runs = [r["scores"] for r in chosen if r["task"] == task]
            for metric in runs[0]:
                values = [100 * scores[metric] for scores in runs]
                spread = statistics.stdev(values) if len(values) > 1 else 0.0
                print(
                    f"{name} epoch  {task:5} {metric:9} "
                    f"{statistics.mean(values):6.2f} +- {spread:5.2f} "
                    f"({len(values)} seeds)"
                )


def write_results(args, records):
    """Write settings and records, replacing the file in one move."""
    local = ("data_dir", "weights", "output", "summary")
    settings = {k: v for k, v in vars(args).items() if k not in local}
    versions = {
        module.__name__: module.__version__
        for module in (torch, adapters, transformers)
    }
    content = {"settings": settings, "versions": versions, "runs": records}
    temporary = args.output + ".tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    os.replace(temporary, args.output)


def load_rows(args):
    """Return the encoded training and development rows of each task."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.weights)
    return {
        task: [
            encode(
                tokenizer,
                read_split(args.data_dir, task, split),
                args.max_length,
            )
            for split in ("train", "dev")
        ]
        for task in args.tasks
    }


def parse_args():
    """Return the flags."""
    parser = argparse.ArgumentParser(
        description="GLUE scores of AdapterHub's Houlsby adapters."
    )
    add = parser.add_argument
    add("--data_dir", help="Folder of the GLUE folders.")
    add("--weights", help="Hugging Face BERT checkpoint folder.")
    add("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    add("--epochs", type=int, default=3)
    add("--batch_size", type=int, default=32)
    add("--max_length", type=int, default=128)
    add("--learning_rate", type=float, default=1e-3)
    add("--weight_decay", type=float, default=0.01)
    add("--bottleneck_dim", type=int, default=64)
    add("--non_linearity", help="Default: the configuration's own (swish).")
    add("--full_fine_tuning", action="store_true", help="Train everything.")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--threads", type=int, default=2)
    add("--output", default="results.json")
    add("--summary", action="store_true", help="Only summarise --output.")
    args = parser.parse_args()
    if not args.summary and not (args.data_dir and args.weights):
        parser.error("--data_dir and --weights are needed to train.")
    return args


def main():
    """Train every task with every seed, or summarise a results file."""
    args = parse_args()
    if args.summary:
        with open(args.output, encoding="utf-8") as file:
            print_summary(json.load(file)["runs"])
        return
    torch.set_num_threads(args.threads)
    rows = load_rows(args)
    records = []
    for seed in args.seeds:
        for task in args.tasks:
            records += run_task(args, task, seed, *rows[task])
            write_results(args, records)
    print_summary(records)


if __name__ == "__main__":
    main()
