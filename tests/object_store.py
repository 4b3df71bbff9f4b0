"""A file system of the tests' own: an object store in TensorFlow's memory.

`etils.epath` opens it by the class below, TensorFlow by its own `ram://`.
"""

import contextlib
import io
import itertools

import pytest
import tensorflow as tf
from etils import epath
from etils.epath import backend

_OPENED = backend.tf_backend
_NUMBERS = itertools.count()


class Killed(BaseException):
    """Ends a writer that can do nothing more, not even tidy up."""


class _Changes:
    """Counts what changes in a store, and interrupts it."""

    allowed = None
    error = None

    def count(self):
        if self.allowed is None:
            return
        self.allowed -= 1
        if self.allowed == -1 or (self.error is Killed and self.allowed < 0):
            raise self.error("No space left on device")


_CHANGES = _Changes()


@epath.register_path_cls("ram://")
class StoredPath(epath.Path):
    """Does what an object store can do. What it lacks is not implemented."""

    def __str__(self):
        return "ram://" + "/".join(self.parts[1:])

    __fspath__ = __str__

    def exists(self):
        return _OPENED.exists(str(self))

    def is_dir(self):
        return _OPENED.isdir(str(self))

    def iterdir(self):
        return (self / name for name in _OPENED.listdir(str(self)))

    def mkdir(self, mode=None, parents=False, exist_ok=False):
        _OPENED.makedirs(str(self), exist_ok=exist_ok)

    @contextlib.contextmanager
    def open(self, mode="r", encoding=None, errors=None, **kwargs):
        if mode in ("r", "rb"):
            with _OPENED.open(str(self), mode) as file:
                yield file
            return
        # An object is there when all of it is.
        content = io.BytesIO()
        yield content
        _CHANGES.count()
        if self.exists():
            # TensorFlow's memory would write behind what is there.
            _OPENED.remove(str(self))
        with tf.io.gfile.GFile(str(self), mode) as file:
            file.write(content.getvalue())

    def unlink(self, missing_ok=False):
        if self.exists() or not missing_ok:
            _CHANGES.count()
            _OPENED.remove(str(self))

    def rmtree(self, missing_ok=False):
        if not self.exists() and missing_ok:
            return
        for path in self.iterdir():
            path.rmtree() if path.is_dir() else path.unlink()
        _OPENED.rmtree(str(self))

    def rename(self, target):
        raise NotImplementedError("An object store cannot rename.")

    replace = rename


class ObjectStore:
    """A bucket of a test, and a way to interrupt whoever writes to it."""

    def __init__(self, root):
        self.root = root

    def interrupts(self, write, changes, error=Killed):
        """Calls `write`, whose change after so many others is an error.

        Returns whether it came to that. After `Killed` none more is possible,
        after another error all are.
        """
        _CHANGES.allowed, _CHANGES.error = changes, error
        try:
            write()
        except error:
            return True
        finally:
            _CHANGES.allowed = None
        return False

    def contents(self, folder=None):
        """Returns the bytes of every file, by its path in the bucket."""
        found = {}
        for path in (folder or self.root).iterdir():
            if path.is_dir():
                found |= self.contents(path)
            else:
                name = str(path).removeprefix(f"{self.root}/")
                found[name] = path.read_bytes()
        return found


@pytest.fixture
def object_store():
    """A new bucket of an object store."""
    root = StoredPath(f"ram://bucket{next(_NUMBERS)}")
    root.mkdir()
    yield ObjectStore(root)
    root.rmtree()
