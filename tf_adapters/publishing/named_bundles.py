"""Which bundles are meant, and what their tasks shall be called."""

import dataclasses
import glob
import hashlib
import json
import os
import re
from collections.abc import Iterable
from collections.abc import Mapping

from tf_adapters import storage
from tf_adapters.bundles.errors import BundleError

_JSON_FILE = "bundle.json"
_NAMED = re.compile(r"([a-z0-9][a-z0-9_-]*)=(.+)")
_SHARED = re.compile(r"shared-[0-9a-f]+\.safetensors")


@dataclasses.dataclass(frozen=True)
class NamedBundle:
    """Where the bundle of a task is, and which one it is.

    Attributes:
        directory: str. Absolute.
        sha256: of its `bundle.json`, which has those of its weights.
    """

    directory: str
    sha256: str


def find_bundles(given: Iterable[str]) -> dict[str, NamedBundle]:
    """Finds bundles by their folders.

    Args:
        given: folders, patterns such as `runs/*/bundles/*`, or either as
            `name=folder`, of one folder, which calls its task so. What tasks
            share, beside their bundles, may be among what a pattern finds.

    Returns:
        dict from the name of each task to its bundle, in their order.

    Raises:
        BundleError: if there is none, or two tasks have one name.
    """
    found: dict[str, NamedBundle] = {}
    for text in given:
        named = _NAMED.fullmatch(text)
        directories = _matches(named[2] if named else text)
        if named and len(directories) != 1:
            raise BundleError(
                "A name is for one bundle. Received: "
                f"{text!r}, which finds {len(directories)}. Give each its own "
                "name."
            )
        for directory in directories:
            own_name, bundle = _read(directory)
            name = named[1] if named else own_name
            if name in found:
                raise BundleError(
                    "Tasks that are published together must have names of "
                    f"their own. Received {name!r} from "
                    f"`{found[name].directory}` and from "
                    f"`{bundle.directory}`. Give one another name, as "
                    f"my_{name}={directory}."
                )
            found[name] = bundle
    if not found:
        raise BundleError(
            "There must be a bundle at least. Received none. Name the folders "
            "that `save_task` or a run has written, as runs/first/bundles/rte."
        )
    return found


def check_unchanged(bundles: Mapping[str, NamedBundle]) -> None:
    """Refuses bundles that are not where, or what, they were.

    Raises:
        BundleError: that names the tasks.
    """
    for name, bundle in bundles.items():
        again = (
            f"Put it back, or give the one to serve, as {name}=FOLDER, to "
            "`tf-adapters tasks replace`."
        )
        try:
            _, found = _read(storage.as_path(bundle.directory))
        except BundleError as error:
            raise BundleError(
                f"The bundle of the task {name!r} must be where it was when "
                f"it was published. Received: {error} {again}"
            ) from error
        if found != bundle:
            raise BundleError(
                f"The bundle of the task {name!r} must be the one that was "
                f"published. Received `{bundle.directory}` with the sha256 "
                f"{found.sha256[:12]} in place of {bundle.sha256[:12]}: it "
                f"was written again since. {again}"
            )


def _matches(text: str) -> list[storage.Path]:
    if not glob.has_magic(text):
        is_shared = _SHARED.fullmatch(os.path.basename(text))
        return [] if is_shared else [storage.as_path(text)]
    paths = storage.matching(text)
    found = [path for path in paths if (path / _JSON_FILE).exists()]
    if not found:
        raise BundleError(
            f"A pattern must find a bundle. Received: {text!r}, which finds "
            f"{len(paths)} paths, none with a `{_JSON_FILE}`. Write for "
            "example 'runs/*/bundles/*'."
        )
    return found


def _read(directory: storage.Path) -> tuple[str, NamedBundle]:
    path = directory / _JSON_FILE
    try:
        data = path.read_bytes()
        name = json.loads(data)["task"]["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"A bundle is a folder with a `{_JSON_FILE}`, as `save_task` "
            f"writes it. Received {str(directory)!r}, where that cannot be "
            f"read ({error!r})."
        ) from error
    if storage.is_local(directory):
        directory = directory.expanduser().absolute()
    digest = hashlib.sha256(data).hexdigest()
    return name, NamedBundle(str(directory), digest)
