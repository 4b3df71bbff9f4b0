"""Every method, small. One line here and it is held to every invariant."""

import tf_adapters

METHODS = {
    "empty": tf_adapters.Method,
    "full_fine_tuning": tf_adapters.FullFineTuning,
    "last_layers": lambda: tf_adapters.LastLayers(1),
    "layer_norm_only": tf_adapters.LayerNormOnly,
    "houlsby": lambda: tf_adapters.Houlsby(4),
    "pfeiffer_feedforward": lambda: tf_adapters.Pfeiffer(
        "feedforward", bottleneck_dim=4
    ),
    "pfeiffer_attention": lambda: tf_adapters.Pfeiffer(
        "attention", bottleneck_dim=4
    ),
}

# How far from the identity a method may start, where it is not next to it:
# the largest difference of the normalised outputs of the tiny encoder.
DISTANCE_AT_START = {}
