"""Writes one trained task to disk, whole or not at all."""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import safetensors.numpy

from tf_adapters import storage
from tf_adapters.bundles.bundle import FORMAT_VERSION
from tf_adapters.bundles.bundle import JSON_FILE
from tf_adapters.bundles.bundle import WEIGHTS_FILE
from tf_adapters.bundles.bundle import shared_file
from tf_adapters.bundles.description import DIGEST
from tf_adapters.bundles.description import description_digest
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.fingerprint import fingerprint
from tf_adapters.bundles.generated import generated_tensors
from tf_adapters.bundles.generated import plain_method
from tf_adapters.bundles.tensors import SHARED
from tf_adapters.bundles.tensors import task_tensors
from tf_adapters.bundles.tokenizer_fingerprint import tokenizer_fingerprint
from tf_adapters.version import __version__


def save_task(
    model: keras.Model,
    name: str,
    directory: str | os.PathLike[str],
    overwrite: bool = False,
    metadata: Mapping[str, Any] | None = None,
    shared: str = "inside",
    generated: bool = False,
) -> storage.Path:
    """Writes what the model has learned for one task to a directory.

    The pretrained backbone is not written, except for the weights of it that
    the method trains.

    Args:
        model: a `MultiTaskClassifier`.
        name: str. The task.
        directory: path of a directory that is made, which may be on `gs://`.
        overwrite: bool. Whether a bundle that is there already is replaced;
            on `gs://` it is lost if this is cut short. Defaults to `False`.
        metadata: dict of values that JSON can hold, such as metrics. Defaults
            to `None`.
        shared: str. Where the weights go that tasks trained together:
            `"inside"` the directory, or `"beside"` it, in one file for all
            bundles of that model, `shared-<hash>.safetensors`, without which
            none of them can be loaded. Defaults to `"inside"`.
        generated: bool. Whether weights that the method computes from others
            are written instead of those: a task of HyperFormer as adapters,
            without the hypernetwork, or one of Compacter with its kernels. It
            is loaded by a model of the method that `model.method.plain()`
            names. Defaults to `False`.

    Returns:
        The path of the directory.

    Raises:
        ValueError: if the model has no such task, `shared` is unknown, or the
            method computes no weights that could be `generated`.
        BundleError: if the directory exists, or if what would be written
            could not be loaded.
    """
    directory = storage.as_path(directory)
    _check_shared(shared)
    _check_target(directory, overwrite)
    tensors = task_tensors(model, name)
    method = model.method
    if generated:
        method = plain_method(model)
        tensors = generated_tensors(model, name)
    _check_finite(name, tensors)
    together = {
        key: tensor
        for key, tensor in tensors.items()
        if shared == "beside" and key.startswith(SHARED)
    }
    own = {key: t for key, t in tensors.items() if key not in together}
    weights = safetensors.numpy.save(own)
    described = _describe(model, name, method, tensors, weights)
    described["shared_sha256"] = _save_shared(directory.parent, together)
    described["metadata"] = dict(metadata or {})
    text = _to_json(described)
    with storage.whole_folder(directory, JSON_FILE, replace=True) as staged:
        (staged / WEIGHTS_FILE).write_bytes(weights)
        (staged / JSON_FILE).write_bytes(text.encode())
    return directory


def _describe(
    model: keras.Model,
    name: str,
    method: Any,
    tensors: dict[str, np.ndarray],
    weights: bytes,
) -> dict[str, Any]:
    task = model.tasks[model.task_id(name)]
    return {
        "format_version": FORMAT_VERSION,
        "library_version": __version__,
        "task": task.get_config(),
        "num_outputs": task.num_outputs,
        "pooling": model.pooling,
        "method": keras.saving.serialize_keras_object(method),
        "fingerprint": fingerprint(model),
        "tokenizer": tokenizer_fingerprint(model.tokenizer),
        "tensors": {
            key: {"shape": list(array.shape), "dtype": str(array.dtype)}
            for key, array in sorted(tensors.items())
        },
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }


def _save_shared(folder: storage.Path, tensors: dict[str, np.ndarray]) -> str:
    """Writes what bundles in `folder` share, once, and returns its sha256."""
    if not tensors:
        return ""
    data = safetensors.numpy.save(tensors)
    digest = hashlib.sha256(data).hexdigest()
    path = folder / shared_file(digest)
    if not path.exists() or path.read_bytes() != data:
        storage.write_whole(path, data)
    return digest


def _to_json(described: dict[str, Any]) -> str:
    try:
        # Refuses what JSON cannot hold, before the digest is taken.
        json.dumps(described, allow_nan=False)
        digest = {DIGEST: description_digest(described)}
        return json.dumps({**described, **digest}, indent=2) + "\n"
    except (TypeError, ValueError) as error:
        raise BundleError(
            "`metadata` must hold values that JSON can hold. Received: "
            f"metadata={described['metadata']!r} ({error}). Write plain "
            "finite numbers, such as float(value)."
        ) from error


def _check_shared(shared: str) -> None:
    if shared not in ("inside", "beside"):
        raise ValueError(
            '`shared` must be "inside" or "beside". Received: '
            f"shared={shared!r}."
        )


def _check_finite(name: str, tensors: dict[str, np.ndarray]) -> None:
    bad = [key for key, t in tensors.items() if not np.isfinite(t).all()]
    if bad:
        raise BundleError(
            "A bundle must hold finite numbers, or it could not be loaded. "
            f"Received NaN or infinity in the task {name!r}: "
            f"{', '.join(sorted(bad))}. Train it again at a lower learning "
            "rate."
        )


def _check_target(directory: storage.Path, overwrite: bool) -> None:
    is_local = storage.is_local(directory)
    if not (os.path.lexists(directory) if is_local else directory.exists()):
        return
    is_folder = directory.is_dir() and not (is_local and directory.is_symlink())
    files = {path.name for path in storage.listed(directory)}
    if is_folder and not is_local and files <= {WEIGHTS_FILE}:
        # Half a bundle, of a writer that was killed.
        return
    if not overwrite:
        raise BundleError(
            "`directory` must not exist yet. Received: "
            f"directory={str(directory)!r}, which does. Pass `overwrite=True` "
            "to replace the bundle in it."
        )
    if not is_folder or not files <= {JSON_FILE, WEIGHTS_FILE}:
        raise BundleError(
            "`overwrite=True` replaces a directory that holds a bundle and "
            f"nothing else. Received: directory={str(directory)!r}, which is "
            "not one. Remove it yourself, or choose another directory."
        )
