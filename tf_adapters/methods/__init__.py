"""One file a method. `Method` says how to add another."""

from tf_adapters.methods.full_fine_tuning import FullFineTuning
from tf_adapters.methods.full_fine_tuning import LastLayers
from tf_adapters.methods.houlsby import Houlsby
from tf_adapters.methods.layer_norm_only import LayerNormOnly
from tf_adapters.methods.method import EncoderShape
from tf_adapters.methods.method import Method
from tf_adapters.methods.pfeiffer import Pfeiffer
