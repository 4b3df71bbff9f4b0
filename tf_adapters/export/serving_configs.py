"""Configuration files for a TF Serving that serves an export."""

import os
import re

from tf_adapters import storage

_MODELS = """\
# tensorflow_model_server --model_config_file=models.config
# In TF Serving's image the folder of the versions is /models/{name}.
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    # The newest version; the one before answers until it is there.
    model_version_policy {{ latest {{ num_versions: 1 }} }}
  }}
}}
"""
_BATCHING = """\
# tensorflow_model_server --enable_batching --batching_parameters_file=...
# Requests that come within two milliseconds are computed together. Requests of
# token_ids must then have one width: TF Serving does not pad them.
# A request of more rows than this is refused; one of more than 64 is split.
max_batch_size { value: 4096 }
enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 64 }
batch_timeout_micros { value: 2000 }
# As many as there are cores, if it is not set.
# num_batch_threads { value: 4 }
max_enqueued_batches { value: 100 }
"""
_MONITORING = """\
# tensorflow_model_server --monitoring_config_file=monitoring.config
prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }
"""


def write_serving_configs(
    path: str | os.PathLike[str], name: str | None = None
) -> list[storage.Path]:
    """Writes `models.config`, `batching.config` and `monitoring.config`.

    They lie beside the versions, where TF Serving looks for numbers only. Files
    that are there are left alone: somebody may have changed them.

    Args:
        path: folder of the versions of one model.
        name: str. What clients call the model. Defaults to the name of the
            folder.

    Returns:
        list of the files that were written.

    Raises:
        ValueError: if the name is none that TF Serving can have in a URL.
    """
    path = storage.as_path(path)
    name = path.name if name is None else name
    if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise ValueError(
            "`name` must be letters, digits, `_`, `-` and `.`, since it is "
            f"part of a URL. Received: name={name!r}. Write, say, reviews."
        )
    texts = {
        "models.config": _MODELS.format(name=name),
        "batching.config": _BATCHING,
        "monitoring.config": _MONITORING,
    }
    written = []
    for file, text in texts.items():
        if not (path / file).exists():
            storage.write_whole(path / file, text.encode())
            written.append(path / file)
    return written
