"""Any number of rows, computed in slices that take no more than so much."""

from collections.abc import Callable
from collections.abc import Iterable

import tensorflow as tf

# A slice has no more places for tokens than this, a batch of 64 texts of the
# usual most tokens.
TOKENS = 64 * 128
# A row counts as no shorter than this, because the weights of its task, which
# are gathered for it, take memory too.
_LEAST_WIDTH = 32
# Rows of a slice and places of a row are multiples of this: TensorFlow keeps
# what it has prepared for every shape that it has met.
_STEP = 8
# What a layer costs besides its tokens, as multiplications of two cores.
_LAYER = 450_000_000
# Texts that are tokenised at once: they may be long, however few tokens are
# left of them.
TEXTS = 256

_Tensors = dict[str, tf.Tensor]


def cost_of_slice(hidden_dim: int, intermediate_dim: int) -> int:
    """Returns what a slice costs besides its tokens, in tokens.

    Few tokens of a large encoder take as long as it takes TensorFlow to go from
    one operation to the next: of MiniLM 254, of BERT-base 63.

    Args:
        hidden_dim: int. Width of the encoder.
        intermediate_dim: int. Width of its feed-forward layers.
    """
    work = hidden_dim * (4 * hidden_dim + 2 * intermediate_dim)
    return _LAYER // work


def score_in_slices(
    score: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    lengths: tf.Tensor,
    num_outputs: int,
    cost: int,
) -> tf.Tensor:
    """Scores rows in slices of at most `TOKENS`, the longest first.

    Rows are padded to the longest of their slice, so that a request of short
    and long texts is cut into several where that saves more than it costs.

    Args:
        score: called as `score(rows, width)` with int32 Tensors: the indices
            of the rows of a slice, and the length of the longest or a little
            more. Returns the logits of these rows, a Tensor of shape
            `(num_rows, num_outputs)`.
        lengths: int32 Tensor of shape `(batch_size,)`, each at least 1.
        num_outputs: int. Columns of the logits.
        cost: int. What a slice costs besides its tokens, in tokens.

    Returns:
        float32 Tensor of shape `(batch_size, num_outputs)`, in the order of
        the rows.
    """
    size = tf.shape(lengths)[0]
    widths = -(-lengths // _STEP) * _STEP
    order = tf.argsort(widths, direction="DESCENDING")

    def score_slice(start, logits):
        width = widths[order[start]]
        most = tf.maximum(TOKENS // tf.maximum(width, _LEAST_WIDTH), 1)
        rows = order[start : start + most]
        rows = rows[: _num_together(tf.gather(widths, rows), cost)]
        own = tf.cast(score(rows, width), tf.float32)
        logits = tf.tensor_scatter_nd_update(logits, rows[:, None], own)
        return start + tf.size(rows), logits

    _, logits = tf.while_loop(
        lambda start, _: start < size,
        score_slice,
        (0, tf.zeros((size, num_outputs))),
        # More would have the tokens of several slices in memory.
        parallel_iterations=1,
    )
    return logits


def _num_together(widths: tf.Tensor, cost: int) -> tf.Tensor:
    """Returns how many of the rows, the widest first, make a slice.

    They are cut in two where the two have the fewest places for tokens, and
    the first again, until another slice would cost more than it saves.
    """

    def cut(size, _):
        firsts = tf.range(_STEP, size, _STEP)
        rest = (size - firsts) * tf.gather(widths, firsts)
        places = firsts * widths[0] + rest
        best = tf.argmin(places, output_type=tf.int32)
        is_worth_it = places[best] + cost < size * widths[0]
        return tf.where(is_worth_it, firsts[best], size), is_worth_it

    size, _ = tf.while_loop(
        lambda size, was_cut: was_cut & (size > _STEP),
        cut,
        (tf.size(widths), True),
    )
    return size


def pack_in_slices(
    pack: Callable[[slice], _Tensors],
    names: Iterable[str],
    size: tf.Tensor,
    width: int,
) -> _Tensors:
    """Packs texts in slices of `TEXTS`.

    Args:
        pack: called with the slice of the texts that are packed. Returns a
            dict of int32 Tensors of shape `(num_rows, width)`.
        names: the names that `pack` returns.
        size: int32 scalar Tensor. Number of texts.
        width: int.

    Returns:
        What `pack` returns, for all texts.
    """
    packed = {name: tf.zeros((size, width), tf.int32) for name in names}

    def pack_slice(start, packed):
        stop = tf.minimum(start + TEXTS, size)
        rows = tf.range(start, stop)[:, None]
        own = pack(slice(start, stop))
        packed = {
            name: tf.tensor_scatter_nd_update(value, rows, own[name])
            for name, value in packed.items()
        }
        return stop, packed

    _, packed = tf.while_loop(
        lambda start, _: start < size,
        pack_slice,
        (0, packed),
        parallel_iterations=1,
    )
    return packed
