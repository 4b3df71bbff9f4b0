"""The command line of a config: a flag for each of its fields."""

from collections.abc import Mapping
from typing import Any
from typing import TypeVar

import tyro

Settings = TypeVar("Settings")


def override(settings: Settings, argv: list[str], prog: str) -> Settings:
    """Returns `settings` with those named in `argv` replaced.

    Every field is a flag of the same name, `--batch_size` or `--batch-size`,
    of its type and with the help of the docstring of its class, so that flag,
    field and documentation cannot drift apart. Fields of a dataclass within it
    are flags as well, without a prefix.

    Args:
        settings: a dataclass, such as a `TrainConfig`.
        argv: command line arguments, such as `["--seed", "1"]`.
        prog: name of the program in the help.

    Returns:
        A new object of the same class.

    Raises:
        SystemExit: with status 2, if an argument is malformed or the settings
            could not train; with 0 after `--help`.
    """
    return tyro.cli(
        type(settings),
        default=settings,
        args=argv,
        prog=prog,
        use_underscores=True,
        config=(tyro.conf.OmitArgPrefixes,),
    )


def as_flags(settings: Mapping[str, Any]) -> list[str]:
    """Returns the arguments with which `override` would replace settings.

    Args:
        settings: dict from the names of fields to values, as fields or JSON
            hold them.

    Returns:
        Command line arguments, such as `["--seed", "1", "--no-export"]`.
    """
    argv: list[str] = []
    for name, value in settings.items():
        if isinstance(value, bool):
            argv.append(f"--{name}" if value else f"--no-{name}")
        elif isinstance(value, list | tuple):
            argv += [f"--{name}", *map(str, value)]
        else:
            argv += [f"--{name}", str(value)]
    return argv
