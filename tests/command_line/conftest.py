"""A finished run of `train.py` on a tiny preset and tasks of its own."""

import json

import keras
import keras_nlp
import numpy as np
import pytest

import train

WORDS = ("good", "bad", "film", "book", "the", "is", "very", "not")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    """A KerasNLP preset folder of a BERT with 16 dimensions."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("preset")
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(SPECIAL + WORDS),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=32,
    )
    backbone.save_to_preset(folder)
    tokenizer = keras_nlp.models.BertTokenizer([*SPECIAL, *WORDS])
    tokenizer.save_to_preset(folder)
    return folder


@pytest.fixture(scope="session")
def task_file(tmp_path_factory):
    """Declares two classifications of sentences and a regression on pairs."""
    folder = tmp_path_factory.mktemp("tasks")
    random = np.random.default_rng(0)
    for split, count in (("train", 48), ("dev", 12)):
        taste = random.choice(["good", "bad"], count)
        noun = random.choice(["film", "book"], count)
        pairs = zip(taste, noun, strict=True)
        lines = [f"the {n} is {t}\t{t}" for t, n in pairs]
        write(folder / f"taste_{split}.tsv", "sentence\tlabel", lines)
        pairs = zip(taste, noun, strict=True)
        lines = [f"{t} {n}\t{t}" for t, n in pairs]
        write(folder / f"opinion_{split}.tsv", "sentence\tlabel", lines)
        other = random.choice(["good", "bad"], count)
        both = zip(taste, other, strict=True)
        lines = [f"{a}\t{b}\t{5 * (a == b)}" for a, b in both]
        write(folder / f"same_{split}.tsv", "one\ttwo\tscore", lines)
    tasks = [
        {
            "name": "taste",
            "text_columns": ["sentence"],
            "label_column": "label",
            "labels": ["bad", "good"],
        },
        {
            "name": "opinion",
            "text_columns": ["sentence"],
            "label_column": "label",
            "labels": ["bad", "good"],
        },
        {
            "name": "same",
            "text_columns": ["one", "two"],
            "label_column": "score",
            "value_range": [0, 5],
        },
    ]
    for task in tasks:
        name = task["name"]
        task["files"] = {s: f"{name}_{s}.tsv" for s in ("train", "dev")}
    path = folder / "tasks.json"
    path.write_text(json.dumps({"tasks": tasks}))
    return path


@pytest.fixture(scope="session", params=["houlsby", "full_fine_tuning"])
def run_dir(request, preset, task_file, tmp_path_factory):
    """The run directory of two epochs."""
    folder = tmp_path_factory.mktemp("runs") / request.param
    flags = {
        "preset": preset,
        "task_file": task_file,
        "sequence_length": 16,
        "num_epochs": 2,
        "batch_size": 8,
        "output_dir": folder,
    }
    argv = [f"--{k}={v}" for k, v in flags.items()]
    assert train.main([request.param, *argv]) == train.DONE
    return folder


def write(path, header, lines):
    path.write_text("\n".join([header, *lines]) + "\n")
