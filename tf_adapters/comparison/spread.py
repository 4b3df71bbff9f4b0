"""Scores over seeds: their mean, their spread, and differences in pairs."""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Spread:
    """What seeds make of a number.

    Attributes:
        mean: over the seeds.
        deviation: sample deviation, `None` of one seed.
        seeds: the seeds.
    """

    mean: float
    deviation: float | None
    seeds: tuple[int, ...]

    @property
    def rank(self) -> float:
        """The mean to order by: one that is not finite is below all others."""
        return self.mean if math.isfinite(self.mean) else -math.inf


def spread_of(by_seed: dict[int, float]) -> Spread | None:
    """Returns mean and deviation over seeds, `None` if there are none."""
    if not by_seed:
        return None
    values = list(by_seed.values())
    mean, deviation = statistics.mean(values), None
    if len(values) > 1:
        # `stdev` takes finite numbers only.
        is_finite = math.isfinite(mean)
        deviation = statistics.stdev(values) if is_finite else math.nan
    return Spread(mean, deviation, tuple(sorted(by_seed)))


def paired_difference(
    by_seed: dict[int, float], reference: dict[int, float]
) -> Spread | None:
    """Returns the difference from the reference, seed by seed.

    What a seed does to both, by the order of the data, is not in it.

    Args:
        by_seed, reference: dicts from a seed to a score.

    Returns:
        The `Spread` over the seeds that both have, `None` if there are none.
    """
    return spread_of(
        {k: v - reference[k] for k, v in by_seed.items() if k in reference}
    )


def mean_by_seed(each: list[dict[int, float]]) -> dict[int, float]:
    """Returns the mean of several scores, for the seeds that all of them have.

    Args:
        each: dicts from a seed to a score.
    """
    seeds = set.intersection(*map(set, each)) if each else set()
    return {
        seed: statistics.mean(by_seed[seed] for by_seed in each)
        for seed in sorted(seeds)
    }
