"""A dense layer whose kernel is a sum of Kronecker products."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.phm.phm_factors import PHMFactors
from tf_adapters.layers.phm.phm_product import project
from tf_adapters.layers.phm.phm_rule import PHMRule
from tf_adapters.layers.phm.phm_weights import add_factors
from tf_adapters.layers.phm.phm_weights import add_rule
from tf_adapters.layers.phm.phm_weights import check_division


@keras.saving.register_keras_serializable(package="tf_adapters")
class PHMDense(TaskLayer):
    """Parameterized hypercomplex multiplication, with weights of each task.

    Computes, with `kernel = sum_i A_i (x) B_i` over `phm_dim` Kronecker
    products,

        outputs = activation(inputs @ kernel + bias)

    With `rank=1` this is the low-rank layer (LPHM) of Compacter. A rule of
    complex numbers (`phm_dim=2`) or quaternions (4) that is not learned makes
    the product that of these numbers.

    Args:
        units: int. Columns of the kernel.
        phm_dim: int. `n`, which divides `units` and the last axis of the
            inputs. Defaults to 4.
        rank: int. Rank of every `B_i`, or `None` for any. Defaults to `None`.
        rule: a `PHMRule` that several layers share, or `None` for one of its
            own, drawn from a normal of standard deviation 0.01. Defaults to
            `None`.
        factors: a `PHMFactors` that several layers share, or `None` for
            factors of its own. Defaults to `None`.
        activation: name or function. Defaults to `"linear"`.
        use_bias: bool. Defaults to `True`.
        materialise: bool. Whether the kernel is made before it is used, or
            inputs are multiplied by its parts; the results are the same.
            `None` takes what is faster for the shapes, see
            `phm_product.kernel_pays`. Defaults to `None`.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.

    Raises:
        ValueError: if `phm_dim` does not divide a size, or it or `num_tasks`
            is not that of `rule` or `factors`.

    References:
     - [Zhang et al., 2021](https://arxiv.org/abs/2102.08597), section 3
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3
    """

    def __init__(
        self,
        units,
        phm_dim=4,
        rank=None,
        rule=None,
        factors=None,
        activation="linear",
        use_bias=True,
        materialise=None,
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        check_division(phm_dim, units=units)
        check_parts(phm_dim, num_tasks, rule, factors)
        self.units = units
        self.phm_dim = phm_dim
        self.rank = rank
        self.rule_layer = rule
        self.factors_layer = factors
        self.activation = get_activation(activation)
        self.use_bias = use_bias
        self.materialise = materialise

    def build(self, input_shape):
        if self.rule_layer is None:
            normal = keras.initializers.RandomNormal(stddev=0.01)
            add_rule(self, "rule", self.phm_dim, normal)
        elif not self.rule_layer.built:
            self.rule_layer.build()
        if self.factors_layer is None:
            sizes = (input_shape[-1], self.units, self.phm_dim, self.rank)
            add_factors(self, "kernel", *sizes)
        elif not self.factors_layer.built:
            self.factors_layer.build()
        if self.use_bias:
            self.add_bank("bias", (self.units,), keras.initializers.Zeros())
        self.built = True

    def call(self, inputs, task_ids=None):
        banks = self.cast_banks(self.rule_layer, self.factors_layer)
        return self.apply_banks(self._compute, banks, task_ids, inputs)

    def _compute(self, weights, inputs):
        x = project(inputs, weights, "kernel", self.materialise)
        if self.use_bias:
            x = x + bank.over_tokens(weights["bias"])
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        rule, factors = self.rule_layer, self.factors_layer
        return {
            **super().get_config(),
            "units": self.units,
            "phm_dim": self.phm_dim,
            "rank": self.rank,
            "rule": rule and rule.get_config(),
            "factors": factors and factors.get_config(),
            "activation": activation_name(self.activation),
            "use_bias": self.use_bias,
            "materialise": self.materialise,
        }

    @classmethod
    def from_config(cls, config):
        rule, factors = config["rule"], config["factors"]
        rule = rule and PHMRule.from_config(rule)
        factors = factors and PHMFactors.from_config(factors)
        return cls(**{**config, "rule": rule, "factors": factors})


def check_parts(phm_dim, num_tasks, rule, *factors):
    """Refuses shared parts of another `phm_dim` or of other tasks."""
    wanted = (phm_dim, num_tasks)
    for part in (rule, *factors):
        if part is not None and (part.phm_dim, part.num_tasks) != wanted:
            raise ValueError(
                "`phm_dim` and `num_tasks` must be those of the shared rule "
                f"and factors. Received: phm_dim={phm_dim}, num_tasks="
                f"{num_tasks}, and a {type(part).__name__} with "
                f"phm_dim={part.phm_dim}, num_tasks={part.num_tasks}."
            )
