"""Every method, small. One line here and it is held to every invariant."""

import tf_adapters
from tf_adapters.methods.method import PROJECTION_SLOTS

METHODS = {
    "empty": tf_adapters.Method,
    "full_fine_tuning": tf_adapters.FullFineTuning,
    "last_layers": lambda: tf_adapters.LastLayers(1),
    "layer_norm_only": tf_adapters.LayerNormOnly,
    "houlsby": lambda: tf_adapters.Houlsby(4),
    "pfeiffer_feedforward": lambda: tf_adapters.Pfeiffer(4, slot="feedforward"),
    "pfeiffer_attention": lambda: tf_adapters.Pfeiffer(4, slot="attention"),
    "adapter_drop": lambda: tf_adapters.AdapterDrop(4, dropped_layers=1),
    "compacter": lambda: tf_adapters.Compacter(4, phm_dim=2),
    "phm_adapter": lambda: tf_adapters.PHMAdapter(4, phm_dim=4),
    "low_rank_adapter": lambda: tf_adapters.LowRankAdapter(4),
    "bitfit": tf_adapters.BitFit,
    "lora": lambda: tf_adapters.LoRA(2),
    "lora_everywhere": lambda: tf_adapters.LoRA(2, targets=PROJECTION_SLOTS),
    "prompt_tuning": lambda: tf_adapters.PromptTuning(3),
    "intrinsic_said": lambda: tf_adapters.IntrinsicSAID(60),
    "hyperformer": lambda: tf_adapters.HyperFormer(4, 6),
    "hyperformer_shared": lambda: tf_adapters.HyperFormerShared(4, 6, 16),
    "hyperformer_plus_plus": lambda: tf_adapters.HyperFormerPlusPlus(4, 6, 16),
    "multi_task_adapters": lambda: tf_adapters.MultiTaskAdapters(4),
    "normalized_adapters": lambda: tf_adapters.NormalizedAdapters(4),
    "shared_encoder": tf_adapters.SharedEncoder,
    "pals": lambda: tf_adapters.PALs(6, num_heads=3),
    "pals_feedforward": lambda: tf_adapters.PALsFeedForward(4, 5),
    "pals_low_rank": lambda: tf_adapters.PALsLowRank(4),
    "pals_houlsby": lambda: tf_adapters.PALsHoulsby(4),
    "pals_top_attention": lambda: tf_adapters.PALsTopAttention(6, 2, 3),
    "pals_top_layer": tf_adapters.PALsTopLayer,
    "pals_lhuc": tf_adapters.PALsLHUC,
}

# How far from the identity a method may start, where it is not next to it:
# the largest difference of the normalised outputs of the tiny encoder.
# methods.md 0.4 has the figures of PALs and of low-rank layers for a wider
# encoder, where they are larger.
DISTANCE_AT_START = {
    "pals": 2.1e-2,
    "pals_low_rank": 6.6e-2,
    "pals_houlsby": 6.6e-2,
    # A rule of 0.01 and factors of 0.9: kernels of sqrt(4) * 0.009 = 0.018.
    # Units of sqrt(16) * 0.018 / 2 = 0.036, outputs of sqrt(4) * 0.018 * 0.036
    # = 0.0013, and a maximum of ten times that, through two layers.
    "phm_adapter": 1.3e-2,
    # Five of the standard deviations of methods.md 0.4, of wider embeddings.
    "hyperformer": 5 * 0.11,
    "hyperformer_shared": 5 * 0.11,
    "hyperformer_plus_plus": 5 * 0.11,
    # methods.md 0.4 has 0.90 for a norm whose gain starts at 1 and not at 0.1.
    "multi_task_adapters": 5 * 0.09,
    "normalized_adapters": 5 * 0.09,
}
# The first two replace or follow the last hidden state. The authors of the
# third draw its kernels as large as those of a dense layer.
NOT_NEAR_THE_IDENTITY = (
    "pals_top_attention",
    "pals_top_layer",
    "low_rank_adapter",
    # The text attends to the prompt from the first step on.
    "prompt_tuning",
)
