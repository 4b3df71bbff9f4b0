"""One file a method. `Method` says how to add another."""

from tf_adapters.methods.adapter_drop import AdapterDrop
from tf_adapters.methods.bitfit import BitFit
from tf_adapters.methods.compacter import Compacter
from tf_adapters.methods.compacter import CompacterPlusPlus
from tf_adapters.methods.compacter import PHMAdapter
from tf_adapters.methods.full_fine_tuning import FullFineTuning
from tf_adapters.methods.full_fine_tuning import LastLayers
from tf_adapters.methods.houlsby import Houlsby
from tf_adapters.methods.layer_norm_only import LayerNormOnly
from tf_adapters.methods.lora import LoRA
from tf_adapters.methods.low_rank_adapter import LowRankAdapter
from tf_adapters.methods.method import EncoderShape
from tf_adapters.methods.method import Method
from tf_adapters.methods.pals import PALs
from tf_adapters.methods.pals import PALsFeedForward
from tf_adapters.methods.pals_lhuc import PALsLHUC
from tf_adapters.methods.pals_low_rank import PALsHoulsby
from tf_adapters.methods.pals_low_rank import PALsLowRank
from tf_adapters.methods.pals_top import PALsTopAttention
from tf_adapters.methods.pals_top import PALsTopLayer
from tf_adapters.methods.pfeiffer import Pfeiffer
from tf_adapters.methods.prompt_tuning import PromptTuning
from tf_adapters.methods.shared_encoder import SharedEncoder
