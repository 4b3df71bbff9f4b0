"""Only LayerNorms are trained, one copy a task."""

from tf_adapters.methods.method import Method


class LayerNormOnly(Method):
    """Each task owns a copy of every LayerNorm, and its head; no adapters.

    38,400 weights a task on BERT-base. The paper reports it as a baseline
    that loses 3.5 points on CoLA and 4 on MNLI.

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751), section 3.4
    """

    layer_norms = "private"
