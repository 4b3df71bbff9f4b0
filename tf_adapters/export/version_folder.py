"""A version of the served model on disk: there whole, or not at all."""

import contextlib
import pathlib
import shutil
from collections.abc import Iterator


def choose_version(path: pathlib.Path, version: int | None) -> int:
    """Returns `version`, or the next one after those in `path`.

    Args:
        path: folder of the versions of one model; it need not exist.
        version: int of at least 1, or `None` for the next.

    Returns:
        A version that is free.

    Raises:
        ValueError: if `version` is not an int of at least 1.
        FileExistsError: if the version is there already, or `path` is a file.
    """
    if path.exists() and not path.is_dir():
        raise FileExistsError(
            "`path` must be a folder, because each version becomes a folder "
            f"in it. Received: path={str(path)!r}, which is a file. Choose "
            "another path."
        )
    latest = max(_versions(path), default=0)
    if version is None:
        return latest + 1
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(
            "`version` must be an int of at least 1, because TF Serving takes "
            "the name of the folder for a number. Received: "
            f"version={version!r}. Leave it out to get {latest + 1}."
        )
    if (path / str(version)).exists():
        raise FileExistsError(
            "`version` must be new, because a version may be in service and "
            f"is never changed. Received: version={version}, which is in "
            f"{str(path)!r}. Leave it out to get {latest + 1}."
        )
    return version


@contextlib.contextmanager
def whole_or_nothing(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives a folder to write in that becomes `target` if all goes well.

    Args:
        target: the folder to create.

    Yields:
        A folder next to it, whose name is no number, so that TF Serving does
        not look into it.
    """
    parent_is_new = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.parent / f".{target.name}.tmp"
    # What a killed export left behind.
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir()
        yield staging
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if parent_is_new:
            shutil.rmtree(target.parent, ignore_errors=True)
        raise


def _versions(path: pathlib.Path) -> list[int]:
    if not path.is_dir():
        return []
    return [int(p.name) for p in path.iterdir() if p.name.isdecimal()]
