"""Keras layers. They know nothing of BERT, of files or of training."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.layers.activation import activation_name
    from tf_adapters.layers.banks.task_layer import TaskLayer
    from tf_adapters.layers.banks.task_mixture import LayeredMixture
    from tf_adapters.layers.banks.task_mixture import TaskMixture
    from tf_adapters.layers.bottleneck.bottleneck_adapter import (
        BottleneckAdapter,
    )
    from tf_adapters.layers.bottleneck.folded_adapter import FoldedAdapter
    from tf_adapters.layers.bottleneck.joined_adapter import JoinedAdapter
    from tf_adapters.layers.bottleneck.joined_folded_adapter import (
        JoinedFoldedAdapter,
    )
    from tf_adapters.layers.bottleneck.low_rank_bottleneck_adapter import (
        LowRankBottleneckAdapter,
    )
    from tf_adapters.layers.bottleneck.normalized_adapter import (
        NormalizedAdapter,
    )
    from tf_adapters.layers.hypernetwork.adapter_generator import (
        AdapterGenerator,
    )
    from tf_adapters.layers.hypernetwork.condition import Condition
    from tf_adapters.layers.hypernetwork.generated_adapter import (
        GeneratedAdapter,
    )
    from tf_adapters.layers.hypernetwork.task_embedding import TaskEmbedding
    from tf_adapters.layers.phm.phm_bottleneck_adapter import (
        PHMBottleneckAdapter,
    )
    from tf_adapters.layers.phm.phm_dense import PHMDense
    from tf_adapters.layers.phm.phm_factors import PHMFactors
    from tf_adapters.layers.phm.phm_rule import PHMRule
    from tf_adapters.layers.projected.hidden_unit_scale import HiddenUnitScale
    from tf_adapters.layers.projected.low_rank import LowRank
    from tf_adapters.layers.projected.projected_attention import (
        ProjectedAttention,
    )
    from tf_adapters.layers.projected.projected_feedforward import (
        ProjectedFeedForward,
    )
    from tf_adapters.layers.projected.task_projections import TaskProjections
    from tf_adapters.layers.projected.top_attention import TopAttention
    from tf_adapters.layers.projected.top_transformer import TopTransformer
    from tf_adapters.layers.prompt import Prompt
    from tf_adapters.layers.task_heads import TaskHeads
    from tf_adapters.layers.task_layer_norm import TaskLayerNormalization
    from tf_adapters.layers.updates.intrinsic_subspace import IntrinsicSubspace
    from tf_adapters.layers.updates.low_rank_update import LowRankUpdate
    from tf_adapters.layers.updates.task_bias import TaskBias
