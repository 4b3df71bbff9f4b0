"""The folder of a run's answers: what is in it, and when a shard is done."""

import contextlib
import dataclasses
import json
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from tf_adapters import storage
from tf_adapters.scoring.questions import Chunk
from tf_adapters.scoring.shards import Shard

_SETTINGS = "settings.json"
_LAST = ".last"


@dataclasses.dataclass(frozen=True)
class Results:
    """Where answers are written, part by part, and joined by shard.

    `answers/` and, where rows were rejected, `rejected/` have a file for each
    shard that is finished, `finished/` how many rows these have. What `parts/`
    holds is of shards that are not. Each file is there whole or not at all, and
    writing one again changes nothing, so that any worker may do so at any time,
    also one of another run, which may remove what it has joined.

    Args:
        folder: str.
    """

    folder: str

    def claim(self, settings: dict[str, Any]) -> None:
        """Refuses a folder in which something else was written.

        Args:
            settings: what answers and parts depend on, as JSON holds it.

        Raises:
            ValueError: if answers with other settings are there.
        """
        path = self._path(_SETTINGS)
        # Settings with which no row was read bind nobody.
        is_begun = self.names("finished") or self.names("parts")
        if not is_begun or not path.exists():
            storage.write_whole(path, _as_json(settings))
            return
        there = json.loads(path.read_bytes())
        other = [key for key in settings if there.get(key) != settings[key]]
        if other:
            differences = "; ".join(
                f"{key} was {there.get(key)!r} and is {settings[key]!r}"
                for key in other
            )
            raise ValueError(
                "A run must go on with what it began with. Received: "
                f"{self.folder!r}, where {differences}. Write the answers to "
                "another folder, or give what it began with."
            )

    def check_paths(self, shards: Iterable[Shard]) -> None:
        """Refuses files whose answers would replace those of others.

        Args:
            shards: all shards of a run.

        Raises:
            ValueError: if answers of another file of the same name are there.
        """
        there = self.names("finished")
        for shard in shards:
            finished = self._read(shard) if shard.name in there else None
            if finished and finished.get("path") != shard.path:
                raise ValueError(
                    "A folder must have the answers of one file of a name, "
                    "because they are called after it. Received: "
                    f"{shard.path!r} for {self.folder!r}, which has those of "
                    f"{finished.get('path')!r}. Write the answers to another "
                    "folder."
                )

    def is_finished(self, shard: Shard) -> bool:
        """Whether all rows of a shard, as it is now, are answered."""
        return self.counts(shard) is not None

    def counts(self, shard: Shard) -> dict[str, int] | None:
        """Returns how many rows are answered and rejected, if all are."""
        finished = self._read(shard)
        if finished is None or finished["stamp"] != shard.stamp:
            return None
        return {name: finished[name] for name in ("answered", "rejected")}

    def parts(self, shard: Shard) -> set[int]:
        """Returns the numbers of the chunks whose answers are written."""
        return set(self._parts(shard))

    def write_part(
        self, chunk: Chunk, answers: Iterable[dict], rejected: Iterable[dict]
    ) -> None:
        """Writes what became of the rows of a chunk.

        Args:
            chunk: the chunk.
            answers: dicts, in the order of the rows.
            rejected: dicts, one for each of the other rows.
        """
        folder = self._parts_of(chunk.shard)
        last = _LAST if chunk.is_last else ""
        name = f"{chunk.number:06}{last}.jsonl"
        with self._unless_finished(chunk.shard):
            # The part is there once its answers are.
            storage.write_whole(folder / f"rejected.{name}", _lines(rejected))
            storage.write_whole(folder / name, _lines(answers))

    def finish_if_whole(self, shard: Shard) -> None:
        """Joins the parts of a shard if none is missing."""
        parts = self._parts(shard)
        whole = set(range(len(parts))) == set(parts)
        if not parts or not whole or not parts[max(parts)][1]:
            return
        paths = [parts[number][0] for number in sorted(parts)]
        beside = [path.with_name(f"rejected.{path.name}") for path in paths]
        with self._unless_finished(shard):
            rejected = _join(beside, self._path("rejected", shard))
            answered = _join(paths, self._path("answers", shard))
            if not rejected:
                self._path("rejected", shard).unlink(missing_ok=True)
            finished = {
                "path": shard.path,
                "stamp": shard.stamp,
                "answered": answered,
                "rejected": rejected,
            }
            storage.write_whole(self._finished(shard), _as_json(finished))
            self._remove_parts(shard)

    def fail(self, shard: Shard, reason: str) -> None:
        """Notes why a shard cannot be read."""
        path = self._path("failed") / f"{shard.name}.json"
        storage.write_whole(path, _as_json({"reason": reason}))

    def failures(self) -> dict[str, str]:
        """Returns why shards could not be read, by their names."""
        found = {}
        for name in self.names("failed"):
            path = self._path("failed") / f"{name}.json"
            with contextlib.suppress(FileNotFoundError):
                found[name] = json.loads(path.read_bytes())["reason"]
        return found

    def forget_failures(self) -> None:
        """Removes what a run before this one has noted of failures."""
        # Another run may be writing there.
        for name in self.names("failed"):
            path = self._path("failed") / f"{name}.json"
            path.unlink(missing_ok=True)

    def names(self, kind: str) -> set[str]:
        """Returns the names of the shards that have something in a folder.

        Args:
            kind: str. The folder: `"parts"`, `"finished"` or `"failed"`.
        """
        names = (entry.name for entry in storage.listed(self._path(kind)))
        return {n.removesuffix(".json") for n in names if n[0] != "."}

    def tidy(self, shards: Iterable[Shard]) -> None:
        """Removes what killed workers left of shards that are finished.

        Args:
            shards: these shards. Of others a run beside this one may write.
        """
        shards, begun = list(shards), self.names("parts")
        for shard in shards:
            if shard.name in begun:
                self._remove_parts(shard)
        for kind in ("answers", "rejected"):
            names = {self._path(kind, shard).name for shard in shards}
            storage.remove_unfinished(self._path(kind), names)
        names = {self._finished(shard).name for shard in shards}
        storage.remove_unfinished(self._path("finished"), names)

    @contextlib.contextmanager
    def _unless_finished(self, shard: Shard) -> Iterator[None]:
        """Lets nothing fail of a shard that another worker has finished."""
        try:
            yield
        except OSError:
            if not self.is_finished(shard):
                raise

    def _remove_parts(self, shard: Shard) -> None:
        # Another worker may write, or remove, the same; `tidy` looks again.
        with contextlib.suppress(OSError):
            storage.remove_folder(self._path("parts") / shard.name)

    def _path(self, name: str, shard: Shard | None = None) -> storage.Path:
        path = storage.as_path(self.folder) / name
        return path / f"{shard.name}.jsonl" if shard else path

    def _finished(self, shard: Shard) -> storage.Path:
        return self._path("finished") / f"{shard.name}.json"

    def _read(self, shard: Shard) -> dict[str, Any] | None:
        """Returns what is noted of the finished file of this name."""
        try:
            return json.loads(self._finished(shard).read_bytes())
        except FileNotFoundError:
            return None

    def _parts_of(self, shard: Shard) -> storage.Path:
        # A file that has changed has other parts.
        return self._path("parts") / shard.name / shard.stamp

    def _parts(self, shard: Shard) -> dict[int, tuple[storage.Path, bool]]:
        """Returns the files of answers by number, and whether one is last."""
        found = {}
        for path in storage.listed(self._parts_of(shard)):
            name = path.name.removesuffix(".jsonl")
            number = name.removesuffix(_LAST)
            if number.isdecimal():
                found[int(number)] = path, name.endswith(_LAST)
        return found


def _join(paths: list[storage.Path], target: storage.Path) -> int:
    """Writes files after one another, and returns how many lines they have."""
    lines = 0
    with storage.whole_file(target) as file:
        for path in paths:
            data = path.read_bytes()
            lines += data.count(b"\n")
            file.write(data)
    return lines


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    texts = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return "".join(texts).encode("utf-8")


def _as_json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode("utf-8")
