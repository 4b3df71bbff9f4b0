"""Tasks and the rates at which their examples are drawn."""

import dataclasses
from collections.abc import Mapping

from tf_adapters.data.lookup import unknown_name

RATES = (
    "proportional",
    "square_root",
    "uniform",
    "temperature",
    "annealed",
    "round_robin",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixture:
    """How often each task is drawn: `p_i` proportional to `n_i ** exponent`.

    Args:
        num_examples: mapping from task name to its number of examples.
        rate: str. What the exponent is: `"proportional"` 1, `"square_root"`
            0.5, `"uniform"` 0, `"temperature"` `1 / temperature`,
            `"annealed"` from 1 in the first epoch straight down to 0.2 in the
            last. `"round_robin"` is `"uniform"` in a fixed order: one batch a
            task in turn. Defaults to `"proportional"`.
        temperature: float. Read by `"temperature"` only. Defaults to 10.
        caps: mapping from task name to the number of examples beyond which
            its size is not counted. All its examples are still drawn from.
            Defaults to none.

    Raises:
        ValueError: if there is no task or an empty one, the rate is unknown,
            the temperature is below 1 or a cap is not that of a task or not
            positive.

    Example:

    >>> Mixture(num_examples={"a": 900, "b": 100}).probabilities()
    {'a': 0.9, 'b': 0.1}

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671),
       equations 12 to 14 (square root, annealed)
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 3
       (temperature)
     - [Raffel et al., 2020](https://arxiv.org/abs/1910.10683), section 3.5.2
       (caps)
    """

    num_examples: Mapping[str, int]
    rate: str = "proportional"
    temperature: float = 10.0
    caps: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses a mixture that could not be drawn from."""
        empty = [name for name, n in self.num_examples.items() if n < 1]
        if empty or not self.num_examples:
            raise ValueError(
                "A mixture needs at least one task, and every task at least "
                f"one example. Received: {dict(self.num_examples)}."
            )
        if self.rate not in RATES:
            raise ValueError(unknown_name("rate", self.rate, RATES))
        if self.temperature < 1:
            raise ValueError(
                "`temperature` must be at least 1, which is proportional. "
                f"Received: temperature={self.temperature}."
            )
        for name, cap in self.caps.items():
            if name not in self.num_examples:
                raise ValueError(
                    unknown_name("task in `caps`", name, self.num_examples)
                )
            if cap < 1:
                raise ValueError(
                    "A cap must be at least 1; leave a task out of `tasks` "
                    f"to drop it. Received: caps[{name!r}]={cap}."
                )

    @property
    def sizes(self) -> dict[str, int]:
        """The number of examples of each task, caps applied."""
        return {
            name: min(n, self.caps.get(name, n))
            for name, n in self.num_examples.items()
        }

    def exponent(self, epoch: int = 0, num_epochs: int = 1) -> float:
        """Returns the exponent of `epoch`, counted from 0."""
        if self.rate == "annealed":
            return 1 - 0.8 * epoch / max(num_epochs - 1, 1)
        return {
            "proportional": 1.0,
            "square_root": 0.5,
            "uniform": 0.0,
            "round_robin": 0.0,
            "temperature": 1 / self.temperature,
        }[self.rate]

    def probabilities(
        self, epoch: int = 0, num_epochs: int = 1
    ) -> dict[str, float]:
        """Returns the probability of each task during `epoch`.

        Args:
            epoch: int, counted from 0.
            num_epochs: int. Number of epochs in all, which annealing needs.

        Returns:
            dict from task name to probability, in the order of the tasks.
        """
        exponent = self.exponent(epoch, num_epochs)
        weights = {k: n**exponent for k, n in self.sizes.items()}
        total = sum(weights.values())
        return {k: weight / total for k, weight in weights.items()}
