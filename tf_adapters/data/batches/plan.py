"""Which examples go into which batch, decided before the first step."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tf_adapters.data.batches.mixture import Mixture

# Batches that are filled together from examples of similar length.
_WINDOW = 64
BATCHINGS = ("mixed", "one_task")


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A sequence of batches.

    Attributes:
        indices: int32 array of shape `(num_steps, batch_size)`, positions of
            examples; -1 stands for a padded row.
        widths: int32 array of shape `(num_steps,)`, tokens a row.
    """

    indices: np.ndarray
    widths: np.ndarray

    def starting_at(self, step: int) -> "Plan":
        """Returns what is left of the plan after `step` batches."""
        return Plan(self.indices[step:], self.widths[step:])

    def padding_share(self, lengths: np.ndarray) -> float:
        """Returns the share of padded tokens among all tokens.

        Args:
            lengths: int array of shape `(num_examples,)`.
        """
        real = lengths[self.indices[self.indices >= 0]].sum(dtype=np.int64)
        batch_size = self.indices.shape[1]
        return 1 - real / (batch_size * self.widths.sum(dtype=np.int64))


def default_widths(sequence_length: int) -> tuple[int, ...]:
    """Returns the widths that batches are padded to.

    Multiples of 8 up to 64, of 16 up to 128, of 64 beyond.
    """
    steps = [*range(8, 64, 8), *range(64, 128, 16)]
    steps += range(128, sequence_length, 64)
    return (*(w for w in steps if w < sequence_length), sequence_length)


def plan_training(
    mixture: Mixture,
    lengths: dict[str, np.ndarray],
    batch_size: int,
    num_epochs: int,
    steps_per_epoch: int,
    widths: tuple[int, ...],
    batching: str = "mixed",
    seed: int = 0,
) -> Plan:
    """Plans every batch of a training run.

    Each task is walked through in random order, again and again, so that no
    example comes twice before all have come once. Within an epoch, `"mixed"`
    batching gives every task its exact share of the examples; `"one_task"`
    draws the task of each batch at random, as the papers do, or takes them in
    turn if the rate is `"round_robin"`. Examples of similar length are put
    together, inside windows of 64 batches. All batches are full.

    Args:
        mixture: the rates of the tasks.
        lengths: dict from task name, in the order of the mixture, to the
            number of tokens of each of its examples. The position of an
            example counts through all tasks in this order.
        batch_size: int. Examples in a batch, over all replicas.
        num_epochs: int.
        steps_per_epoch: int.
        widths: ascending widths to pad to; the last must hold every example.
        batching: `"mixed"` or `"one_task"`.
        seed: int. Decides everything that is drawn.

    Returns:
        A `Plan` of `num_epochs * steps_per_epoch` batches.

    Raises:
        ValueError: if `"mixed"` batches are asked for in `"round_robin"`.
    """
    check_batching(batching, mixture.rate)
    random = np.random.default_rng(seed)
    offsets = np.cumsum([0, *(len(v) for v in lengths.values())])
    walks = [
        _walk(offset, len(own), random.spawn(1)[0])
        for offset, own in zip(offsets, lengths.values(), strict=False)
    ]
    all_lengths = np.concatenate(list(lengths.values()))
    size = (steps_per_epoch, batch_size)
    epochs = []
    for epoch in range(num_epochs):
        probabilities = mixture.probabilities(epoch, num_epochs)
        shares = np.array(list(probabilities.values()))
        if batching == "mixed":
            filled = _mixed(shares, walks, size, all_lengths, random)
        else:
            if mixture.rate == "round_robin":
                first = epoch * steps_per_epoch
                tasks = (first + np.arange(steps_per_epoch)) % len(shares)
            else:
                tasks = random.choice(len(shares), steps_per_epoch, p=shares)
            filled = _one_task(tasks, walks, batch_size, all_lengths, random)
        epochs.append(filled)
    indices = np.concatenate(epochs).astype("int32")
    return Plan(indices, _widths(indices, all_lengths, widths))


def check_batching(batching: str, rate: str) -> None:
    """Refuses mixed batches in turn: they have no order of tasks.

    Raises:
        ValueError: if they are asked for.
    """
    if rate == "round_robin" and batching != "one_task":
        raise ValueError(
            'The rate "round_robin" takes one batch of each task in turn, so '
            '`batching` must be "one_task". Received: '
            f"batching={batching!r}. For equal shares of mixed batches write "
            'rate="uniform".'
        )


def plan_once(
    lengths: np.ndarray, batch_size: int, widths: tuple[int, ...]
) -> Plan:
    """Plans batches that hold every example once, shortest first.

    Args:
        lengths: int array of shape `(num_examples,)`.
        batch_size: int. The last batch is filled up with padded rows.
        widths: ascending widths to pad to.

    Returns:
        A `Plan`.
    """
    order = np.argsort(lengths, kind="stable").astype("int32")
    missing = -len(order) % batch_size
    order = np.concatenate([order, np.full(missing, -1, "int32")])
    indices = order.reshape(-1, batch_size)
    return Plan(indices, _widths(indices, lengths, widths))


def _walk(offset: int, count: int, random: np.random.Generator) -> Iterator:
    while True:
        yield from offset + random.permutation(count)


def _take(walk: Iterator, count: int) -> np.ndarray:
    return np.fromiter((next(walk) for _ in range(count)), "int64", count)


def _mixed(shares, walks, size, lengths, random):
    counts = _whole_shares(shares, size[0] * size[1])
    # The tasks are shuffled and not the examples: a walk stays in its order.
    tasks = random.permutation(np.repeat(np.arange(len(walks)), counts))
    drawn = np.empty(len(tasks), "int64")
    for i, walk in enumerate(walks):
        drawn[tasks == i] = _take(walk, counts[i])
    return _bucketed(drawn, size[1], lengths, random)


def _one_task(tasks, walks, batch_size, lengths, random):
    indices = np.empty((len(tasks), batch_size), "int64")
    for i, walk in enumerate(walks):
        steps = np.flatnonzero(tasks == i)
        if len(steps):
            drawn = _take(walk, len(steps) * batch_size)
            indices[steps] = _bucketed(drawn, batch_size, lengths, random)
    return indices


def _whole_shares(shares, total):
    """Whole numbers in the ratio of `shares` that add up to `total`."""
    exact = shares * total
    counts = np.floor(exact).astype(int)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: total - counts.sum()]] += 1
    return counts


def _bucketed(drawn, batch_size, lengths, random):
    batches = []
    window = _WINDOW * batch_size
    for start in range(0, len(drawn), window):
        part = drawn[start : start + window]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.append(random.permutation(part.reshape(-1, batch_size)))
    return np.concatenate(batches)


def _widths(indices, lengths, widths):
    longest = np.where(indices >= 0, lengths[indices], 0).max(axis=1)
    return np.array(widths, "int32")[np.searchsorted(widths, longest)]
