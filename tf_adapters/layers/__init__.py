"""Keras layers. They know nothing of BERT, of files or of training."""

from tf_adapters.layers.bottleneck_adapter import BottleneckAdapter
from tf_adapters.layers.task_heads import TaskHeads
from tf_adapters.layers.task_layer import TaskLayer
from tf_adapters.layers.task_layer_norm import TaskLayerNormalization
