"""What an export trades for memory, time or further signatures."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

WEIGHTS = ("bfloat16", "int8")


@dataclasses.dataclass(frozen=True)
class ServingOptions:
    """Options of `export_saved_model` that few exports need.

    `docs/artifact.md` says what each is for, and
    `benchmarks/serving_options.py` measures what it gains and loses.

    Attributes:
        weights: str. `"bfloat16"` stores and multiplies in bfloat16. `"int8"`
            stores the kernels and embeddings of the backbone as 8-bit
            integers, with a scale for each column or row, and multiplies in
            floats; adapters, LayerNorms and heads stay as they are. Defaults
            to `None`, both as trained.
        factored: bool. Whether adapters that are computed from factors, such
            as Compacter's, are stored as factors: less memory for each task,
            more time for each request. Defaults to `False`.
        without_layers: dict from the name of a further signature to the
            transformer layers, from 0, that it computes without adapters. It
            is asked as `serving_default` is. Defaults to none.
        ensembles: dict from the name of a further signature to the tasks, of
            the same labels, whose probabilities it averages. It is asked as
            the first of them is. Defaults to none.

    Raises:
        ValueError: if `weights` is none of these, or a name is taken twice.
    """

    weights: str | None = None
    factored: bool = False
    without_layers: Mapping[str, Sequence[int]] = dataclasses.field(
        default_factory=dict
    )
    ensembles: Mapping[str, Sequence[str]] = dataclasses.field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        """Refuses what no model can be exported with."""
        if self.weights not in (None, *WEIGHTS):
            raise ValueError(
                f"`weights` must be one of {', '.join(WEIGHTS)}, or None. "
                f"Received: weights={self.weights!r}."
            )
        twice = sorted(set(self.without_layers) & set(self.ensembles))
        if twice:
            raise ValueError(
                "Each signature must have a name of its own. Received twice: "
                f"{', '.join(twice)}."
            )

    @property
    def signatures(self) -> list[str]:
        """The names of the further signatures."""
        return [*self.without_layers, *self.ensembles]

    def check_free(self, taken: Sequence[str]) -> None:
        """Refuses names that signatures have already.

        Raises:
            ValueError: if one of them is in `taken`.
        """
        wrong = sorted(set(self.signatures) & set(taken))
        if wrong:
            raise ValueError(
                "A further signature must not be called as a task or another "
                f"signature is. Received: {', '.join(wrong)}. Choose another "
                "name."
            )

    def to_json(self) -> dict[str, Any]:
        """Returns the options as values that JSON can hold."""
        return {
            "weights": self.weights,
            "factored": self.factored,
            "without_layers": {
                name: list(layers)
                for name, layers in self.without_layers.items()
            },
            "ensembles": {
                name: list(tasks) for name, tasks in self.ensembles.items()
            },
        }
