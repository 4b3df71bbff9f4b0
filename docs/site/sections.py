"""What our docstrings have that Griffe would not read."""

import re

import griffe


class Sections(griffe.Extension):
    """Makes a section of call arguments, and blocks of examples."""

    def on_object(self, *, obj, **kwargs):
        """Rewrites the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(text):
    """Returns a docstring as Griffe and Markdown read it.

    Args:
        text: str. A docstring.
    """
    known = "Other Parameters: Call arguments"
    text = re.sub(r"^Call arguments:$", known, text, flags=re.MULTILINE)
    # Markdown takes `>>>` for three quotations.
    example = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
    return example.sub(lambda match: f"```pycon\n{match[0]}\n```", text)
