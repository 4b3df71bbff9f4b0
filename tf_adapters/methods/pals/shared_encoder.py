"""Joint training: one encoder for all tasks, and a little of each."""

from tf_adapters.methods.method import Method


class SharedEncoder(Method):
    """All tasks train the encoder together; each owns nothing but its head.

    The row "shared" of BERT and PALs, and the base of its other rows, which
    add layers that belong to a task.

    Args:
        freeze: bool. Whether the encoder is frozen, except for its LayerNorms,
            which all tasks train together: `--freeze` of the authors' code.
            Defaults to `False`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       2.2
    """

    layer_norms = "shared"

    def __init__(self, freeze=False):
        self.freeze = freeze

    def trains(self, part, shape):
        return not self.freeze

    def get_config(self):
        return {"freeze": self.freeze}
