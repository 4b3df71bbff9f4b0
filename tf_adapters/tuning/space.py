"""Which settings a search tries, and what each of them may be."""

import dataclasses
import types
from collections.abc import Collection

from tf_adapters.data.lookup import unknown_name
from tf_adapters.training.config import TrainConfig
from tf_adapters.tuning.ranges import Range
from tf_adapters.tuning.ranges import read_range

# What is trained on, where it goes, and how long it takes: scores of other
# choices of these are not to be held to one another, epoch by epoch.
_NOT_SEARCHED = (
    "tasks",
    "data_dir",
    "task_file",
    "tfds",
    "max_examples",
    "num_epochs",
    "steps_per_epoch",
    "from_run",
    "seed",
    "output_dir",
    "resume",
    "predict",
    "export",
)


def make_space(
    name: str,
    recipe: types.ModuleType,
    config: TrainConfig,
    given: Collection[str] = (),
    fixed: Collection[str] = (),
    only_given: bool = False,
) -> dict[str, Range]:
    """Returns the search space of a recipe, as changed on the command line.

    Args:
        name: name of the recipe, for the messages of errors.
        recipe: its module. Its `space` is a dict from the name of a setting to
            a `Between` or `OneOf`.
        config: its settings where they are not searched.
        given: ranges as `learning_rate=1e-4:1e-2`, in the place of those of
            the recipe or beside them.
        fixed: names of settings that are not searched.
        only_given: whether the space of the recipe is left aside.

    Raises:
        ValueError: if nothing is searched, a setting is not there or cannot be
            searched, or a range is none.
    """
    space = {} if only_given else dict(getattr(recipe, "space", {}))
    typed = {}
    for text in given:
        setting, _, values = text.partition("=")
        _check(setting, config)
        kind = type(getattr(config, setting))
        typed[setting] = read_range(setting, values, kind)
    both = sorted(set(typed) & set(fixed))
    if both:
        raise ValueError(
            "A setting has one value or is searched. Received both for "
            f"{', '.join(both)}. Leave out the flag or the range."
        )
    space = {k: v for k, v in (space | typed).items() if k not in fixed}
    if not space:
        raise ValueError(
            "A search needs a setting to search. Received: "
            f"{name!r}, of which none is left. Put a `space` into the recipe, "
            "or write, say, --space learning_rate=1e-4:1e-2."
        )
    for setting in space:
        _check(setting, config)
    return space


def _check(setting: str, config: TrainConfig) -> None:
    types_of = {
        field.name: type(getattr(config, field.name))
        for field in dataclasses.fields(config)
    }
    known = [
        name
        for name, kind in types_of.items()
        if name not in _NOT_SEARCHED and kind is not tuple
    ]
    if setting not in types_of:
        raise ValueError(unknown_name("setting", setting, known))
    if setting not in known:
        raise ValueError(
            "What is searched must leave data and number of epochs as they "
            f"are. Received: {setting!r}. Search among: {', '.join(known)}."
        )
