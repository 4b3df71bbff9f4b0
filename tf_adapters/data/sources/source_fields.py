"""What can be seen to be wrong with a source before a file is opened."""

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.rows import FILE_FORMATS
from tf_adapters.data.sources.rows import NAMED

_SPLITS = ("train", "dev", "test")


def check_fields(source) -> None:
    """Refuses fields that contradict one another.

    Args:
        source: a `Source`.

    Raises:
        ValueError: if any do.
    """
    if source.file_format not in FILE_FORMATS:
        raise ValueError(
            unknown_name("file format", source.file_format, FILE_FORMATS)
        )
    _check_delimiter(source)
    _check_splits(source)
    _check_columns(source)
    _check_label_values(source)


def _check_delimiter(source) -> None:
    delimiter = source.delimiter
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(
            "`delimiter` must be one character. Received: "
            f"delimiter={delimiter!r}. Write ';', or '\\t' for a tab."
        )
    if delimiter != "," and source.file_format != "csv":
        raise ValueError(
            "`delimiter` is for file_format='csv'. Received: "
            f"delimiter={delimiter!r} with file_format="
            f"{source.file_format!r}. Leave it out, or correct the format."
        )


def _check_splits(source) -> None:
    if not source.files:
        raise ValueError(
            "`files` must name at least one split. Received: files={}. Write "
            'for example files={"train": "train.tsv", "dev": "dev.tsv"}.'
        )
    for split in source.files:
        if str(split).split("_")[0] not in _SPLITS:
            message = unknown_name("split", split, _SPLITS, " in `files`")
            raise ValueError(
                f"{message} A further one starts like these, such as "
                "'dev_mismatched'."
            )
    labelled = [s for s in source.files if s not in source.unlabelled]
    if source.label_column is None and labelled:
        raise ValueError(
            "`label_column` must name the column of the labels unless every "
            "split is in `unlabelled`. Received: label_column=None, "
            f"unlabelled={source.unlabelled}. Name the column, or add "
            f"{', '.join(labelled)} to `unlabelled`."
        )


def _check_columns(source) -> None:
    for split, columns in source.columns.items():
        if split not in source.files:
            raise ValueError(
                unknown_name("split", split, source.files, " in `columns`")
            )
        wanted = source.task.text_columns
        if split not in source.unlabelled:
            wanted += (source.label_column,)
        for column in wanted:
            if column not in columns:
                where = f" in `columns` of split {split!r}"
                raise ValueError(unknown_name("column", column, columns, where))
    if source.columns and source.file_format in NAMED:
        raise ValueError(
            f"`columns` must be empty for {source.file_format!r}, which names "
            f"its columns. Received: columns={dict(source.columns)}. Leave it "
            "out."
        )


def _check_label_values(source) -> None:
    task = source.task
    if source.label_values and task.is_regression:
        raise ValueError(
            "`label_values` must be empty for a regression, whose labels are "
            f"numbers. Received: label_values={dict(source.label_values)}. "
            "Leave it out."
        )
    for label in source.label_values.values():
        if label not in task.labels:
            where = " in `label_values`"
            raise ValueError(unknown_name("label", label, task.labels, where))
