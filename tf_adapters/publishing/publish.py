"""Publishes bundles, and remembers which ones they were."""

import dataclasses
import os
import pathlib
from collections.abc import Collection
from collections.abc import Iterable
from typing import Any

from tf_adapters import storage
from tf_adapters.export.options import ServingOptions
from tf_adapters.export.saved_model import export_saved_model
from tf_adapters.publishing.join import join_bundles
from tf_adapters.publishing.named_bundles import NamedBundle
from tf_adapters.publishing.named_bundles import find_bundles

_NO_OPTIONS = ServingOptions()


@dataclasses.dataclass(frozen=True)
class BuiltFrom:
    """All that a version was built from, and the next one is.

    Attributes:
        preset: str. Backbone and tokenizer.
        bundles: dict from the name of a task to its bundle, in the order of
            their ids.
        sequence_length: int or `None`, as for `export_saved_model`.
        dropped_layers: likewise.
        options: likewise.
    """

    preset: str
    bundles: dict[str, NamedBundle]
    sequence_length: int | None = None
    dropped_layers: tuple[int, ...] = ()
    options: ServingOptions = _NO_OPTIONS

    def to_json(self) -> dict[str, Any]:
        """Returns the fields as values that JSON can hold."""
        values = dataclasses.asdict(self)
        return {**values, "options": self.options.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "BuiltFrom":
        """Returns what `to_json` was called of, by this or an older version."""
        options = ServingOptions(**values.get("options", {}))
        bundles = {
            name: NamedBundle(**bundle)
            for name, bundle in values["bundles"].items()
        }
        dropped = tuple(values["dropped_layers"])
        read = {"bundles": bundles, "dropped_layers": dropped}
        return cls(**{**values, **read, "options": options})


def export_bundles(
    preset: str,
    bundles: Iterable[str],
    path: str | os.PathLike[str],
    sequence_length: int | None = None,
    dropped_layers: Collection[int] = (),
    keep: int | None = None,
    options: ServingOptions = _NO_OPTIONS,
) -> storage.Path:
    """Exports tasks of many runs as one SavedModel, from their bundles alone.

    It remembers where they are, so that `add_published`, `replace_published`,
    `rename_published` and `remove_published` can write its next version.

    Args:
        preset: str. Backbone and tokenizer, as for `tf_adapters.load_preset`.
        bundles: folders, patterns such as `runs/*/bundles/*`, or
            `name=folder`, which calls the task of that folder `name`.
        path, sequence_length, dropped_layers, keep, options: as for
            `export_saved_model`.

    Returns:
        The folder written.

    Raises:
        BundleError: if there is no bundle, two tasks have one name, or one
            does not join the others, as `join_bundles` says.
    """
    built_from = BuiltFrom(
        _lasting(preset),
        find_bundles(bundles),
        sequence_length,
        tuple(dropped_layers),
        options,
    )
    return publish(built_from, path, keep=keep)


def publish(
    built_from: BuiltFrom,
    path: str | os.PathLike[str],
    version: int | None = None,
    keep: int | None = None,
) -> storage.Path:
    """Builds and exports a version; `export_saved_model` says how."""
    directories = {
        name: bundle.directory for name, bundle in built_from.bundles.items()
    }
    return export_saved_model(
        join_bundles(built_from.preset, directories),
        path,
        sequence_length=built_from.sequence_length,
        version=version,
        dropped_layers=built_from.dropped_layers,
        options=built_from.options,
        keep=keep,
        built_from=built_from.to_json(),
    )


def _lasting(preset: str) -> str:
    """Returns a name by which the preset is found from another folder too."""
    folder = pathlib.Path(preset).expanduser()
    is_folder = preset != "minilm" and folder.is_dir()
    return str(folder.absolute()) if is_folder else preset
