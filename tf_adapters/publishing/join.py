"""One model of the tasks of many bundles."""

import dataclasses
import hashlib
import inspect
import json
import os
from collections.abc import Iterable
from collections.abc import Mapping

import keras

from tf_adapters.bundles.bundle import Bundle
from tf_adapters.bundles.bundle import read_bundle
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.tensors import SHARED
from tf_adapters.encoder import load_preset
from tf_adapters.encoder.stock import revive_backbone
from tf_adapters.encoder.stock import stock_config
from tf_adapters.methods.method import Method
from tf_adapters.model import MultiTaskClassifier
from tf_adapters.publishing.fill import fill
from tf_adapters.publishing.fill import joined_method
from tf_adapters.publishing.learned import check_can_join
from tf_adapters.publishing.learned import what_was_learned


def join_bundles(
    preset: str, directories: Mapping[str, str | os.PathLike[str]]
) -> MultiTaskClassifier:
    """Builds a model of tasks that were trained in different runs.

    If all are of one method, it is a model of that method. Tasks of different
    ones join as what is left of them: a bottleneck adapter of each task in
    every slot, padded with zeros to the widest, a copy of every LayerNorm, a
    head. Each task computes what it did, to rounding.

    Each bundle is held to its own method on the backbone of `preset`, so that
    it is known to be of that backbone whichever LayerNorms it trained.

    Args:
        preset: str, as for `tf_adapters.load_preset`.
        directories: dict from the name of a task to its bundle, in the order
            that their ids shall have.

    Returns:
        A `MultiTaskClassifier`. Tasks of different methods are in it to be
        asked and exported, not to be trained.

    Raises:
        BundleError: if a bundle is damaged, of another backbone, tokenizer or
            pooling, or of a method that cannot join the others.

    Example:

    >>> model = join_bundles("minilm", {"rte": "a/rte", "sst": "b/sst"})
    >>> export_saved_model(model, "serving/all")
    """
    bundles = {
        name: dataclasses.replace(bundle, task=_named(bundle, name))
        for name, bundle in (
            (name, read_bundle(directory))
            for name, directory in directories.items()
        )
    }
    _check_pooling(bundles.values())
    groups = _groups(bundles)
    backbone, tokenizer = load_preset(preset)
    if len(groups) == 1:
        model = _model_of(backbone, tokenizer, bundles)
        model.load_tasks(_directories(bundles))
        return model
    parts = []
    for group in groups:
        # A method may train LayerNorms of its backbone.
        own = _model_of(_copy(backbone), tokenizer, group)
        check_can_join(own, next(iter(group.values())))
        own.load_tasks(_directories(group))
        parts.append(what_was_learned(own))
    model = MultiTaskClassifier(
        backbone,
        joined_method(parts),
        [bundle.task for bundle in bundles.values()],
        tokenizer=tokenizer,
        pooling=next(iter(bundles.values())).pooling,
    )
    fill(model, parts)
    return model


def _named(bundle: Bundle, name: str):
    try:
        return dataclasses.replace(bundle.task, name=name)
    except ValueError as error:
        raise BundleError(str(error)) from error


def _directories(bundles: Mapping[str, Bundle]) -> dict[str, os.PathLike[str]]:
    return {name: bundle.directory for name, bundle in bundles.items()}


def _check_pooling(bundles: Iterable[Bundle]) -> None:
    first, *others = bundles
    for other in others:
        if other.pooling != first.pooling:
            raise BundleError(
                "Tasks share an artifact if their heads read the same. "
                f"Received: `{first.directory}` with pooling="
                f"{first.pooling!r} and `{other.directory}` with pooling="
                f"{other.pooling!r}. Export them to two paths."
            )


def _groups(bundles: Mapping[str, Bundle]) -> list[dict[str, Bundle]]:
    """Puts together what is of one method and shares what it has to."""
    found: dict[str, dict[str, Bundle]] = {}
    for name, bundle in bundles.items():
        digest = hashlib.sha256()
        kind = [bundle.method.get(k) for k in ("registered_name", "config")]
        digest.update(json.dumps(kind, sort_keys=True).encode())
        for key, tensor in sorted(bundle.tensors.items()):
            if key.startswith(SHARED):
                digest.update(key.encode() + tensor.tobytes())
        found.setdefault(digest.hexdigest(), {})[name] = bundle
    return list(found.values())


def _model_of(
    backbone: keras.Model,
    tokenizer: keras.layers.Layer,
    bundles: Mapping[str, Bundle],
) -> MultiTaskClassifier:
    """Returns a model of the first task; what is shared comes with it."""
    first = next(iter(bundles.values()))
    return MultiTaskClassifier(
        backbone,
        _method_of(first),
        [first.task],
        tokenizer=tokenizer,
        pooling=first.pooling,
    )


def _method_of(bundle: Bundle) -> Method:
    # Only by what is registered: Keras would look for a module of that name.
    name = bundle.method.get("registered_name")
    known = keras.saving.get_registered_object(name)
    try:
        if inspect.isclass(known) and issubclass(known, Method):
            return known.from_config(bundle.method["config"])
        reason = "no method is registered under that name"
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise BundleError(
        "The method of a bundle must be known. Received: "
        f"`{bundle.directory}` of {name!r}: {reason}. Import the module that "
        "registers it first."
    )


def _copy(backbone: keras.Model) -> keras.Model:
    copy = revive_backbone(stock_config(backbone))
    copy.set_weights(backbone.get_weights())
    return copy
