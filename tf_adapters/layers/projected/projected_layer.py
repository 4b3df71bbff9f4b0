"""A function of each task in a narrow space: the frame of BERT and PALs."""

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.projected.task_projections import TaskProjections
from tf_adapters.layers.projected.task_projections import add_projections
from tf_adapters.layers.projected.task_projections import check_dim
from tf_adapters.layers.projected.task_projections import decode
from tf_adapters.layers.projected.task_projections import encode


class ProjectedLayer(TaskLayer):
    """Computes `activation(V^D g(V^E h))` with the weights of each task.

    Subclasses say what `g` is, in `build_between` and `between`; here it is the
    identity.

    Args:
        dim: int. Width of the narrow space.
        num_tasks: int. Number of tasks. Defaults to 1.
        projections: a `TaskProjections` of the same `dim` that several layers
            share, or `None` for projections of its own. Defaults to `None`.
            Whoever makes the layers again from their configs must share them
            again.
        activation: name or function, applied to the result. Defaults to
            `"gelu_exact"`, which the authors' code applies and their equation
            7 does not have; `"linear"` is the equation.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)`, or `()` if the whole
            batch belongs to one task. May be left out if there is one task.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`, nonzero
            where there is a token.

    Returns:
        Tensor of the shape of `inputs`. It is added to something by the slot:
        nothing is added to it here.

    Raises:
        ValueError: if `dim` is not positive, or `dim` or `num_tasks` is not
            that of `projections`.
    """

    def __init__(
        self,
        dim,
        num_tasks=1,
        projections=None,
        activation="gelu_exact",
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        check_dim(dim)
        if projections is not None and projections.dim != dim:
            raise ValueError(
                "`dim` must be that of the shared `projections`. Received: "
                f"dim={dim}, and projections of dim={projections.dim}."
            )
        if projections is not None and projections.num_tasks != num_tasks:
            raise ValueError(
                "`num_tasks` must be that of the shared `projections`. "
                f"Received: num_tasks={num_tasks}, and projections of "
                f"num_tasks={projections.num_tasks}."
            )
        self.dim = dim
        self.projections = projections
        self.activation = get_activation(activation)

    def build(self, input_shape):
        if self.projections is None:
            add_projections(self, input_shape[-1], self.dim)
        elif not self.projections.built:
            self.projections.build(input_shape)
        self.build_between()
        self.built = True

    def build_between(self):
        """Adds the banks of `g`."""

    def between(self, weights, inputs, padding_mask):
        """Computes `g`.

        Args:
            weights: dict from the name of a bank to selected weights.
            inputs: Tensor of shape `(batch_size, sequence_length, dim)`.
            padding_mask: as for `call`.

        Returns:
            Tensor of the shape of `inputs`.
        """
        return inputs

    def call(self, inputs, task_ids=None, padding_mask=None):
        banks = self.cast_banks(self.projections)
        return self.apply_banks(
            self._compute, banks, task_ids, inputs, padding_mask
        )

    def _compute(self, weights, inputs, padding_mask):
        x = self.between(weights, encode(weights, inputs), padding_mask)
        return self.activation(decode(weights, x))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        shared = self.projections
        return {
            **super().get_config(),
            "dim": self.dim,
            "projections": shared and shared.get_config(),
            "activation": activation_name(self.activation),
        }

    @classmethod
    def from_config(cls, config):
        shared = config.get("projections")
        shared = shared and TaskProjections.from_config(shared)
        return cls(**{**config, "projections": shared})
