"""A bottleneck adapter whose kernels are sums of Kronecker products."""

import keras
from keras import ops

from tf_adapters.layers.bottleneck.bottleneck_adapter import BottleneckAdapter
from tf_adapters.layers.phm import phm_weights
from tf_adapters.layers.phm.phm_dense import check_parts
from tf_adapters.layers.phm.phm_factors import PHMFactors
from tf_adapters.layers.phm.phm_rule import PHMRule


@keras.saving.register_keras_serializable(package="tf_adapters")
class PHMBottleneckAdapter(BottleneckAdapter):
    """The adapter of Compacter.

    A `BottleneckAdapter` whose two kernels are made, at every step, from a rule
    and from factors, once for each task: for kernels as small as these that is
    the faster order, see `phm_product`. The rule may be that of all adapters.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24.
        phm_dim: int. `n`, which divides `bottleneck_dim` and the width of the
            inputs. Defaults to 4.
        rank: int. Rank of every `B_i`, or `None` for any. Defaults to 1.
        rule: a `PHMRule` that several layers share, or `None` for one of each
            kernel. Defaults to `None`.
        factors: pair of `PHMFactors`, down and up, that several layers share,
            or `None` for factors of its own. Defaults to `None`.
        learn_rule, factorize_rule: bools, as for `PHMRule`, of rules that are
            not shared, which are drawn from a normal of standard deviation
            0.01. Default to `True` and `False`.
        activation: name or function. Defaults to `"gelu_approximate"`.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments, returns: as for `BottleneckAdapter`.

    Raises:
        ValueError: if `phm_dim` does not divide a size, or it or `num_tasks`
            is not that of `rule` or `factors`; if `rank` is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3
    """

    # The kernels are made in float32 and cast when they are.
    autocast_banks = False

    def __init__(
        self,
        bottleneck_dim=24,
        phm_dim=4,
        rank=1,
        rule=None,
        factors=None,
        learn_rule=True,
        factorize_rule=False,
        activation="gelu_approximate",
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(
            bottleneck_dim, num_tasks, activation=activation, **kwargs
        )
        phm_weights.check_division(phm_dim, bottleneck_dim=bottleneck_dim)
        if rank is not None and rank < 1:
            raise ValueError(
                f"`rank` must be at least 1, or `None`. Received: rank={rank}."
            )
        check_parts(phm_dim, num_tasks, rule, *(factors or ()))
        self.phm_dim = phm_dim
        self.rank = rank
        self.rule_layer = rule
        self.factors_layers = factors
        self.learn_rule = learn_rule
        self.factorize_rule = factorize_rule

    def build(self, input_shape):
        hidden_dim, units = input_shape[-1], self.bottleneck_dim
        zeros = keras.initializers.Zeros()
        if self.rule_layer is None:
            normal = keras.initializers.RandomNormal(stddev=0.01)
            how = (self.phm_dim, normal, self.factorize_rule, self.learn_rule)
            phm_weights.add_rule(self, "down_rule", *how)
            phm_weights.add_rule(self, "up_rule", *how)
        if self.factors_layers is None:
            sizes = (self.phm_dim, self.rank)
            phm_weights.add_factors(self, "down", hidden_dim, units, *sizes)
            phm_weights.add_factors(self, "up", units, hidden_dim, *sizes)
        for shared in (self.rule_layer, *(self.factors_layers or ())):
            if shared is not None and not shared.built:
                shared.build()
        self.add_bank("down_bias", (units,), zeros)
        self.add_bank("up_bias", (hidden_dim,), zeros)
        self.built = True

    def kernels(self):
        down, up = self.factors_layers or (None, None)
        kernels = {
            "down": phm_weights.kernel_of(
                self._rule("down"), self._factors("down", down)
            ),
            "down_bias": self.down_bias,
            "up": phm_weights.kernel_of(
                self._rule("up"), self._factors("up", up)
            ),
            "up_bias": self.up_bias,
        }
        return {
            name: ops.cast(kernel, self.compute_dtype)
            for name, kernel in kernels.items()
        }

    def _rule(self, name):
        if self.rule_layer is not None:
            return phm_weights.rule_of(self.rule_layer.banks)
        return phm_weights.rule_of(self.banks, f"{name}_rule")

    def _factors(self, name, shared):
        if shared is not None:
            return phm_weights.factors_of(shared.banks, "kernel")
        return phm_weights.factors_of(self.banks, name)

    def get_config(self):
        config = super().get_config()
        del config["kernel_initializer"]
        rule, factors = self.rule_layer, self.factors_layers
        return {
            **config,
            "phm_dim": self.phm_dim,
            "rank": self.rank,
            "rule": rule and rule.get_config(),
            "factors": factors and [part.get_config() for part in factors],
            "learn_rule": self.learn_rule,
            "factorize_rule": self.factorize_rule,
        }

    @classmethod
    def from_config(cls, config):
        rule, factors = config["rule"], config["factors"]
        rule = rule and PHMRule.from_config(rule)
        factors = factors and [PHMFactors.from_config(f) for f in factors]
        return cls(**{**config, "rule": rule, "factors": factors})
