"""The time of a step against the number of replicas."""

import scaling
from matplotlib.figure import Figure


def make_figure(found, settings):
    """Draws a row for each time of a step on one replica.

    On the left every replica has a batch, on the right all share one.

    Args:
        found: dict from the name of a recipe to its `traffic.Traffic`.
        settings: `scaling.Settings`, of which the first bandwidth is drawn.

    Returns:
        A matplotlib `Figure`.
    """
    times = settings.step_seconds
    gigabits = settings.gigabits[0]
    figure = Figure(figsize=(9, 3.4 * len(times)), layout="constrained")
    panels = figure.subplots(len(times), 2, squeeze=False)
    for seconds, pair in zip(times, panels, strict=True):
        for axes, is_strong in zip(pair, (False, True), strict=True):
            compute = [
                scaling.compute_seconds(settings, seconds, n, is_strong)
                for n in scaling.REPLICAS
            ]
            for name, own in found.items():
                whole = [
                    scaling.step_seconds(own, c, n, gigabits, settings.latency)
                    for c, n in zip(compute, scaling.REPLICAS, strict=True)
                ]
                axes.plot(scaling.REPLICAS, whole, label=name)
            axes.plot(
                scaling.REPLICAS, compute, "--", color="grey", label="computing"
            )
            batch = f"{settings.batch_size} examples a replica"
            if is_strong:
                batch = f"{settings.global_batch:,} examples, shared"
            axes.set_title(f"{batch}, {seconds:g} s for {settings.batch_size}")
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.set_xlabel("replicas")
            axes.set_ylabel(f"seconds of a step, {gigabits:g} Gbit/s")
    panels[0][0].legend()
    return figure


def save_plot(path, found, settings):
    """Saves the figure, in the format that the name of the file ends with."""
    make_figure(found, settings).savefig(path, dpi=80)
