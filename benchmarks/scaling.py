"""What replicas add up in a step, and how long a step takes then.

Counts, for each recipe on BERT-base, for one task and for four, the bytes that
are all-reduced in a training step (`traffic.py`). From these, the time of a
step on one replica, a bandwidth and a latency it calculates the time of a step
on 1 to 1,024 replicas, by `step_seconds`. Prints the tables of docs/scaling.md
and draws the curves:

    python benchmarks/scaling.py --plot docs/scaling.png
    python benchmarks/scaling.py --step_seconds 0.25 --gigabits 25
"""

import dataclasses
import pathlib
import sys

import numpy as np
import traffic

from tf_adapters.runs.flags import override

REPLICAS = tuple(2**i for i in range(11))
CURVES = (
    "full_fine_tuning",
    "pals",
    "houlsby",
    "hyperformer_plus_plus",
    "compacter",
)
_REFERENCE = "full_fine_tuning"
_SHOWN = (8, 64, 1024)
_MODELS = pathlib.Path(__file__).parent.parent / "models"
_POSITIVE = ("step_seconds", "gigabits", "batch_size", "global_batch")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured and assumed of the machines.

    Attributes:
        step_seconds: a step of one replica alone, measured or assumed.
        batch_size: examples of that step.
        global_batch: examples of a step where all replicas share a batch.
        gigabits: what a replica sends in a second while it receives as much,
            in Gbit.
        latency: seconds from one replica to the next, however little is sent.
        plot: file to draw the curves to; empty for none.
    """

    step_seconds: tuple[float, ...] = (7.7, 0.1)
    batch_size: int = 32
    global_batch: int = 1024
    gigabits: tuple[float, ...] = (10.0, 100.0)
    latency: float = 1e-4
    plot: str = ""

    def __post_init__(self):
        """Refuses what no machine has."""
        for name in _POSITIVE:
            value = getattr(self, name)
            if not np.size(value) or np.min(value) <= 0:
                raise ValueError(
                    f"`{name}` must be positive. Received: {name}={value}. "
                    "Write what was measured, say 0.5."
                )
        if self.latency < 0:
            raise ValueError(
                "`latency` must not be negative. Received: "
                f"latency={self.latency}. Write 0 to leave it out."
            )
        if self.global_batch % REPLICAS[-1]:
            raise ValueError(
                f"`global_batch` must divide by {REPLICAS[-1]} replicas. "
                f"Received: global_batch={self.global_batch}. Write, say, 2048."
            )


def step_seconds(own, compute, replicas, gigabits, latency):
    """Returns the time of a step whose all-reduces go around a ring, in turn.

    In a ring each of n replicas sends a share of 1 / n of the bytes 2 (n - 1)
    times. No all-reduce begins before the backward pass has ended.

    Args:
        own: the `traffic.Traffic` of a step.
        compute: float. Seconds that a replica computes.
        replicas: int.
        gigabits: float. Gbit a second from one replica to the next.
        latency: float. Seconds each time, however little is sent.
    """
    times = 2 * (replicas - 1)
    transfer = times / replicas * 8 * own.total / (1e9 * gigabits)
    return compute + transfer + len(own.sizes) * times * latency


def compute_seconds(settings, seconds, replicas, is_strong):
    """Returns how long each replica computes.

    Args:
        settings: `Settings`, of which the sizes of the batches count.
        seconds: float. Those of `settings.batch_size` examples.
        replicas: int.
        is_strong: whether all replicas share `settings.global_batch`, and not
            each has a batch.
    """
    if not is_strong:
        return seconds
    return seconds * settings.global_batch / replicas / settings.batch_size


def traffic_table(one, four):
    """Returns Markdown: bytes of each recipe, the most first."""
    names = sorted(one, key=lambda name: -one[name].gradients)
    parts = ("bytes", "%")
    heads = [f"{n}: {p}" for n in ("1 task", "4 tasks") for p in parts]
    rows = []
    for name in names:
        cells = [f"`{name}`"]
        for counted in (one, four):
            own = counted[name]
            percent = 100 * own.total / counted[_REFERENCE].total
            cells += [f"{own.total:,}", f"{percent:.2f}"]
        rows.append(cells)
    return _markdown([["recipe", *heads], ["---"] * 5, *rows])


def curve_table(found, settings, is_strong):
    """Returns Markdown: what a recipe has of its machines.

    The cells hold, for some numbers of replicas, the percentage of the time of
    a step that is computing, or how many times as fast as one replica they
    are if they share a batch.
    """
    cases = [(s, g) for s in settings.step_seconds for g in settings.gigabits]
    rows = [["recipe", *(f"{s:g} s, {g:g} Gbit/s" for s, g in cases)]]
    rows.append(["---"] * len(rows[0]))
    for name in CURVES:
        cells = [f"`{name}`"]
        for seconds, gigabits in cases:
            values = []
            for n in _SHOWN:
                own = compute_seconds(settings, seconds, n, is_strong)
                whole = step_seconds(
                    found[name], own, n, gigabits, settings.latency
                )
                fraction = own / whole
                values.append(
                    f"{n * fraction:.1f}" if is_strong else f"{fraction:.0%}"
                )
            cells.append(" / ".join(values))
        rows.append(cells)
    return _markdown(rows)


def _markdown(rows):
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def main(argv):
    """Prints the tables and draws the curves."""
    settings = override(Settings(), argv, "scaling.py")
    names = [path.stem for path in sorted(_MODELS.glob("[!_]*.py"))]
    one, four = (
        traffic.of_recipes(names, count) for count in (1, len(traffic.TASKS))
    )
    print(traffic_table(one, four))
    for is_strong in (False, True):
        print("\n" + curve_table(four, settings, is_strong))
    if settings.plot:
        from scaling_curve import save_plot

        save_plot(
            settings.plot, {name: four[name] for name in CURVES}, settings
        )


if __name__ == "__main__":
    main(sys.argv[1:])
