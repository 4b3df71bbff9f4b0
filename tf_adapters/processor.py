"""oneDNN, which multiplies faster where TensorFlow leaves it off.

TensorFlow switches oneDNN on by itself only on x86 processors with AVX-512.
On those with AVX2 alone its other kernels take up to twice as long for BERT.
It reads the setting once, when it is imported.
"""

import os
import platform
import sys
import warnings

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


def enable_onednn() -> None:
    """Switches oneDNN on, or says once what would.

    Whoever has set the environment variable `TF_ENABLE_ONEDNN_OPTS`, to
    whatever value, is left alone. Only x86 processors are meant.

    Warns:
        UserWarning: if TensorFlow was imported before, without oneDNN.
    """
    if platform.machine() not in ("x86_64", "AMD64") or VARIABLE in os.environ:
        return
    if "tensorflow" not in sys.modules:
        os.environ[VARIABLE] = "1"
    elif not _is_enabled():
        warnings.warn(
            "TensorFlow was imported before tf_adapters and computes without "
            "oneDNN, which takes up to twice as long on this processor. "
            f"Import tf_adapters first, or set {VARIABLE}=1 in the environment "
            f"({VARIABLE}=0 to keep it off without this warning).",
            stacklevel=3,
        )


def _is_enabled():
    """Whether this process computes with oneDNN."""
    from tensorflow.python.util import _pywrap_util_port

    return _pywrap_util_port.IsMklEnabled()
