"""Token ids as each checkpoint's `tokenizer_config.json` has them.

Against Hugging Face's tokenizers, over vocabularies that are made here and in
which every character of the texts is a token, so that no `[UNK]` hides another.
"""

import json
import unicodedata

import pytest

from tests.data.batches.test_text_encoder_reference import LENGTH
from tests.data.batches.test_text_encoder_reference import PIECES
from tests.data.batches.test_text_encoder_reference import ids_of
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.encoder import pretrained

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def characters():
    text = "".join(PIECES)
    forms = [text, unicodedata.normalize("NFD", text)]
    found = {c for form in forms for c in form + form.lower()}
    return sorted(c for c in found if c.isprintable() and not c.isspace())


def load(folder, model_type, settings):
    """Writes the settings, and loads what reads them on both sides."""
    import transformers

    config = json.dumps({"model_type": model_type})
    (folder / "config.json").write_text(config)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = transformers.AutoConfig.from_pretrained(folder)
    own = pretrained._load_hugging_face_tokenizer(folder, config)
    reference = {
        "bert": transformers.BertTokenizerFast,
        "distilbert": transformers.DistilBertTokenizerFast,
        "roberta": transformers.RobertaTokenizerFast,
    }[model_type]
    return TextEncoder(own, LENGTH), reference.from_pretrained(folder)


def check(own, reference, texts):
    for text in texts:
        expected = reference(text, truncation=True, max_length=LENGTH)
        assert ids_of(own, [text]) == [expected["input_ids"]], text


@pytest.mark.large
@pytest.mark.parametrize("model_type", ["bert", "distilbert"])
@pytest.mark.parametrize(
    "settings",
    [
        {"do_lower_case": True},
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": True, "tokenize_chinese_chars": False},
    ],
    ids=str,
)
def test_word_pieces(tmp_path, model_type, settings):
    inside = [f"##{c}" for c in characters()]
    vocabulary = "\n".join([*SPECIAL, *characters(), *inside])
    (tmp_path / "vocab.txt").write_text(vocabulary, "utf-8")
    check(*load(tmp_path, model_type, settings), PIECES)


@pytest.mark.large
def test_bytes(tmp_path):
    import tokenizers

    trained = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator(PIECES, 600, 1, special_tokens=special)
    trained.save_model(str(tmp_path))
    own, reference = load(tmp_path, "roberta", {})
    check(own, reference, [text for text in PIECES if "\x00" not in text])
    # KerasNLP's would end at a NUL: it is left out, and the rest is read.
    assert ids_of(own, ["nul\x00l bell"]) == ids_of(own, ["null bell"])
