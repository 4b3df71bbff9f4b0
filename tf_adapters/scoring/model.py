"""The SavedModel that answers, and which one it is."""

import dataclasses
import hashlib
import os

from tf_adapters import storage
from tf_adapters.data.task import Task
from tf_adapters.export import digests
from tf_adapters.export.published import read_description
from tf_adapters.export.published import read_published


@dataclasses.dataclass(frozen=True)
class Model:
    """A version of a SavedModel.

    Attributes:
        path: str. Its folder.
        tasks: dict from the name of each task to the `Task`.
        sha256: of its digests, which tell it from every other.
    """

    path: str
    tasks: dict[str, Task]
    sha256: str


def find_model(path: str | os.PathLike[str]) -> Model:
    """Reads which tasks a SavedModel has. It is not loaded.

    Args:
        path: the folder of one version, or of several, whose newest is meant.

    Raises:
        FileNotFoundError: if this library has not exported one there.
    """
    folder = storage.as_path(path)
    if (folder / "saved_model.pb").exists():
        described = read_description(folder)
    else:
        version, described = read_published(folder)
        folder = folder / str(version)
    digest = hashlib.sha256((folder / digests.FILE).read_bytes()).hexdigest()
    if storage.is_local(folder):
        folder = folder.expanduser().absolute()
    tasks = [Task.from_config(config) for config in described["tasks"]]
    return Model(str(folder), {task.name: task for task in tasks}, digest)
