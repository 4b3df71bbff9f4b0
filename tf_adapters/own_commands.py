"""Whether this process is a command of this library, and how that behaves.

A command answers a mistake, or `--help`, before TensorFlow is imported, which
takes seconds, and it shows its own lines and not those of the libraries below.
"""

import contextlib
import functools
import importlib.abc
import importlib.util
import os
import pathlib
import sys
from typing import Any

from etils import epy

_TRAIN = pathlib.Path(__file__).parent.parent / "train.py"
_INSTALLED = "tf-adapters"
_CLIENT = "tf_adapters.client"
# Whoever has set one of these is left alone.
_QUIET = {
    # Of TensorFlow and CUDA, errors among them: one is printed wherever there
    # is no GPU. What goes wrong is raised as well.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Transformers misses PyTorch, whose models are not used here.
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}


@functools.cache
def is_own_command() -> bool:
    """Whether this is `tf-adapters`, `python -m tf_adapters` or `train.py`."""
    program = pathlib.Path((sys.argv or [""])[0])
    # Until Python has found the module that `-m` names.
    if program.name == "-m":
        return "tf_adapters" in sys.orig_argv
    return program.stem == _INSTALLED or program.absolute() == _TRAIN


def quieten_libraries() -> None:
    """Keeps the logs of the libraries below off the terminal.

    Whoever sets `TF_CPP_MIN_LOG_LEVEL`, to whatever value, gets TensorFlow's.
    """
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        sys.meta_path.insert(0, _QuietTensorFlow())
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)


class _QuietTensorFlow(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports TensorFlow without what it says before it reads its settings."""

    def find_spec(self, name, path, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None:
            return None
        self.loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        # It writes to the file descriptor, which `sys.stderr` stands for only
        # in Python.
        stderr = os.dup(2)
        silence = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(silence, 2)
            self.loader.exec_module(module)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            os.close(silence)


def names_of_package(
    namespace: dict[str, Any],
) -> contextlib.AbstractContextManager[None]:
    """Imports what a package makes public, or has it imported when asked for.

    Whoever imports the library gets everything at once, because Keras finds a
    class by its name only when it has been imported. A command of ours, and
    who imports the client first, which needs no TensorFlow, gets a name when
    it is used.

    Args:
        namespace: the `globals()` of the package.
    """
    if is_own_command() or _is_for_client():
        return epy.lazy_api_imports(namespace)
    return contextlib.nullcontext()


def _is_for_client() -> bool:
    """Whether this is imported because the client is.

    Python imports a package before the modules in it and does not tell the
    package for which; the functions of the import do.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load_unlocked":
            name = str(frame.f_locals.get("name"))
            if name == _CLIENT or name.startswith(f"{_CLIENT}."):
                return True
        frame = frame.f_back
    return False
