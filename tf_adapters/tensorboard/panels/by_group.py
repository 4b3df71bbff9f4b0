"""Which panels a group is made of."""

from collections.abc import Sequence

from tf_adapters.tensorboard.panels.adapter_panel import AdapterPanel
from tf_adapters.tensorboard.panels.hparams_panel import HParamsPanel
from tf_adapters.tensorboard.panels.image_panel import ImagePanel
from tf_adapters.tensorboard.panels.layer_norm_panel import LayerNormPanel
from tf_adapters.tensorboard.panels.layout import LayoutPanel
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import Training
from tf_adapters.tensorboard.panels.projector_panel import ProjectorPanel
from tf_adapters.tensorboard.panels.sampling_panel import SamplingPanel
from tf_adapters.tensorboard.panels.scalar_panel import ScalarPanel
from tf_adapters.tensorboard.panels.speed_panel import SpeedPanel
from tf_adapters.tensorboard.panels.text_panel import TextPanel

_PANELS = {
    "scalars": (ScalarPanel, LayoutPanel),
    "speed": (SpeedPanel,),
    "sampling": (SamplingPanel,),
    "adapters": (AdapterPanel,),
    "layer_norms": (LayerNormPanel,),
    "text": (TextPanel,),
    "hparams": (HParamsPanel,),
    "projector": (ProjectorPanel,),
    "images": (ImagePanel,),
}


def make_panels(groups: Sequence[str], training: Training) -> dict[str, Panel]:
    """Makes the panels of some groups.

    Args:
        groups: names out of `GROUPS`.
        training: what they look at.

    Returns:
        dict from a name to a panel.
    """
    return {
        panel.__name__: panel(training)
        for group in groups
        for panel in _PANELS[group]
    }
