"""Every reference resolves: links, paths, sections, numbered facts."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks" / "README.md",
]
FOLDERS = ("tf_adapters", "tests", "models", "benchmarks")
CODE = [
    *(p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py"))),
    ROOT / "train.py",
]


def name_of(path):
    return str(path.relative_to(ROOT))


def without_fences(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def sections(page):
    """The numbers of the headings of a page: `2` and `2.1`."""
    text = (DOCS / page).read_text("utf-8")
    return set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text, re.MULTILINE))


def prose(path):
    """The comments and the docstrings of a module, wrapped lines joined."""
    text = path.read_text("utf-8")
    found = [ast.get_docstring(ast.parse(text)) or ""]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(ast.get_docstring(node) or "")
    comments = re.findall(r"^ *#(.*)$", text, re.MULTILINE)
    return " ".join(" ".join([*found, *comments]).split())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    text = without_fences(page.read_text("utf-8"))
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_of_modules_are_there(page):
    text = without_fences(page.read_text("utf-8"))
    files = [name_of(path) for path in CODE]
    for path in re.findall(r"`(\w*/[\w/]+\.py)`", text):
        assert any(f"/{file}".endswith(f"/{path}") for file in files), path


def test_sections_that_the_code_cites_are_there():
    pattern = re.compile(
        r"(methods|design)\.md,?(?: sections?)? (\d[\d.]*(?: and \d[\d.]*)*)"
    )
    cited = [
        (path, f"{page}.md", number.strip("."))
        for path in CODE
        for page, numbers in pattern.findall(prose(path))
        for number in numbers.split(" and ")
    ]
    # So many that a pattern which finds none would show.
    assert len(cited) > 20
    for path, page, number in cited:
        assert number in sections(page), f"{name_of(path)}: {page} {number}"


def test_numbered_facts_that_tests_cite_are_there():
    facts = (DOCS / "methods.md").read_text("utf-8")
    invariants = (DOCS / "design.md").read_text("utf-8")
    known = set(re.findall(r"\b([HPCFM]\d+)\b", facts))
    known |= set(re.findall(r"^\| (I\d+) \|", invariants, re.MULTILINE))
    cited = {
        (path, fact)
        for path in (ROOT / "tests").rglob("test_*.py")
        # F1 is a score.
        for fact in re.findall(r"\b[HPCFMI]\d+\b", prose(path))
        if fact != "F1"
    }
    assert len(cited) > 40
    for path, fact in cited:
        assert fact in known, f"{name_of(path)} cites {fact}"


def test_nothing_refers_to_a_page_that_the_project_does_not_have():
    own = {page.name for page in PAGES} | {"CHANGELOG.md"}
    for path in [*CODE, *PAGES]:
        if path == pathlib.Path(__file__):
            continue
        text = path.read_text("utf-8")
        for name in re.findall(r"\b(?<!/)([\w-]+\.md)\b", text):
            assert name in own, f"{name_of(path)} refers to {name}"


def test_nothing_points_out_of_the_project():
    for path in [*CODE, *PAGES]:
        for target in re.findall(
            r"(?<![\w./])(?:\.\./)+[\w./-]*", path.read_text("utf-8")
        ):
            found = (path.parent / target).resolve()
            assert found.is_relative_to(ROOT), f"{name_of(path)}: {target}"
