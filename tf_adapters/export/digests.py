"""Digests of a SavedModel's files, beside them: is it what was exported?

TensorFlow reads a flipped bit as another weight. The file is in the format of
`sha256sum`, so that `cd serving/reviews/1 && sha256sum -c
assets.extra/sha256sums` looks without this library, and this module looks
without TensorFlow.
"""

import hashlib
import os
import pathlib
import re
from collections.abc import Iterator

from tf_adapters import storage

FILE = "assets.extra/sha256sums"


def write_digests(folder: pathlib.Path) -> None:
    """Writes the sha256 of every file of a SavedModel, as its last file.

    Args:
        folder: the SavedModel.
    """
    lines = [f"{_digest(path)}  {name}\n" for name, path in _files(folder)]
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(lines), encoding="utf-8")


def check_saved_model(path: str | os.PathLike[str]) -> None:
    """Refuses an export that is not as `export_saved_model` wrote it.

    It reads every byte and imports no TensorFlow. It protects from damage, in
    copying or on a disk, and not from a person, who can write digests too.

    Args:
        path: a version folder, as `export_saved_model` returns it.

    Raises:
        ValueError: if it has no digests, or a file differs from its digest,
            is missing, or was not exported.

    Example:

    >>> check_saved_model("serving/reviews/1")
    """
    folder = storage.as_path(path)
    wrong = _differences(_read(folder), dict(_files(folder)))
    if wrong:
        raise ValueError(
            "A SavedModel must be as `export_saved_model` wrote it. Received: "
            f"{str(folder)!r}, where {'; '.join(wrong)}. Copy or export it "
            "again."
        )


def _differences(
    wanted: dict[str, str], found: dict[str, storage.Path]
) -> list[str]:
    wrong = [f"`{name}` is missing" for name in sorted({*wanted} - {*found})]
    for name, path in found.items():
        if name in wanted:
            digest = _digest(path)
            if digest != wanted[name]:
                wrong.append(
                    f"`{name}` has the sha256 {digest[:12]} instead of "
                    f"{wanted[name][:12]}"
                )
        else:
            wrong.append(f"`{name}` is not among the digests")
    return wrong


def _read(folder: storage.Path) -> dict[str, str]:
    try:
        data = (folder / FILE).read_bytes()
    except OSError as error:
        raise ValueError(
            f"A SavedModel that can be checked has `{FILE}`. Received: "
            f"{str(folder)!r}, where it cannot be read "
            f"({error.strerror or error}). Give the folder of one version, or "
            "export it again."
        ) from error
    lines = data.decode("utf-8", "replace").split("\n")
    matches = [re.fullmatch("([0-9a-f]{64})  (.+)", x) for x in lines[:-1]]
    if lines[-1] or not all(matches):
        raise ValueError(
            f"`{FILE}` must be as `export_saved_model` wrote it. Received: "
            f"{str(folder / FILE)!r}, which has other lines than digests: it "
            "was cut short or changed. Copy or export the SavedModel again."
        )
    return {match[2]: match[1] for match in matches}


def _files(folder: storage.Path) -> Iterator[tuple[str, storage.Path]]:
    """Finds every file but that of the digests, under its relative name."""
    folders = [("", folder)]
    found = {}
    while folders:
        prefix, current = folders.pop()
        for path in storage.listed(current):
            if path.is_dir():
                folders.append((f"{prefix}{path.name}/", path))
            else:
                found[prefix + path.name] = path
    found.pop(FILE, None)
    yield from sorted(found.items())


def _digest(path: storage.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
