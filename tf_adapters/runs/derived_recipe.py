"""A recipe from a method: its settings follow from the constructor."""

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from tf_adapters.methods import Method
from tf_adapters.training.config import TrainConfig


def derive(
    method_class: type[Method],
    common: Mapping[str, Any] | None = None,
    flags: Mapping[str, str] | None = None,
    **defaults: Any,
) -> tuple[type[TrainConfig], Callable[[TrainConfig], Method]]:
    """Makes the `Config` and the `method` of a recipe.

    A setting for each argument of the constructor joins those of training. Its
    type and default are those of the argument, its help is what the docstring
    of the class says of it.

        Config, method = derive(Houlsby, learning_rate=1e-3, bottleneck_dim=32)

    Args:
        method_class: the method.
        common: settings that the recipe has in common with others.
        flags: names of settings for arguments whose own would not say what
            they are, beside those of training.
        **defaults: settings of the recipe, of training or of the method, which
            take the place of those in `common` and of the defaults.

    Returns:
        Tuple of a subclass of `TrainConfig`, and of the function from such a
        config to the method.

    Raises:
        TypeError: if a default is given for a setting that is not there, an
            argument has none there or here, or its name is that of a setting
            of training.
    """
    flags = dict(flags or {})
    defaults = {**(common or {}), **defaults}
    arguments = inspect.signature(method_class).parameters
    settings = {flags.get(name, name): name for name in arguments}
    shared = {
        field.name: field.type for field in dataclasses.fields(TrainConfig)
    }
    _check_names(f"`{method_class.__name__}`", settings, shared, defaults)
    fields = {
        setting: (shared[setting], value)
        for setting, value in defaults.items()
        if setting in shared
    }
    for setting, name in settings.items():
        value = defaults.get(setting, arguments[name].default)
        if value is inspect.Parameter.empty:
            raise TypeError(
                f"The argument `{name}` of `{method_class.__name__}` needs a "
                "default, or the recipe cannot be trained as it is."
            )
        fields[setting] = (_type_of(value), value)
    config_class = dataclasses.make_dataclass(
        "Config",
        [(name, *field) for name, field in fields.items()],
        bases=(TrainConfig,),
        frozen=True,
        kw_only=True,
        namespace={"__doc__": _documentation(method_class, settings)},
    )

    def method(config: TrainConfig) -> Method:
        return method_class(
            **{name: getattr(config, s) for s, name in settings.items()}
        )

    return config_class, method


def _check_names(method_name, settings, shared, defaults):
    both = sorted(set(shared) & set(settings))
    if both:
        raise TypeError(
            f"{method_name} has arguments of the names of settings of training,"
            f" {', '.join(both)}. Name them otherwise, by `flags`."
        )
    unknown = sorted(set(defaults) - set(shared) - set(settings))
    if unknown:
        raise TypeError(
            f"A recipe of {method_name} has no {', '.join(unknown)}. There "
            f"are: {', '.join([*settings, *shared])}."
        )


def _documentation(method_class, settings):
    """A docstring as a config class has it, from which the help is read."""
    about = argument_texts(method_class)
    lines = [f"Settings of `{method_class.__name__}`.", ""]
    if settings:
        lines.append("    Attributes:")
    lines += [f"        {s}: {about.get(n, '')}" for s, n in settings.items()]
    return "\n".join([*lines, "    "])


def argument_texts(cls: type) -> dict[str, str]:
    """Reads what the docstring of a class says of its arguments.

    What it says ``as for `Other` `` is taken from that class, of its module;
    what it does not say, from its base classes.

    Args:
        cls: class whose docstring has a part `Args:`.

    Returns:
        dict from the name of an argument to its text, without its type and
        its default, on one line.
    """
    found: dict[str, str] = {}
    for part in reversed(cls.__mro__):
        text = inspect.cleandoc(part.__doc__ or "")
        block = re.search(r"^Args:(.*\n(?:    .*\n?|\n)*)", text, re.MULTILINE)
        block = block.group(1) if block else ""
        found.update(_texts_of_other(part, block))
        for names, about in re.findall(
            r"^    (\w[\w, ]*): (.+?)(?=^    \w|\Z)",
            block,
            flags=re.MULTILINE | re.DOTALL,
        ):
            other = _texts_of_other(part, about)
            for name in names.split(", "):
                own = other.get(name) or _shortened(about)
                found[name] = own or found.get(name, "")
    return found


def _texts_of_other(cls, text):
    """The texts of the class that `text` refers to, if it does."""
    other = re.match(r"\s*(?:\w+\. )?as for\s+`(\w+)`", text, re.IGNORECASE)
    if other is None:
        return {}
    return argument_texts(getattr(sys.modules[cls.__module__], other[1]))


def _shortened(text):
    """Leaves out the type in front and the default, which a field has."""
    text = " ".join(text.split())
    text = re.sub(r"^(int|float|bool|str|tuple of \w+)\. ?", "", text)
    text = re.sub(r" ?Defaults to .*?\.(?= |$)", "", text)
    return text.strip()


def _type_of(value):
    if isinstance(value, tuple):
        return tuple[str, ...]
    return type(value)
