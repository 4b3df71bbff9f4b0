"""What is learned: tasks, their examples, and the order they come in."""

from tf_adapters.own_commands import names_of_package

with names_of_package(globals()):
    from tf_adapters.data.batches.mixture import Mixture
    from tf_adapters.data.batches.text_encoder import TextEncoder
    from tf_adapters.data.examples import Examples
    from tf_adapters.data.sources.declared import load_sources
    from tf_adapters.data.sources.demo import DEMO_TASKS
    from tf_adapters.data.sources.demo import demo_source
    from tf_adapters.data.sources.glue import GLUE_TASKS
    from tf_adapters.data.sources.glue import glue_source
    from tf_adapters.data.sources.source import Source
    from tf_adapters.data.sources.tfds import TfdsSource
    from tf_adapters.data.sources.tfds import tfds_source
    from tf_adapters.data.task import Task
