"""One tokenizer is told from another, and from itself never."""

import json

import keras_nlp
import pytest

from tf_adapters import BundleError
from tf_adapters import Houlsby
from tf_adapters.bundles.bundle import read_bundle
from tf_adapters.bundles.description import DIGEST
from tf_adapters.bundles.tokenizer_fingerprint import tokenizer_fingerprint

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "under", "東"]


def wordpiece(words=WORDS, **settings):
    return keras_nlp.models.BertTokenizer(words, **settings)


def test_none_has_none():
    assert tokenizer_fingerprint(None) == ""


def test_a_tokenizer_has_one_wherever_it_is_made(tmp_path):
    own = wordpiece(lowercase=True)
    own.save_assets(str(tmp_path))
    again = wordpiece(str(tmp_path / "vocabulary.txt"), lowercase=True)
    assert tokenizer_fingerprint(own) == tokenizer_fingerprint(again)


def test_vocabulary_and_settings_count():
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<mask>": 3}
    pieces = {**special, "a": 4, "b": 5, "ab": 6, "ba": 7}
    found = {
        tokenizer_fingerprint(tokenizer)
        for tokenizer in (
            wordpiece(),
            wordpiece([*WORDS[:5], "b", "a", *WORDS[7:]]),
            wordpiece(lowercase=True),
            wordpiece(split_on_cjk=False),
            keras_nlp.models.RobertaTokenizer(pieces, merges=["a b"]),
            keras_nlp.models.RobertaTokenizer(pieces, merges=["b a"]),
        )
    }
    assert len(found) == 6


def test_a_bundle_that_does_not_say_which_is_taken(make_model, tmp_path):
    model = make_model(Houlsby(2))
    folder = model.save_task(model.task_names[0], tmp_path / "own")
    file = folder / "bundle.json"
    described = json.loads(file.read_text())
    # As it was before there was such a key.
    for key in ("tokenizer", DIGEST):
        del described[key]
    file.write_text(json.dumps(described))
    assert read_bundle(folder).tokenizer == ""
    model.load_task(folder)
    described["tokenizer"] = None
    file.write_text(json.dumps(described))
    with pytest.raises(BundleError, match="tokenizer=None is not of type str"):
        read_bundle(folder)
