"""Adds the pages that are not in docs/, and says in which order all come."""

import pathlib
import subprocess
import sys

import api_pages
import links
import notebook_pages
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parent.parent.parent

# Pages of the repository that stand outside of docs/.
HOME = {"README.md": "index.md"}
PROJECT = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
}


def on_files(files, config):
    """Adds pages and pictures, and the navigation."""
    guides = [f.src_uri for f in files.documentation_pages()]
    added = {}
    for source, page in {**HOME, **PROJECT}.items():
        added[page] = (ROOT / source).read_text("utf-8")
    for path in sorted(ROOT.glob("benchmarks/*.png")):
        added[f"benchmarks/{path.name}"] = path.read_bytes()
    stories = notebook_pages.pages(ROOT / "notebooks")
    added.update(stories)
    reference = api_pages.pages(ROOT / "tf_adapters")
    added.update(reference)
    added["recipes.md"] = recipes()
    for uri, content in added.items():
        files.append(File.generated(config, uri, content=content))
    config.nav = [
        {"Home": "index.md"},
        {"Guides": sorted(guides)},
        {"Notebooks": [page for page in stories if page.endswith(".md")]},
        "recipes.md",
        {"API": list(reference)},
        {"Project": list(PROJECT.values())},
    ]
    return files


def recipes():
    """Returns the page of recipes, without what TensorFlow prints meanwhile."""
    command = [sys.executable, str(ROOT / "docs" / "site" / "recipe_page.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise PluginError(f"The recipes were not counted:\n{done.stderr}")
    return done.stdout


def on_page_markdown(markdown, page, config, files):
    """Lets the links of a page lead to pages of the site."""
    elsewhere = {uri: source for source, uri in {**HOME, **PROJECT}.items()}
    uri = page.file.src_uri
    if uri.startswith(("api/", "recipes.md")):
        return markdown
    notebook = uri.startswith("notebooks/") and uri.replace(".md", ".ipynb")
    source = elsewhere.get(uri) or notebook or f"docs/{uri}"
    return links.on_the_site(
        markdown, source, uri, links.pages(files, elsewhere)
    )
