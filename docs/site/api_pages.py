"""A page of the API for each floor of the library."""

import ast

# In this order; floors that are not named here come after them.
_TITLES = {
    "model": "The model",
    "methods": "Methods",
    "data": "Tasks and data",
    "training": "Training",
    "evaluation": "Evaluation",
    "bundles": "Bundles",
    "export": "The SavedModel",
    "publishing": "Publishing",
    "client": "The client",
    "encoder": "The encoder",
    "layers": "Layers",
}
# What packages import to decide when they import.
_NOT_PUBLIC = ("names_of_package", "own_commands", "processor")
# A model is made of parts, and each of them has methods of its users.
_OPTIONS = {"model": "\n    options: {inherited_members: true}"}


def pages(package):
    """Writes the pages.

    Args:
        package: path of the folder of `tf_adapters`.

    Returns:
        dict from the URI of each page to its text.
    """
    public = {
        path.parent.name: imported(path)
        for path in sorted(package.glob("*/__init__.py"))
    }
    short = set(imported(package / "__init__.py"))
    found = {}
    for floor in sorted(public, key=_place):
        if not public[floor]:
            continue
        lines = [f"# {_TITLES.get(floor, floor.capitalize())}"]
        for name in public[floor]:
            path = name if name in short else f"{floor}.{name}"
            lines.append(f"::: tf_adapters.{path}{_OPTIONS.get(floor, '')}")
        found[f"api/{floor}.md"] = "\n\n".join(lines)
    return found


def _place(floor):
    known = list(_TITLES)
    return known.index(floor) if floor in known else len(known)


def imported(path):
    """Returns the names that a package makes public, in their order.

    Args:
        path: path of its `__init__.py`.
    """
    names = [
        alias.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    return [name for name in names if name not in _NOT_PUBLIC]
