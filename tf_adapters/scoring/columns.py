"""Which columns of a row hold what is asked."""

import dataclasses
from collections.abc import Mapping

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.task import Task

# As the signature of mixed tasks calls them.
_TEXTS = ("text", "text_pair")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a row hold its task, its texts and its key.

    Args:
        task: str or `None`. The task of all rows; `None` if each row names its
            own. Defaults to `None`.
        task_column: str. The column that names the task, if `task` does not.
            Defaults to `"task"`.
        text_columns: tuple of one or two str. The columns of the texts. Empty
            for those of the task, or for `text` and `text_pair` where rows are
            of any tasks; there the second may be missing. Defaults to `()`.
        key_columns: tuple of str. Columns that are copied to the answers.
            Defaults to `()`.
    """

    task: str | None = None
    task_column: str = "task"
    text_columns: tuple[str, ...] = ()
    key_columns: tuple[str, ...] = ()

    def of_model(self, tasks: Mapping[str, Task]) -> "Columns":
        """Returns these columns, with the texts of the task where none are.

        Args:
            tasks: the tasks of the model, by name.

        Raises:
            ValueError: if there is no such task, or it reads another number of
                texts.
        """
        if self.task is not None and self.task not in tasks:
            raise ValueError(unknown_name("task", self.task, tasks))
        own = tasks[self.task].text_columns if self.task else _TEXTS
        texts = self.text_columns or own
        too_few = self.task is not None and len(texts) < len(own)
        if too_few or len(texts) > len(own) or len(set(texts)) < len(texts):
            reader = f"task {self.task!r}" if self.task else "a row"
            raise ValueError(
                f"`text_columns` must name the {len(own)} column(s) of text "
                f"that {reader} reads, each once. Received: text_columns="
                f"{texts}. Leave it out for {' and '.join(own)}."
            )
        return dataclasses.replace(self, text_columns=texts)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that every row must have."""
        texts = self.text_columns if self.task else self.text_columns[:1]
        task = () if self.task else (self.task_column,)
        return tuple(dict.fromkeys((*self.key_columns, *task, *texts)))

    @property
    def optional(self) -> tuple[str, ...]:
        """The columns that a row may lack."""
        required = self.required
        return tuple(t for t in self.text_columns if t not in required)
