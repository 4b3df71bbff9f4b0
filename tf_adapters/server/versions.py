"""Which version of a folder is served, and how another takes its place."""

import asyncio
import dataclasses
import gc
import logging
import weakref

from tf_adapters import storage
from tf_adapters.export.version_folder import whole_versions
from tf_adapters.server.loaded_version import LoadedVersion
from tf_adapters.server.refusal import Refusal

_LOG = logging.getLogger(__name__)
# For how many looks at the folder a version that is not served may be held.
_LOOKS = 100


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """What is known of a version.

    Attributes:
        number: int.
        state: str. `LOADING`, `AVAILABLE` or `END`, as TF Serving says.
        error: str. Why it could not be loaded, or nothing.
    """

    number: int
    state: str
    error: str = ""


class Versions:
    """Serves the newest version of a folder that can be loaded.

    While a newer one is loaded and warms up, the one before answers. One that
    is damaged is not served, and is tried again only if its files change. Where
    the newest is taken away, the one before it comes back.

    Args:
        folder: the folder of the versions.
        name: str. What clients call the model.
    """

    def __init__(self, folder: storage.Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._current: LoadedVersion | None = None
        self._statuses: dict[int, VersionStatus] = {}
        self._damaged: dict[int, list] = {}
        self._retired: list[weakref.ref] = []
        self._looks_left = 0

    @property
    def is_available(self) -> bool:
        """Whether there is a version that answers."""
        return self._current is not None

    @property
    def current_number(self) -> int | None:
        """The version that answers, if there is one."""
        return self._current.number if self._current else None

    def get(self, name: str, number: int | None = None) -> LoadedVersion:
        """Returns the version that answers a request.

        Args:
            name: str. The model that is asked for.
            number: int. The version, or `None` for the one that is served.

        Raises:
            Refusal: if it is not served.
        """
        version = self._current
        if name != self.name:
            raise Refusal(
                "NOT_FOUND",
                f"The model must be {self.name!r}. Received: {name!r}.",
            )
        if version is None:
            raise Refusal(
                "UNAVAILABLE", f"No version of {self.name!r} is loaded yet."
            )
        if number not in (None, version.number):
            raise Refusal(
                "NOT_FOUND",
                f"The version must be {version.number}, which is served. "
                f"Received: {number}.",
            )
        return version

    def statuses(self, number: int | None = None) -> list[VersionStatus]:
        """Returns what is known of all versions, or of one.

        Raises:
            Refusal: if nothing is known of it.
        """
        if number is None:
            return [self._statuses[n] for n in sorted(self._statuses)][::-1]
        if number not in self._statuses:
            raise Refusal("NOT_FOUND", f"There is no version {number}.")
        return [self._statuses[number]]

    async def follow(self, seconds: float) -> None:
        """Looks for another version for ever, every few seconds."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.update()
            except Exception as error:
                # A file system that is away for a while, in its own words.
                reason = str(error) or type(error).__name__
                _LOG.warning("%s: %s", self._folder, reason)
            await self._free_retired()

    async def update(self) -> None:
        """Serves the newest version that can be loaded, if it is another."""
        for number in await asyncio.to_thread(self._wanted):
            if self._current and number == self._current.number:
                return
            version = await self._load(number)
            if version is not None:
                await self._serve(version)
                return

    async def _free_retired(self) -> None:
        """Frees what requests have held for longer than it was served."""
        if any(model() is not None for model in self._retired):
            await asyncio.to_thread(_collect)
        # Whoever holds it for longer has to free it.
        if self._looks_left:
            self._looks_left -= 1
        else:
            self._retired.clear()
        self._retired = [m for m in self._retired if m() is not None]

    def _wanted(self) -> list[int]:
        """Returns the versions that might be served, the newest first."""
        found = whole_versions(self._folder)[::-1]
        for number in list(self._damaged):
            if self._damaged[number] != _files(self._folder / str(number)):
                del self._damaged[number]
        return [number for number in found if number not in self._damaged]

    async def _load(self, number: int) -> LoadedVersion | None:
        folder = self._folder / str(number)
        files = await asyncio.to_thread(_files, folder)
        self._statuses[number] = VersionStatus(number, "LOADING")
        _LOG.info("loading version %d", number)
        try:
            return await asyncio.to_thread(_load_warm, folder)
        except Exception as error:
            reason = str(error).split("\n")[0] or type(error).__name__
            self._statuses[number] = VersionStatus(number, "END", reason)
            self._damaged[number] = files
            _LOG.error("version %d cannot be served: %s", number, reason)
            return None

    async def _serve(self, version: LoadedVersion) -> None:
        before, self._current = self._current, version
        self._statuses[version.number] = VersionStatus(
            version.number, "AVAILABLE"
        )
        _LOG.info("serving version %d", version.number)
        if before is not None:
            # Whoever computes with it still holds it.
            self._retired.append(weakref.ref(before.model))
            self._looks_left = _LOOKS
            self._statuses[before.number] = VersionStatus(before.number, "END")
        del before
        await asyncio.to_thread(_collect)


def _load_warm(folder: storage.Path) -> LoadedVersion:
    version = LoadedVersion(folder)
    version.warm_up()
    return version


def _collect() -> None:
    """Frees what is not served any more, and lets the rest be.

    Python looks through everything only when a quarter of what it holds is
    new. TensorFlow holds so much that the garbage of ten thousand requests
    would lie about until then.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _files(folder: storage.Path) -> list[tuple[str, int, int]]:
    """Returns name, size and time of each file."""
    files = []
    for path in storage.listed(folder):
        if path.is_dir():
            files += _files(path)
        else:
            found = path.stat()
            time = getattr(found, "st_mtime_ns", None) or found.mtime
            size = getattr(found, "st_size", None)
            size = size if size is not None else found.length
            files.append((str(path), size, time))
    return files
