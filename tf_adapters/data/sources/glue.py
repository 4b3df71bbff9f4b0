"""The GLUE benchmark in the files in which it is published.

Wang et al., 2018, https://arxiv.org/abs/1804.07461
"""

import dataclasses
import operator
import os
from collections.abc import Mapping

from tf_adapters import storage
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.source import Source
from tf_adapters.data.task import Task

_PAIR = ("sentence1", "sentence2")
_ENTAILMENT = ("entailment", "not_entailment")
_THREE_WAY = ("entailment", "neutral", "contradiction")
_BOTH = ("accuracy", "f1")

# The order of the labels is that of Hugging Face and TensorFlow Datasets.
GLUE_TASKS = {
    task.name: task
    for task in (
        Task(
            name="cola",
            text_columns=("sentence",),
            labels=("unacceptable", "acceptable"),
            metrics=("matthews",),
        ),
        Task(
            name="sst2",
            text_columns=("sentence",),
            labels=("negative", "positive"),
        ),
        Task(
            name="mrpc",
            text_columns=("#1 String", "#2 String"),
            labels=("not_equivalent", "equivalent"),
            metrics=_BOTH,
        ),
        Task(name="stsb", text_columns=_PAIR, value_range=(0.0, 5.0)),
        Task(
            name="qqp",
            text_columns=("question1", "question2"),
            labels=("not_duplicate", "duplicate"),
            metrics=_BOTH,
        ),
        Task(name="mnli", text_columns=_PAIR, labels=_THREE_WAY),
        Task(
            name="qnli",
            text_columns=("question", "sentence"),
            labels=_ENTAILMENT,
        ),
        Task(name="rte", text_columns=_PAIR, labels=_ENTAILMENT),
        Task(name="wnli", text_columns=_PAIR, labels=_ENTAILMENT[::-1]),
        Task(name="ax", text_columns=_PAIR, labels=_THREE_WAY),
    )
}


@dataclasses.dataclass(frozen=True)
class _Layout:
    """How the files of one task are written.

    Attributes:
        folder: name of the folder, and of the file to submit.
        label_column: the column of the label in the labelled files.
        numbered: whether the files hold the index of a label, not its name.
        files: file of each split.
        columns: columns of the splits whose file has no header.
        max_broken_rows: how many broken rows the published files may have.
        alias: another name that the folder may have.
    """

    folder: str
    label_column: str | None = "label"
    numbered: bool = False
    files: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {
            s: f"{s}.tsv" for s in ("train", "dev", "test")
        }
    )
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    max_broken_rows: int = 0
    alias: str = ""


_COLA_COLUMNS = ("source", "label", "mark", "sentence")

_LAYOUTS = {
    "cola": _Layout(
        "CoLA",
        numbered=True,
        columns={"train": _COLA_COLUMNS, "dev": _COLA_COLUMNS},
    ),
    "sst2": _Layout("SST-2", numbered=True),
    "mrpc": _Layout("MRPC", label_column="Quality", numbered=True),
    "stsb": _Layout("STS-B", label_column="score"),
    # Line breaks inside questions cut some rows of the published train file
    # (https://github.com/nyu-mll/GLUE-baselines/issues/5). Every published
    # result leaves them out.
    "qqp": _Layout(
        "QQP",
        label_column="is_duplicate",
        numbered=True,
        max_broken_rows=100,
    ),
    "mnli": _Layout(
        "MNLI",
        label_column="gold_label",
        files={
            "train": "train.tsv",
            "dev": "dev_matched.tsv",
            "dev_mismatched": "dev_mismatched.tsv",
            "test": "test_matched.tsv",
            "test_mismatched": "test_mismatched.tsv",
        },
    ),
    "qnli": _Layout("QNLI"),
    "rte": _Layout("RTE"),
    "wnli": _Layout("WNLI", numbered=True),
    # The download script of GLUE's authors calls the folder `diagnostic`.
    "ax": _Layout(
        "AX",
        label_column=None,
        files={"test": "diagnostic.tsv"},
        alias="diagnostic",
    ),
}


def glue_source(name: str, data_dir: str | os.PathLike) -> Source:
    """Returns the source of a GLUE task in the official layout.

    `"ax"` is the diagnostic set: it has a test split only, without labels, and
    is predicted by a model trained on `"mnli"`, whose labels it has.

    Args:
        name: str. A key of `GLUE_TASKS`.
        data_dir: path of the folder that holds `CoLA`, `SST-2`, `MRPC` and so
            on.

    Returns:
        A `Source` with the splits whose files are there.

    Raises:
        ValueError: if there is no such task.
        FileNotFoundError: if the folder, its train file or its dev file is
            missing.
    """
    layout = _layout(name)
    folder = _folder(storage.as_path(data_dir), layout)
    paths = {split: folder / file for split, file in layout.files.items()}
    paths = {split: path for split, path in paths.items() if path.is_file()}
    task = GLUE_TASKS[name]
    return Source(
        task=task,
        files={split: str(path) for split, path in paths.items()},
        label_column=layout.label_column,
        columns={s: layout.columns[s] for s in paths if s in layout.columns},
        label_values=_label_values(name),
        unlabelled=("test", "test_mismatched"),
        max_broken_rows=layout.max_broken_rows,
    )


def submission_name(name: str, split: str) -> str:
    """Returns the name of the file that gluebenchmark.com expects.

    Args:
        name: str. A key of `GLUE_TASKS`.
        split: str. A test split of the task.

    Returns:
        A file name, such as `"MNLI-mm.tsv"`.

    Raises:
        ValueError: if there is no such task or test split.
    """
    layout = _layout(name)
    names = {"test": f"{layout.folder}.tsv"}
    if name == "mnli":
        names = {"test": "MNLI-m.tsv", "test_mismatched": "MNLI-mm.tsv"}
    if split not in names:
        where = f" of GLUE task {name!r} to submit"
        raise ValueError(unknown_name("test split", split, names, where))
    return names[split]


def submission_label(task: Task, prediction: float) -> str:
    """Returns a prediction as gluebenchmark.com expects it.

    That is what the published train file would hold: an index or a name. A
    score is kept within its range and has three decimals.

    Args:
        task: A `Task` of `GLUE_TASKS`.
        prediction: int, index of the predicted class, or float, the score.

    Returns:
        str. Such as `"1"`, `"not_entailment"` or `"3.142"`.

    Raises:
        ValueError: if the task is not of GLUE or has no such class.
    """
    layout = _layout(task.name)
    if task.is_regression:
        low, high = task.value_range
        return f"{min(max(float(prediction), low), high):.3f}"
    index = operator.index(prediction)
    if not 0 <= index < task.num_outputs:
        raise ValueError(
            f"`prediction` must be the index of a label of {task.name!r}. "
            f"Received: prediction={index}. Write a number from 0 to "
            f"{task.num_outputs - 1}."
        )
    return str(index) if layout.numbered else task.labels[index]


def _layout(name: str) -> _Layout:
    if name not in _LAYOUTS:
        raise ValueError(unknown_name("GLUE task", name, _LAYOUTS))
    return _LAYOUTS[name]


def _label_values(name: str) -> dict[str, str]:
    if not _LAYOUTS[name].numbered:
        return {}
    return {str(i): label for i, label in enumerate(GLUE_TASKS[name].labels)}


def _folder(data_dir: storage.Path, layout: _Layout) -> storage.Path:
    folder = data_dir / layout.folder
    if layout.alias and not folder.is_dir():
        folder = data_dir / layout.alias
    needed = [layout.files[s] for s in ("train", "dev") if s in layout.files]
    needed = needed or list(layout.files.values())
    if all((folder / file).is_file() for file in needed):
        return folder
    nearest = folder if folder.is_dir() else data_dir
    if nearest.is_dir():
        names = ", ".join(path.name for path in storage.listed(nearest))
        found = f"{str(nearest)!r}, which holds {names or 'nothing'}"
    else:
        found = f"data_dir={str(data_dir)!r}, which is no folder"
    raise FileNotFoundError(
        f"`data_dir` must hold the folder {layout.folder} with "
        f"{' and '.join(needed)}. Received: {found}. Give the folder that "
        f"holds {layout.folder}, or put the files there."
    )
