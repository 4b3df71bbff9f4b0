"""`tune RECIPE`: a search for its settings, with Optuna."""

import argparse
import dataclasses
import json
import os
import pathlib
import shlex

from etils import epy

from tf_adapters import storage
from tf_adapters.runs.flags import as_flags
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.runs.task_sources import task_sources
from tf_adapters.training.cluster import TF_CONFIG
from tf_adapters.training.config import TrainConfig
from tf_adapters.tuning.plan import Plan
from tf_adapters.tuning.space import make_space

with epy.lazy_imports():
    from tf_adapters.tuning import loop
    from tf_adapters.tuning import ready_command
    from tf_adapters.tuning import search as searches

SUMMARY = "search for the settings of a recipe that score best"
FAILED, INTERRUPTED = 1, 130
_ABOUT = """Searches for the settings of a recipe with the best mean dev score.

    The search space is that of the recipe, without the settings that have a
    flag here. A trial that is worse after an epoch than the median of those
    that finished is ended. The same command goes on with a search that was
    killed, and several processes may be given it at the same time.

    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tune:
    """How long, and among what.

    Attributes:
        num_trials: trials that the search shall have in the end, those of
            other processes and earlier calls among them.
        num_seeds: runs of each trial, with seeds from `seed` on; their mean
            counts.
        prune_after: trials that end before any is cut short; 0 for none ever.
        space: what settings may be, in the place of the space of the recipe
            or beside it, as `learning_rate=1e-4:1e-2 bottleneck_dim=8,16`.
        grid: try every combination of the values in `space`, and nothing
            else; `num_trials` does not count then.
    """

    num_trials: int = 20
    num_seeds: int = 1
    prune_after: int = 5
    space: tuple[str, ...] = ()
    grid: bool = False

    def __post_init__(self) -> None:
        """Refuses what is no search."""
        least = {"num_trials": 1, "num_seeds": 1, "prune_after": 0}
        for name, value in least.items():
            if getattr(self, name) < value:
                raise ValueError(
                    f"`{name}` must be at least {value}. Received: "
                    f"{name}={getattr(self, name)}."
                )


def main(argv: list[str], prog: str) -> int:
    """Searches, prints what comes out, and returns the exit code.

    Args:
        argv: the recipe, then flags: those here and those of the recipe.
        prog: name of the command in its help.

    Raises:
        ValueError: if the recipe is not known, settings or data are wrong, or
            another search has begun in the folder.
        ImportError: if Optuna is missing.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=SUMMARY,
        epilog=f"`{prog} RECIPE --help` lists the flags of a recipe.",
    )
    parser.add_argument("recipe", help="a file of models/, or a path to yours")
    name = parser.parse_args(argv[:1]).recipe
    recipe = load_recipe(name)
    flags = dataclasses.make_dataclass(
        "Flags",
        [("tune", Tune, Tune()), ("config", recipe.Config, recipe.Config())],
        namespace={"__doc__": _ABOUT},
        frozen=True,
    )
    chosen = override(flags(), argv[1:], f"{prog} {name}")
    tune, config = chosen.tune, chosen.config
    space = make_space(
        name, recipe, config, tune.space, _given(argv[1:]), tune.grid
    )
    plan = Plan(
        recipe=name,
        settings=_settings(config),
        space={setting: str(range_) for setting, range_ in space.items()},
        num_seeds=tune.num_seeds,
        prune_after=tune.prune_after,
        grid=tune.grid,
    )
    plan.check_grid(config)
    folder = _folder(name, config)
    _check_alone()
    # Wrong data would let every trial fail.
    task_sources(config)
    _import_optuna()
    return _search(searches.Search(folder, plan), tune.num_trials)


def _search(search, num_trials: int) -> int:
    print(f"Searching in {search.folder}", flush=True)
    for setting, range_ in search.space.items():
        print(f"  {setting}: {range_}")
    code = 0
    try:
        loop.carry_on(search, num_trials, lambda x: print(x, flush=True))
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on.")
        code = INTERRUPTED
    command = ready_command.ready_command(search)
    if command is not None:
        best = search.best()
        print(f"Best: trial {best.number}, mean dev score {best.value:.4f}")
        print(command)
        print(f"tensorboard --logdir {search.logs}")
    failed = [] if code else search.failed_points()
    if failed:
        print(
            "Of the grid these have only failed; trials/*/output.txt say why:"
        )
        for point in failed:
            print(f"  {shlex.join(as_flags(point))}")
        code = FAILED
    return code


def _given(argv: list[str]) -> set[str]:
    """Returns the names of the flags, as fields have them."""
    flags = [part[2:] for part in argv if part.startswith("--")]
    names = {flag.split("=")[0].replace("-", "_") for flag in flags}
    return names | {name.removeprefix("no_") for name in names}


def _settings(config: TrainConfig) -> dict:
    """Returns the settings of every run, as JSON has them."""
    settings = dataclasses.asdict(config)
    del settings["output_dir"]
    settings |= {"predict": False, "export": False, "resume": True}
    return json.loads(json.dumps(settings))


def _folder(name: str, config: TrainConfig) -> pathlib.Path:
    default = f"runs/tune_{pathlib.Path(name).stem}"
    folder = storage.as_path(config.output_dir or default)
    if not storage.is_local(folder):
        raise ValueError(
            "SQLite needs a folder of this machine. Received: "
            f"output_dir={str(folder)!r}. Write a local path."
        )
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "study.db").is_file():
            raise FileExistsError(
                "`output_dir` must be a new or empty folder, or that of a "
                f"search. Received: {str(folder)!r}. Choose another."
            )
    return folder


def _check_alone() -> None:
    if os.environ.get(TF_CONFIG):
        raise ValueError(
            "A trial is trained by one process. Received: "
            f"{TF_CONFIG}={os.environ[TF_CONFIG]!r}. Unset it; several "
            "processes share a search if each is given its command."
        )


def _import_optuna() -> None:
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        raise ImportError(
            "A search needs Optuna. Received an environment without it "
            f"({error}). Write: pip install 'tf_adapters[tune]'."
        ) from error
