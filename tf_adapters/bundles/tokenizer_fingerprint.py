"""Tells one tokenizer from another."""

import hashlib
import pathlib
import tempfile

import keras

from tf_adapters.data.batches.text_encoder import TextEncoder

# Case, accents, punctuation, numbers, Chinese, a special token, and a word that
# no vocabulary has whole: what the same vocabulary can be read with otherwise.
_PROBE = (
    "Ünder-fed CAFÉ, don't: 3.14 €  東京 [SEP] <s> pneumonoultramicroscopic"
)


def tokenizer_fingerprint(tokenizer: keras.layers.Layer | None) -> str:
    """Returns a hash of what a bundle expects of the tokenizer.

    It covers the files that the tokenizer is saved as, which are its vocabulary
    and its merges, and how it folds and splits a text that shows its settings.

    Args:
        tokenizer: a `keras_nlp` tokenizer, or `None`.

    Returns:
        64 hexadecimal digits; `""` for `None`.
    """
    if tokenizer is None:
        return ""
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_assets(folder)
        for path in sorted(pathlib.Path(folder).iterdir()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.name} {content}\n".encode())
    # Not by `encode`, which would trace a function for this one text.
    encoder = TextEncoder(tokenizer)
    text = encoder.normalise([_PROBE])
    ids = encoder.tokenizer(text)[0]
    digest.update(text.numpy()[0] + b"\n")
    digest.update(" ".join(str(int(i)) for i in ids).encode())
    return digest.hexdigest()
