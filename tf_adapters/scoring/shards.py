"""The files whose rows are scored."""

import dataclasses
import glob
import hashlib
from collections.abc import Iterable

from tf_adapters import storage
from tf_adapters.data.sources.lines import check_is_file
from tf_adapters.data.sources.rows import FILE_FORMATS


@dataclasses.dataclass(frozen=True)
class Shard:
    """A file whose rows are scored together.

    Attributes:
        path: str. Where it is.
        name: str. The name of the file, no other of which is called so.
        file_format: str. One of `FILE_FORMATS`.
        size: int. Its bytes.
        stamp: str. Of its size, the second it was written in, and its path:
            another one is another file.
    """

    path: str
    name: str
    file_format: str
    size: int
    stamp: str


def find_shards(
    patterns: Iterable[str], file_format: str | None = None
) -> list[Shard]:
    """Finds files, the largest first.

    Args:
        patterns: paths, or patterns such as `rows/*.tsv`.
        file_format: str or `None`. One of `FILE_FORMATS`; `None` for what the
            name of each ends in, but for `.gz`. Defaults to `None`.

    Raises:
        FileNotFoundError: if a pattern or a path finds no file.
        ValueError: if two have one name, or one tells no format.
    """
    found: dict[str, Shard] = {}
    for path in dict.fromkeys(_paths(patterns)):
        shard = _shard(path, file_format)
        if shard.name in found:
            raise ValueError(
                "Files that are scored together must have names of their own, "
                "because those of the answers are made of them. Received: "
                f"{found[shard.name].path!r} and {shard.path!r}. Rename one, "
                "or score them into different folders."
            )
        found[shard.name] = shard
    # Whoever gets the largest should begin with it.
    return sorted(found.values(), key=lambda shard: (-shard.size, shard.name))


def _paths(patterns: Iterable[str]) -> Iterable[storage.Path]:
    for pattern in patterns:
        if not glob.has_magic(pattern):
            path = storage.as_path(pattern)
            check_is_file(path)
            yield path
            continue
        paths = [path for path in storage.matching(pattern) if path.is_file()]
        if not paths:
            raise FileNotFoundError(
                f"A pattern must find a file. Received: {pattern!r}, which "
                "finds none. Write for example 'rows/*.tsv'."
            )
        yield from paths


def _shard(path: storage.Path, file_format: str | None) -> Shard:
    name = path.name.removesuffix(".gz")
    file_format = file_format or name.rpartition(".")[2].lower()
    if file_format not in FILE_FORMATS:
        raise ValueError(
            "The name of a file must tell its format: "
            f"{', '.join('.' + known for known in FILE_FORMATS)}. Received: "
            f"{str(path)!r}. Rename it, or give `file_format`."
        )
    if storage.is_local(path):
        path = path.absolute()
        size, written = path.stat().st_size, path.stat().st_mtime
    else:
        size, written = path.stat().length, path.stat().mtime
    # What copies files may keep their times: files of one name differ in their
    # paths alone.
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    stamp = f"{size}-{int(written)}-{digest}"
    return Shard(str(path), path.name, file_format, size, stamp)
