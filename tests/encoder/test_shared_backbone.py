"""Models over one backbone object have its weights in common."""

import pytest

from tf_adapters.encoder import AdaptedBackbone
from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby
from tf_adapters.methods import HyperFormer
from tf_adapters.methods import LoRA


def test_methods_that_leave_the_backbone_alone_may_share_it(make_backbone):
    backbone = make_backbone()
    first = AdaptedBackbone(backbone, Houlsby(4))
    count = len(first.trainable_variables)
    second = AdaptedBackbone(backbone, LoRA(2))
    assert second.trainable_variables
    assert len(first.trainable_variables) == count


@pytest.mark.parametrize(
    "methods",
    [
        (Houlsby(4), FullFineTuning()),
        (FullFineTuning(), Houlsby(4)),
        # It trains the LayerNorms for all tasks.
        (HyperFormer(4, 6), Houlsby(4)),
    ],
    ids=repr,
)
def test_one_that_trains_it_may_not(make_backbone, methods):
    backbone = make_backbone()
    first, second = methods
    encoder = AdaptedBackbone(backbone, first)
    count = len(encoder.trainable_variables)
    with pytest.raises(ValueError, match="share a backbone only.*Load it anew"):
        AdaptedBackbone(backbone, second)
    assert len(encoder.trainable_variables) == count
    del encoder
    AdaptedBackbone(backbone, second)
