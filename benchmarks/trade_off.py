"""The mean score of methods against what they train."""

from matplotlib.figure import Figure


def make_figure(tasks, rows, reference):
    """Draws one labelled point for each row that has a score of every task.

    Args:
        tasks: names of the tasks.
        rows: list of `method_rows.Row`.
        reference: the row whose mean is drawn as a dashed line, if it has one.

    Returns:
        A matplotlib `Figure`.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for i, row in enumerate(rows):
        mean = row.mean(tasks)
        if mean is None:
            continue
        # Rows of about one mean follow one another: their names would overlap.
        offset, anchor = ((0, -6), "top") if i % 2 else ((0, 6), "bottom")
        value, spread = (100 * (part or 0) for part in mean)
        axes.errorbar(row.trained, value, yerr=spread or None, fmt="o")
        axes.annotate(
            row.name,
            (row.trained, value),
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va=anchor,
        )
    whole = reference.mean(tasks)
    if whole:
        axes.axhline(100 * whole[0], linestyle="--", color="grey")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.2, y=0.1)
    axes.set_xlabel("trained per task, % of the backbone")
    axes.set_ylabel(f"mean dev score of {', '.join(tasks)}")
    return figure


def save_plot(path, tasks, rows, reference):
    """Saves the figure, in the format that the name of the file ends with."""
    make_figure(tasks, rows, reference).savefig(path, dpi=150)
