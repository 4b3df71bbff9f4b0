"""What a bundle is on disk, and the reading of one."""

import dataclasses
import hashlib
import json
import os
import re
from typing import Any

import numpy as np
import safetensors.numpy

from tf_adapters import storage
from tf_adapters.bundles.description import DIGEST
from tf_adapters.bundles.description import description_digest
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.tensors import TensorSpec
from tf_adapters.bundles.tensors import spec_of
from tf_adapters.data.task import Task

FORMAT_VERSION = 1
JSON_FILE = "bundle.json"
WEIGHTS_FILE = "weights.safetensors"

_KEYS = {
    "format_version": int,
    "library_version": str,
    "task": dict,
    "num_outputs": int,
    "pooling": str,
    "method": dict,
    "fingerprint": str,
    "tokenizer": str,
    "tensors": dict,
    "weights_sha256": str,
    "shared_sha256": str,
    "metadata": dict,
}
# What a bundle lacks that was saved before there was such a key.
_LATER = {"tokenizer": ""}


@dataclasses.dataclass(frozen=True)
class Bundle:
    """One trained task, read from disk and consistent in itself.

    Attributes:
        directory: where it was read.
        task: the task, under the name it was saved with.
        pooling: pooling of the model that it was trained in.
        method: serialized method of that model.
        fingerprint: fingerprint of its encoder.
        tokenizer: fingerprint of its tokenizer, `""` where none is known.
        tensors: dict from the name of a tensor to its values, those beside the
            directory among them.
        metadata: what the user wrote down beside it.
    """

    directory: storage.Path
    task: Task
    pooling: str
    method: dict[str, Any]
    fingerprint: str
    tokenizer: str
    tensors: dict[str, np.ndarray]
    metadata: dict[str, Any]


def read_bundle(directory: str | os.PathLike[str]) -> Bundle:
    """Reads a bundle and checks that it is whole.

    Args:
        directory: what was given to `save_task`.

    Returns:
        A `Bundle`.

    Raises:
        BundleError: if a file is missing, damaged or not of this format.
    """
    directory = storage.as_path(directory)
    described = _read_json(directory / JSON_FILE)
    tensors = _read_tensors(directory, described)
    return Bundle(
        directory=directory,
        task=_task(directory / JSON_FILE, described),
        pooling=described["pooling"],
        method=described["method"],
        fingerprint=described["fingerprint"],
        tokenizer=described["tokenizer"],
        tensors=tensors,
        metadata=described["metadata"],
    )


def compare_specs(
    wanted: dict[str, TensorSpec], found: dict[str, TensorSpec]
) -> str:
    """Returns how `found` differs from `wanted`; empty if it does not."""
    parts = []
    missing = sorted(set(wanted) - set(found))
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    extra = sorted(set(found) - set(wanted))
    if extra:
        parts.append(f"not expected: {', '.join(extra)}")
    parts += [
        f"{name}: {found[name]} instead of {wanted[name]}"
        for name in sorted(set(wanted) & set(found))
        if wanted[name] != found[name]
    ]
    return "; ".join(parts)


def _read_bytes(path: storage.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise BundleError(
            f"A bundle is a directory that holds `{JSON_FILE}` and "
            f"`{WEIGHTS_FILE}`. Received {str(path.parent)!r}, where "
            f"`{path.name}` cannot be read ({reason}). Give the directory "
            "that was given to `save_task`."
        ) from error


def _read_json(path: storage.Path) -> dict[str, Any]:
    data = _read_bytes(path)
    try:
        described = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is not JSON ({error})") from error
    if not isinstance(described, dict):
        raise _damaged(path, "it does not hold a JSON object")
    version = described.get("format_version")
    if "format_version" in described and version != FORMAT_VERSION:
        raise BundleError(
            f"`{path}` must be of format {FORMAT_VERSION}, the one that this "
            f"version reads. Received: format_version={version!r}. Load it "
            "with the version of tf_adapters that wrote it."
        )
    missing = [key for key in _KEYS if key not in {**_LATER, **described}]
    if missing:
        raise _damaged(path, f"it lacks {', '.join(missing)}")
    for key, kind in _KEYS.items():
        if not isinstance(described.get(key, _LATER.get(key)), kind):
            reason = f"{key}={described[key]!r} is not of type {kind.__name__}"
            raise _damaged(path, reason)
    for key in ("weights_sha256", "shared_sha256"):
        # A bundle that shares nothing has an empty one.
        if not re.fullmatch("[0-9a-f]{64}|", described[key]):
            raise _damaged(path, f"{key}={described[key]!r} is no sha256")
    _check_digest(path, described)
    return {**_LATER, **described}


def _check_digest(path: storage.Path, described: dict[str, Any]) -> None:
    unknown = sorted({*described} - {*_KEYS, DIGEST})
    if unknown:
        raise _damaged(path, f"it has keys of no bundle: {', '.join(unknown)}")
    found = description_digest(described)
    # A bundle that was saved before there was one has none.
    wanted = described.get(DIGEST, found)
    if found != wanted:
        reason = (
            f"what it says has the sha256 {found[:12]}, but {DIGEST} is "
            f"{str(wanted)[:12]!r}: it was changed"
        )
        raise _damaged(path, reason)


def shared_file(digest: str) -> str:
    """Returns the name of the file that bundles share, beside them."""
    return f"shared-{digest[:16]}.safetensors"


def _read_tensors(
    directory: storage.Path, described: dict[str, Any]
) -> dict[str, np.ndarray]:
    path = directory / WEIGHTS_FILE
    data = _read_bytes(path)
    tensors = _load(path, data, described["weights_sha256"])
    if described["shared_sha256"]:
        tensors |= _read_shared(directory, described["shared_sha256"])
    specs = {name: spec_of(tensor) for name, tensor in tensors.items()}
    difference = compare_specs(_table(path, described["tensors"]), specs)
    if difference:
        reason = f"it differs from the table in `{JSON_FILE}` ({difference})"
        raise _damaged(path, reason)
    return tensors


def _read_shared(directory: storage.Path, digest: str) -> dict[str, np.ndarray]:
    if storage.is_local(directory):
        # The parent of `.`, say.
        directory = directory.absolute()
    path = directory.parent / shared_file(digest)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise BundleError(
            "A bundle of tasks that were trained together needs the weights "
            f"that they share. Received {str(directory)!r}, with no "
            f"`{path.name}` beside it ({reason}). Copy that file from the "
            "folder in which the bundle was saved."
        ) from error
    return _load(path, data, digest)


def _load(
    path: storage.Path, data: bytes, digest: str
) -> dict[str, np.ndarray]:
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        reason = (
            f"its {len(data)} bytes have the sha256 {found[:12]}, but "
            f"`{JSON_FILE}` says {digest[:12]}: it was cut short or changed"
        )
        raise _damaged(path, reason)
    try:
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        reason = f"it is not a safetensors file ({error!r})"
        raise _damaged(path, reason) from error
    bad = [name for name, t in tensors.items() if not np.isfinite(t).all()]
    if bad:
        raise _damaged(path, f"not finite: {', '.join(sorted(bad))}")
    return tensors


def _table(path: storage.Path, table: dict[str, Any]) -> dict[str, TensorSpec]:
    try:
        return {
            name: TensorSpec(tuple(entry["shape"]), entry["dtype"])
            for name, entry in table.items()
        }
    except (KeyError, TypeError) as error:
        reason = f"its table of tensors is malformed ({error!r})"
        raise _damaged(path.with_name(JSON_FILE), reason) from error


def _task(path: storage.Path, described: dict[str, Any]) -> Task:
    try:
        task = Task.from_config(described["task"])
    except (TypeError, ValueError) as error:
        raise _damaged(path, f"its task is not one ({error})") from error
    if task.num_outputs != described["num_outputs"]:
        reason = (
            f"num_outputs={described['num_outputs']}, but the task has "
            f"{task.num_outputs}"
        )
        raise _damaged(path, reason)
    return task


def _damaged(path: storage.Path, reason: str) -> BundleError:
    return BundleError(
        f"`{path}` must be as `save_task` wrote it. Received a file that is "
        f"not: {reason}. Save or copy the bundle again."
    )
