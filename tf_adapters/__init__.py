"""Adapters for KerasNLP BERT: many tasks, one frozen encoder, one SavedModel.

model = tf_adapters.MultiTaskClassifier.from_preset(
    "minilm", method=tf_adapters.Houlsby(), tasks=tasks
)
model.compile(optimizer="adam")
model.fit(dataset)
"""

from tf_adapters import own_commands
from tf_adapters import processor
from tf_adapters.version import __version__

# Before the first import of TensorFlow, which reads its settings only then.
processor.enable_onednn()
if own_commands.is_own_command():
    own_commands.quieten_libraries()

with own_commands.names_of_package(globals()):
    from tf_adapters import layers
    from tf_adapters import methods
    from tf_adapters.bundles import BundleError
    from tf_adapters.data import GLUE_TASKS
    from tf_adapters.data import Examples
    from tf_adapters.data import Mixture
    from tf_adapters.data import Source
    from tf_adapters.data import Task
    from tf_adapters.data import TextEncoder
    from tf_adapters.data import demo_source
    from tf_adapters.data import glue_source
    from tf_adapters.data import load_sources
    from tf_adapters.data import tfds_source
    from tf_adapters.encoder import AdaptedBackbone
    from tf_adapters.encoder import load_preset
    from tf_adapters.evaluation import AverageEnsemble
    from tf_adapters.evaluation import Ensemble
    from tf_adapters.evaluation import Predictor
    from tf_adapters.evaluation import nearest_task
    from tf_adapters.export import export_saved_model
    from tf_adapters.methods import AdapterDrop
    from tf_adapters.methods import BitFit
    from tf_adapters.methods import Compacter
    from tf_adapters.methods import CompacterPlusPlus
    from tf_adapters.methods import FullFineTuning
    from tf_adapters.methods import Houlsby
    from tf_adapters.methods import HyperFormer
    from tf_adapters.methods import HyperFormerPlusPlus
    from tf_adapters.methods import HyperFormerShared
    from tf_adapters.methods import IntrinsicSAID
    from tf_adapters.methods import LastLayers
    from tf_adapters.methods import LayerNormOnly
    from tf_adapters.methods import LoRA
    from tf_adapters.methods import LowRankAdapter
    from tf_adapters.methods import Method
    from tf_adapters.methods import MultiTaskAdapters
    from tf_adapters.methods import NormalizedAdapters
    from tf_adapters.methods import PALs
    from tf_adapters.methods import PALsFeedForward
    from tf_adapters.methods import PALsHoulsby
    from tf_adapters.methods import PALsLHUC
    from tf_adapters.methods import PALsLowRank
    from tf_adapters.methods import PALsTopAttention
    from tf_adapters.methods import PALsTopLayer
    from tf_adapters.methods import Pfeiffer
    from tf_adapters.methods import PHMAdapter
    from tf_adapters.methods import PromptTuning
    from tf_adapters.methods import SharedEncoder
    from tf_adapters.model import MultiTaskClassifier
    from tf_adapters.model import count_parameters
    from tf_adapters.publishing import export_bundles
    from tf_adapters.publishing import join_bundles
    from tf_adapters.tensorboard import TensorBoard
    from tf_adapters.training import TrainConfig
    from tf_adapters.training import training_set
