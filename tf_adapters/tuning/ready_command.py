"""The command that trains a recipe with the best settings of a search."""

import dataclasses
import shlex

from tf_adapters.runs.flags import as_flags
from tf_adapters.tuning.search import Search

# The runs of a search leave these out.
_OF_THE_SEARCH = ("output_dir", "predict", "export")


def ready_command(search: Search) -> str | None:
    """Returns a command of train.py, `None` before a trial is complete.

    Args:
        search: the search. Its best trial has the settings.
    """
    best = search.best()
    if best is None:
        return None
    config = search.run_config(best.number, 0)
    defaults = search.recipe.Config()
    changed = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in _OF_THE_SEARCH
    }
    changed = {
        name: value
        for name, value in changed.items()
        if value != getattr(defaults, name)
    }
    command = ["python", "train.py", search.plan.recipe, *as_flags(changed)]
    return shlex.join(command)
