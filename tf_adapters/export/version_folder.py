"""The versions of a served model that a folder holds."""

from tf_adapters import storage


def choose_version(path: storage.Path, version: int | None) -> int:
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
    latest = max(versions(path), default=0)
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


def whole_versions(path: storage.Path) -> list[int]:
    """Returns the versions that a server would load, in order.

    Args:
        path: folder of the versions of one model; it need not exist.
    """
    return sorted(
        version
        for version in versions(path)
        if (path / str(version) / "saved_model.pb").exists()
    )


def versions(path: storage.Path) -> list[int]:
    """Returns the versions that a folder holds, whole or not."""
    names = (entry.name for entry in storage.listed(path))
    return [int(name) for name in names if name.isdecimal()]
