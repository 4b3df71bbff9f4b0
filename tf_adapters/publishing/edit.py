"""Edits what is published: each edit writes the next version.

A version is never changed: it may be in service, and a server goes back to the
one before it.
"""

import dataclasses
import os
from collections.abc import Iterable

from tf_adapters import storage
from tf_adapters.export.options import ServingOptions
from tf_adapters.export.published import read_published
from tf_adapters.export.version_folder import versions
from tf_adapters.publishing import publish
from tf_adapters.publishing.named_bundles import NamedBundle
from tf_adapters.publishing.named_bundles import check_unchanged
from tf_adapters.publishing.named_bundles import find_bundles

_Path = str | os.PathLike[str]


def add_published(path: _Path, bundles: Iterable[str]) -> storage.Path:
    """Publishes further tasks beside those of the newest version.

    Args:
        path: folder of the versions, which `export_bundles` began.
        bundles: as for `export_bundles`.

    Returns:
        The folder of the next version. No weight of another task differs.

    Raises:
        BundleError: if a task of that name is published, or what is has been
            moved or changed.
        ValueError: if `path` was not exported from bundles.
    """
    edit = _Edit(path)
    new = find_bundles(bundles)
    for name in new:
        if name in edit.bundles:
            raise ValueError(
                f"A task that is added must be new. Received: {name!r}, which "
                f"is published from `{edit.bundles[name].directory}`. Use "
                "`tf-adapters tasks replace`, or give it another name, as "
                f"my_{name}={new[name].directory}."
            )
    return edit.write({**edit.bundles, **new})


def replace_published(path: _Path, bundles: Iterable[str]) -> storage.Path:
    """Publishes other bundles of tasks that are published.

    Args:
        path, bundles: as for `add_published`.

    Returns, raises: as `add_published`; each task must be published.
    """
    edit = _Edit(path)
    new = find_bundles(bundles)
    for name in new:
        edit.check_known(name)
    return edit.write({**edit.bundles, **new})


def rename_published(path: _Path, name: str, new_name: str) -> storage.Path:
    """Publishes a task under another name, in its ensembles too.

    Args:
        path: as for `add_published`.
        name: str. A task that is published.
        new_name: str. What no other task is called.

    Returns, raises: as `add_published`.
    """
    edit = _Edit(path)
    edit.check_known(name)
    if new_name in edit.bundles:
        raise ValueError(
            "A task must get a name of its own. Received: "
            f"{new_name!r}, which is published from "
            f"`{edit.bundles[new_name].directory}`. Choose another."
        )
    names = {name: new_name}
    ensembles = {
        signature: [names.get(member, member) for member in members]
        for signature, members in edit.options.ensembles.items()
    }
    return edit.write(
        {names.get(k, k): v for k, v in edit.bundles.items()},
        dataclasses.replace(edit.options, ensembles=ensembles),
    )


def remove_published(path: _Path, names: Iterable[str]) -> storage.Path:
    """Publishes a version without some of the tasks.

    Args:
        path: as for `add_published`.
        names: tasks that are published, not all of them, and in no ensemble.

    Returns, raises: as `add_published`.
    """
    edit = _Edit(path)
    names = list(names)
    for name in names:
        edit.check_known(name)
    left = {k: v for k, v in edit.bundles.items() if k not in names}
    if not left:
        raise ValueError(
            "A version must keep one task at least. Received: "
            f"{', '.join(names)}, all of them. Take the folder out of service "
            "instead."
        )
    for signature, members in edit.options.ensembles.items():
        gone = [name for name in names if name in members]
        if gone:
            raise ValueError(
                "A task of an ensemble cannot be removed, because the ensemble "
                f"averages it. Received: {', '.join(gone)}, in the ensemble "
                f"{signature!r} of {', '.join(members)}. Export the bundles "
                "again, with other `--ensembles`."
            )
    return edit.write(left)


class _Edit:
    """The newest version of a folder, and the writer of the next."""

    def __init__(self, path: _Path) -> None:
        self._path = storage.as_path(path)
        # Before it is read: if another edit writes a version meanwhile, that
        # number is taken, and this one is refused and takes nothing back.
        self._version = max(versions(self._path), default=0) + 1
        newest, described = read_published(self._path)
        if not described.get("built_from"):
            raise ValueError(
                "Tasks are edited where a version was exported from bundles. "
                f"Received: {str(self._path / str(newest))!r}, which was not. "
                "Export it from its bundles once, as `tf-adapters export "
                "--preset PRESET --bundles 'RUN/bundles/*' --path "
                f"{self._path}`."
            )
        self._built_from = publish.BuiltFrom.from_json(described["built_from"])
        self.bundles = self._built_from.bundles
        self.options = self._built_from.options

    def check_known(self, name: str) -> None:
        if name not in self.bundles:
            raise ValueError(
                f"There must be a task of that name. Received: {name!r}. "
                f"Published are: {', '.join(self.bundles)}."
            )

    def write(
        self,
        bundles: dict[str, NamedBundle],
        options: ServingOptions | None = None,
    ) -> storage.Path:
        check_unchanged(bundles)
        built_from = dataclasses.replace(
            self._built_from, bundles=bundles, options=options or self.options
        )
        return publish.publish(built_from, self._path, self._version)
