"""Reads a file, JSON or YAML, that declares tasks of one's own."""

import json
import os
from collections.abc import Mapping
from typing import Any

from tf_adapters import storage
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.lines import read_lines
from tf_adapters.data.sources.source import Source
from tf_adapters.data.task import Task

_TASK_KEYS = ("name", "text_columns", "labels", "value_range", "metrics")
_SOURCE_KEYS = (
    "label_column",
    "file_format",
    "delimiter",
    "files",
    "columns",
    "label_values",
    "unlabelled",
)


def load_sources(path: str | os.PathLike) -> dict[str, Source]:
    """Returns the sources that a declaration file describes.

    The file holds one key, `tasks`, with a list of declarations. The keys of a
    declaration are the arguments of `Task` and `Source`, but for `columns`,
    which is one list for all the files of a task that have no header.

    Args:
        path: path of a `.json`, `.yaml` or `.yml` file. The paths inside are
            relative to its folder.

    Returns:
        Dictionary from the name of each task to its `Source`, in the order of
        the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a declaration. The message names the
            file and the task.

    Example:

    ```yaml
    tasks:
      - name: tickets
        text_columns: [subject, body]
        labels: [billing, bug, other]
        label_column: queue
        file_format: csv
        files: {train: tickets/train.csv, dev: tickets/dev.csv}
    ```
    """
    path = storage.as_path(path)
    sources = {}
    for number, entry in enumerate(_entries(path), start=1):
        name = entry.get("name") if isinstance(entry, dict) else None
        try:
            source = _source(entry, path.parent)
        except ValueError as error:
            place = f"task number {number} ({name!r})"
            raise ValueError(f"{path}, {place}: {error}") from None
        if name in sources:
            raise ValueError(
                f"{path}: every task must have a name of its own. Received: "
                f"name={name!r} twice. Rename task number {number}."
            )
        sources[name] = source
    return sources


def _entries(path: storage.Path) -> list[Any]:
    content = _parsed(path)
    keys = set(content) if isinstance(content, dict) else None
    if keys == {"tasks"} and isinstance(content["tasks"], list):
        if content["tasks"]:
            return content["tasks"]
    received = type(content).__name__ if keys is None else f"keys {keys or ''}"
    raise ValueError(
        f"{path}: a declaration must hold the key `tasks` only, with a list "
        f"of at least one task. Received: {received}. Write `tasks:` and "
        "below it `- name: ...` for each task."
    )


def _parsed(path: storage.Path) -> Any:
    text = "".join(line for _, line in read_lines(path))
    suffix = path.suffix.lower()
    if suffix == ".json":
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(_not_written_in("JSON", path, error)) from None
    if suffix not in (".yaml", ".yml"):
        raise ValueError(
            f"{path}: a declaration must be JSON or YAML. Received: a name "
            f"that ends in {suffix!r}. Rename it to .json, .yaml or .yml."
        )
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(_not_written_in("YAML", path, error)) from None


def _not_written_in(language: str, path: storage.Path, error: object) -> str:
    return (
        f"{path}: a declaration must be valid {language}. Received: {error}. "
        "Correct the place it names."
    )


def _source(entry: Any, folder: storage.Path) -> Source:
    known = _TASK_KEYS + _SOURCE_KEYS
    if not isinstance(entry, dict):
        raise ValueError(
            "A task must be a mapping. Received: "
            f"{entry!r}. Write its keys: {', '.join(known)}."
        )
    for key in entry:
        if key not in known:
            raise ValueError(unknown_name("key", key, known))
    missing = [k for k in ("name", "text_columns", "files") if k not in entry]
    if missing:
        raise ValueError(
            "A task needs `name`, `text_columns` and `files`. Received: "
            f"{', '.join(entry) or 'nothing'}. Add {', '.join(missing)}."
        )
    return Source(**_source_fields(entry, _task(entry), folder))


def _task(entry: Mapping[str, Any]) -> Task:
    config = {key: entry[key] for key in _TASK_KEYS if key in entry}
    if isinstance(config.get("labels"), list):
        config["labels"] = [_as_name("labels", v) for v in config["labels"]]
    return Task.from_config(config)


def _source_fields(
    entry: Mapping[str, Any], task: Task, folder: storage.Path
) -> dict[str, Any]:
    fields = {key: entry[key] for key in _SOURCE_KEYS if key in entry}
    fields.setdefault("label_column", None)
    _check_types(fields)
    fields["files"] = {
        split: str(storage.within(folder, file))
        for split, file in fields["files"].items()
    }
    if "columns" in fields:
        columns = tuple(fields["columns"])
        fields["columns"] = {split: columns for split in fields["files"]}
    if "unlabelled" in fields:
        fields["unlabelled"] = tuple(fields["unlabelled"])
    if "label_values" in fields:
        fields["label_values"] = {
            _as_name("label_values", value): _as_name("label_values", label)
            for value, label in fields["label_values"].items()
        }
    return {"task": task, **fields}


def _check_types(fields: Mapping[str, Any]) -> None:
    examples = {
        "files": (dict, "{train: train.tsv, dev: dev.tsv}"),
        "columns": (list, "[label, sentence]"),
        "unlabelled": (list, "[test]"),
        "label_values": (dict, "{B: billing}"),
    }
    for key, (kind, example) in examples.items():
        value = fields.get(key, kind())
        strings = value.values() if isinstance(value, dict) else value
        fits = isinstance(value, kind)
        if key != "label_values":
            fits = fits and all(isinstance(s, str) for s in strings)
        if not fits:
            raise ValueError(
                f"`{key}` must be a {'mapping' if kind is dict else 'list'} "
                f"of strings. Received: {key}={value!r}. Write for example "
                f"{key}: {example}."
            )


def _as_name(key: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(
            f"`{key}` must hold strings. YAML reads an unquoted yes, no, on, "
            "off, true or false as a boolean and an empty value as nothing. "
            f'Received: {value!r}. Quote it: "yes", "no" and so on.'
        )
    return str(value)
