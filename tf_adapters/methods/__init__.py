"""One file a method. `Method` says how to add another."""

from tf_adapters.methods.bitfit import BitFit
from tf_adapters.methods.bottleneck.adapter_drop import AdapterDrop
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.methods.bottleneck.joined_adapters import JoinedAdapters
from tf_adapters.methods.bottleneck.low_rank_adapter import LowRankAdapter
from tf_adapters.methods.bottleneck.normalized_adapters import MultiTaskAdapters
from tf_adapters.methods.bottleneck.normalized_adapters import (
    NormalizedAdapters,
)
from tf_adapters.methods.bottleneck.pfeiffer import Pfeiffer
from tf_adapters.methods.compacter import Compacter
from tf_adapters.methods.compacter import CompacterPlusPlus
from tf_adapters.methods.compacter import PHMAdapter
from tf_adapters.methods.full_fine_tuning import FullFineTuning
from tf_adapters.methods.full_fine_tuning import LastLayers
from tf_adapters.methods.hyperformer import HyperFormer
from tf_adapters.methods.hyperformer import HyperFormerPlusPlus
from tf_adapters.methods.hyperformer import HyperFormerShared
from tf_adapters.methods.intrinsic_said import IntrinsicSAID
from tf_adapters.methods.layer_norm_only import LayerNormOnly
from tf_adapters.methods.lora import LoRA
from tf_adapters.methods.method import EncoderShape
from tf_adapters.methods.method import Method
from tf_adapters.methods.pals.pals import PALs
from tf_adapters.methods.pals.pals import PALsFeedForward
from tf_adapters.methods.pals.pals_lhuc import PALsLHUC
from tf_adapters.methods.pals.pals_low_rank import PALsHoulsby
from tf_adapters.methods.pals.pals_low_rank import PALsLowRank
from tf_adapters.methods.pals.pals_top import PALsTopAttention
from tf_adapters.methods.pals.pals_top import PALsTopLayer
from tf_adapters.methods.pals.shared_encoder import SharedEncoder
from tf_adapters.methods.prompt_tuning import PromptTuning
