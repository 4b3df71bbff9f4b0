"""The notebooks, with the outputs that they keep."""

import nbconvert


def pages(folder):
    """Turns every notebook into a page, and its pictures into files.

    Args:
        folder: path of the notebooks.

    Returns:
        dict from a URI to a text or, for a picture, bytes.
    """
    exporter = nbconvert.MarkdownExporter()
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        resources = {"output_files_dir": path.stem}
        text, resources = exporter.from_filename(str(path), resources)
        found[f"notebooks/{path.stem}.md"] = text
        for name, picture in resources["outputs"].items():
            found[f"notebooks/{name}"] = picture
    return found
