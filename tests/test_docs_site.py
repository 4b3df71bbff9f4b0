"""What `make docs` adds to docs/: links, sections, pages of the API."""

import pathlib
import types

import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def modules_of_the_site(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))


def files(*uris):
    return [types.SimpleNamespace(src_uri=uri) for uri in uris]


def test_links_between_files_become_links_between_pages():
    import links

    known = links.pages(
        files(
            "home/index.md",
            "design.md",
            "scaling.png",
            "notebooks/first.md",
        ),
        {"home/index.md": "README.md"},
    )
    text = (
        "[a](docs/design.md#words) [b](notebooks/first.ipynb) [c](setup.cfg) "
        "[d](#here) [e](https://arxiv.org) ![f](docs/scaling.png)"
    )
    assert links.on_the_site(text, "README.md", "home/index.md", known) == (
        "[a](../design.md#words) [b](../notebooks/first.md) c "
        "[d](#here) [e](https://arxiv.org) ![f](../scaling.png)"
    )
    back = links.on_the_site(
        "[g](../docs/design.md)", "notebooks/x.ipynb", "notebooks/x.md", known
    )
    assert back == "[g](../design.md)"


def test_a_picture_stays_a_picture():
    import links

    known = links.pages(files("notebooks/x.md", "notebooks/x/plot.png"), {})
    text = "![png](x/plot.png) ![png](x/lost.png)"
    page = "notebooks/x.md"
    assert links.on_the_site(text, "notebooks/x.ipynb", page, known) == text


def test_every_public_name_is_on_a_page_of_the_api():
    import api_pages

    package = ROOT / "tf_adapters"
    pages = "\n".join(api_pages.pages(package).values())
    listed = pages.split("\n")
    names = api_pages.imported(package / "__init__.py")
    names = [n for n in names if n[0] != "_" and not (package / n).is_dir()]
    # So many that a pattern which finds none would show.
    assert len(names) > 40
    for name in names:
        assert listed.count(f"::: tf_adapters.{name}") == 1, name


def test_the_sections_of_our_docstrings_are_read():
    griffe = pytest.importorskip("griffe", reason="needs the extra `docs`")
    import sections

    text = (
        "One.\n\nCall arguments:\n    x: Tensor.\n\n>>> f(\n... 1)\n2\n\nTwo."
    )
    docstring = griffe.Docstring(sections.rewritten(text))
    first, arguments, last = griffe.parse_google(
        docstring, warn_missing_types=False, warn_unknown_params=False
    )
    assert first.value == "One."
    assert arguments.title == "Call arguments"
    assert [argument.name for argument in arguments.value] == ["x"]
    assert last.value == "```pycon\n>>> f(\n... 1)\n2\n```\n\nTwo."
