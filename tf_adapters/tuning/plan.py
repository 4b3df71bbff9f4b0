"""What a search was asked for, as its storage keeps it."""

import dataclasses
import itertools
import json
import pathlib
from typing import Any

from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig
from tf_adapters.tuning.ranges import OneOf
from tf_adapters.tuning.ranges import Range
from tf_adapters.tuning.ranges import read_range


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that must stay the same while a search goes on.

    Attributes:
        recipe: name of the recipe.
        settings: its settings where they are not searched, as JSON has them.
        space: what is searched, ranges as text.
        num_seeds: runs of each trial.
        prune_after: trials that end before any is cut short; 0 for none ever.
        grid: whether every combination is tried.
    """

    recipe: str
    settings: dict[str, Any]
    space: dict[str, str]
    num_seeds: int
    prune_after: int
    grid: bool

    def ranges(self, config: TrainConfig) -> dict[str, Range]:
        """Returns what is searched.

        Args:
            config: the settings of the recipe, which tell the types.
        """
        return {
            name: read_range(name, text, type(getattr(config, name)))
            for name, text in self.space.items()
        }

    def first_points(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Returns what is tried before anything is drawn.

        Args:
            config: the settings of the recipe.

        Returns:
            Every combination of a grid; else the recipe as it is, or as much
            of it as is in the space.
        """
        ranges = self.ranges(config)
        if self.grid:
            values = [range_.values for range_ in ranges.values()]
            return [
                dict(zip(ranges, point, strict=True))
                for point in itertools.product(*values)
            ]
        as_it_is = {name: getattr(config, name) for name in ranges}
        point = {k: v for k, v in as_it_is.items() if ranges[k].contains(v)}
        return [point] if point else []

    def check_grid(self, config: TrainConfig) -> None:
        """Refuses a grid without a last point.

        Raises:
            ValueError: if a setting is not one of a list of values.
        """
        endless = [
            name
            for name, range_ in self.ranges(config).items()
            if not isinstance(range_, OneOf)
        ]
        if self.grid and endless:
            raise ValueError(
                "A grid takes lists of values. Received a range for "
                f"{', '.join(endless)}. Write, say, --space "
                f"{endless[0]}=1e-3,3e-3."
            )

    def check_same(self, asked: "Plan", folder: pathlib.Path) -> None:
        """Refuses to go on with another search.

        Args:
            asked: what is asked for now.
            folder: where this search is.

        Raises:
            ValueError: if it is not the same.
        """
        begun, asked = _flat(self), _flat(asked)
        changed = [
            f"{name}={asked.get(name)!r} instead of {begun.get(name)!r}"
            for name in dict.fromkeys([*begun, *asked])
            if begun.get(name) != asked.get(name)
        ]
        if changed:
            raise ValueError(
                "A search goes on as it has begun, but for `num_trials`. "
                f"Received for `{folder}`: {'; '.join(changed)}. Leave it as "
                "it was, or choose another `output_dir`."
            )


def _flat(plan: Plan) -> dict[str, Any]:
    # What is younger than a search was as it is by default.
    defaults = dataclasses.asdict(load_recipe(plan.recipe).Config())
    found = json.loads(json.dumps(defaults)) | dataclasses.asdict(plan)
    space = {f"space of {k}": v for k, v in found.pop("space").items()}
    settings = found.pop("settings")
    return {**found, **settings, **space}
