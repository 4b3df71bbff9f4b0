"""Makes `python -m tf_adapters` the same as `tf-adapters`."""

from tf_adapters.command_line.main import run

run()
