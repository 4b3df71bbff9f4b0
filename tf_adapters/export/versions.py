"""Versions that are published again, and old ones that go."""

import os
import pathlib

from tf_adapters import storage
from tf_adapters.export import digests
from tf_adapters.export.version_folder import choose_version
from tf_adapters.export.version_folder import whole_versions

# Without it no server takes a folder for a version.
_LAST = "saved_model.pb"


def republish(
    path: str | os.PathLike[str], version: int | None = None
) -> storage.Path:
    """Publishes an earlier version once more, as the newest: a roll-back.

    Numbers only grow, and no version is changed or taken away under a server
    that has loaded it. A server that follows the newest takes the copy.

    Args:
        path: folder of the versions of one model.
        version: int. Which one. Defaults to the one before the newest.

    Returns:
        The folder of the new version, with the files of the old one.

    Raises:
        FileNotFoundError: if there is no such version.
        ValueError: if the copy is not what was exported, by its digests if it
            has them. Nothing is published then.
    """
    path = storage.as_path(path)
    found = whole_versions(path)
    if version is None and len(found) > 1:
        version = found[-2]
    if version not in found:
        listed = ", ".join(map(str, found)) or "none"
        raise FileNotFoundError(
            "`version` must be one that is published, and left out there must "
            f"be two. Received: version={version} for {str(path)!r}, which has "
            f"{listed}."
        )
    target = path / str(choose_version(path, None))
    source = path / str(version)
    has_digests = (source / digests.FILE).exists()
    with storage.whole_folder(target, last=_LAST) as staged:
        storage.copy_folder(source, staged)
        _check_copy(staged, source, has_digests)
    return target


def remove_old_versions(path: str | os.PathLike[str], keep: int) -> list[int]:
    """Removes all but the newest versions.

    Args:
        path: folder of the versions of one model.
        keep: int. How many stay, at least 1.

    Returns:
        list of the versions that were removed.

    Raises:
        ValueError: if `keep` is not 1 or more.
    """
    check_keep(keep)
    path = storage.as_path(path)
    old = whole_versions(path)[:-keep]
    for version in old:
        # A server that looks now sees it whole, or not at all.
        storage.remove_folder(path / str(version), first=_LAST)
    return old


def _check_copy(
    copy: pathlib.Path, source: storage.Path, has_digests: bool
) -> None:
    wrong = ""
    if not (copy / _LAST).is_file():
        # It was there before: somebody removes the version.
        wrong = f"`{_LAST}` has gone meanwhile."
    elif has_digests:
        try:
            digests.check_saved_model(copy)
        except ValueError as error:
            wrong = str(error)
    if wrong:
        raise ValueError(
            "A version that is published again must be as it was exported. "
            f"Received: {str(source)!r}, whose copy is not: {wrong} Publish "
            "another version."
        )


def check_keep(keep: int) -> None:
    """Refuses to keep no version.

    Raises:
        ValueError: if `keep` is not an int of at least 1.
    """
    if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
        raise ValueError(
            "`keep` must be an int of at least 1, the version that is written "
            f"among them. Received: keep={keep!r}."
        )


def check_newest(path: storage.Path, version: int) -> None:
    """Refuses a version that would go as an old one.

    Args:
        path: folder of the versions of one model; it need not exist.
        version: int. The version that will be written.

    Raises:
        ValueError: if there is a newer one.
    """
    newest = max(whole_versions(path), default=0)
    if version < newest:
        raise ValueError(
            "With `keep`, `version` must be the newest, because the newest "
            f"stay. Received: version={version} for {str(path)!r}, which has "
            f"{newest}. Leave out `version` or `keep`."
        )
