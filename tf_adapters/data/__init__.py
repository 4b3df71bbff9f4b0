"""What is learned: tasks, their examples, and the order they come in."""

from tf_adapters.data.declared import load_sources
from tf_adapters.data.demo import DEMO_TASKS
from tf_adapters.data.demo import demo_source
from tf_adapters.data.examples import Examples
from tf_adapters.data.glue import GLUE_TASKS
from tf_adapters.data.glue import glue_source
from tf_adapters.data.mixture import Mixture
from tf_adapters.data.source import Source
from tf_adapters.data.task import Task
from tf_adapters.data.text_encoder import TextEncoder
from tf_adapters.data.tfds_source import TfdsSource
from tf_adapters.data.tfds_source import tfds_source
