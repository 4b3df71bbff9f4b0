"""Links between files of the repository become links between pages."""

import posixpath
import re

_LINK = re.compile(
    r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)"
)


def pages(files, elsewhere):
    """Says which page of the site each file of the repository is.

    Args:
        files: the `Files` of MkDocs.
        elsewhere: dict from the URI of each page whose source is not in docs/
            to the path of that source.

    Returns:
        dict from the path of a source to the URI of its page or picture.
    """
    found = {}
    for file in files:
        uri = file.src_uri
        if uri.startswith("notebooks/") and uri.endswith(".md"):
            found[uri.removesuffix(".md") + ".ipynb"] = uri
        elif uri.startswith(("benchmarks/", "notebooks/")):
            found[uri] = uri
        else:
            found[elsewhere.get(uri, f"docs/{uri}")] = uri
    return found


def on_the_site(markdown, source, uri, known):
    """Returns the text of a page with its links as the site needs them.

    A link to a file that is no page of the site becomes its text. A picture
    that is not there is left for MkDocs to warn of.

    Args:
        markdown: str. The text.
        source: str. Path of the file that it was written in.
        uri: str. The page that it becomes.
        known: dict, as `pages` returns it.
    """

    def replace(match):
        target, _, anchor = match["target"].partition("#")
        if not target or re.match(r"\w+:", target):
            return match[0]
        path = posixpath.normpath(
            posixpath.join(posixpath.dirname(source), target)
        )
        if path not in known:
            return match[0] if match["picture"] else match["text"]
        found = posixpath.relpath(known[path], posixpath.dirname(uri) or ".")
        found += f"#{anchor}" if anchor else ""
        return f"{match['picture']}[{match['text']}]({found})"

    return _LINK.sub(replace, markdown)
