"""Prompt tuning: vectors of each task before the text, and nothing else."""

from tf_adapters import layers
from tf_adapters.methods.method import Method

STARTS = ("random", "vocabulary")


class PromptTuning(Method):
    """Trained vectors before the embeddings of the text.

    The encoder is frozen. Each task owns its vectors and its head. They join
    the summed embeddings, before their LayerNorm: the text keeps its positions,
    attends to the vectors, and is all that the encoder returns.

    Args:
        length: int. Number of vectors. Defaults to 100.
        start: str. `"random"`, uniform in [-0.5, 0.5], or `"vocabulary"`, the
            embeddings of `length` words. Defaults to `"random"`.
        first_word: int. The row of the embedding table that `"vocabulary"`
            begins with. Defaults to 1000, since the first 999 rows of BERT's
            are not words; the authors of Compacter begin with 0 in that of T5.

    Raises:
        ValueError: if `length` is not positive, `start` is unknown, or
            `first_word` is negative.

    References:
     - [Lester et al., 2021](https://arxiv.org/abs/2104.08691)
    """

    def __init__(self, length=100, start="random", first_word=1000):
        # The layer checks its arguments; do it now and not in the encoder.
        layers.Prompt(length)
        if start not in STARTS or first_word < 0:
            raise ValueError(
                f"`start` must be one of {', '.join(STARTS)}, and `first_word` "
                f"0 or more. Received: start={start!r}, "
                f"first_word={first_word}."
            )
        self.length = length
        self.start = start
        self.first_word = first_word

    def slot_layer(self, slot, index, shape, shared):
        if slot != "prompt":
            return None
        return layers.Prompt(
            self.length,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name="prompt",
        )

    def first_words(self):
        if self.start == "vocabulary":
            return range(self.first_word, self.first_word + self.length)
        return None

    def get_config(self):
        return {
            "length": self.length,
            "start": self.start,
            "first_word": self.first_word,
        }
