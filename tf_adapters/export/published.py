"""What is published in a folder of versions, as its newest one says."""

import json
import pathlib
from typing import Any

from tf_adapters import storage
from tf_adapters.export.version_folder import whole_versions

# TF Serving and `tf.saved_model` leave this folder to others.
FILE = pathlib.Path("assets.extra", "tf_adapters.json")


def read_published(path: storage.Path) -> tuple[int, dict[str, Any]]:
    """Reads what the newest version says of itself.

    Args:
        path: folder of the versions.

    Returns:
        Tuple of the version and what `write_metadata` wrote into it.

    Raises:
        FileNotFoundError: if there is none that this library has written.
        ValueError: if its description is not JSON.
    """
    whole = whole_versions(path)
    if not whole:
        raise FileNotFoundError(
            "`path` must be a folder of versions that `tf-adapters export` "
            f"wrote. Received: path={str(path)!r}, which has none. Write what "
            "was given as --path."
        )
    return max(whole), read_description(path / str(max(whole)))


def read_description(folder: storage.Path) -> dict[str, Any]:
    """Reads what one version says of itself.

    Args:
        folder: the folder of the version.

    Raises:
        FileNotFoundError: if this library has not written it.
        ValueError: if its description is not JSON.
    """
    file = folder.joinpath(*FILE.parts)
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"A version must have `{FILE}`, which tells its tasks. Received: "
            f"{str(folder)!r}, which has none: another program "
            "wrote it, or an old version of this one. Export it again."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"`{file}` must be JSON, as `tf-adapters export` wrote it. "
            f"Received: {error}. Export the tasks again."
        ) from error
