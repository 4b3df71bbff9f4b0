"""Compacter: adapters whose kernels are sums of Kronecker products."""

from etils import epy

from tf_adapters import layers
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.methods.bottleneck.pfeiffer import Pfeiffer
from tf_adapters.methods.method import Method

with epy.lazy_imports():
    from tf_adapters.layers.phm import phm_weights


class Compacter(Method):
    """Low-rank PHM adapters after attention and feed-forward, in every layer.

    The encoder is frozen. Each task owns the factors of its adapters, one rule
    for all of them, a copy of every LayerNorm and its head.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24, a 32nd of
            the width of BERT-base.
        phm_dim: int. `n`, the number of Kronecker products of a kernel, which
            divides the bottleneck and the width of the encoder. Defaults to 4.
        rank: int. Rank of the factors, or `None` for any. Defaults to 1.
        learn_rule: bool. Whether the rule is trained. Defaults to `True`.
        factorize_rule: bool. Whether the matrices of the rule are of rank one.
            Defaults to `False`.
        activation: str. Activation inside the adapter. Defaults to
            `"gelu_approximate"`.

    Raises:
        ValueError: if `phm_dim` does not divide `bottleneck_dim`; in the
            encoder, if it does not divide its width.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3.
       The paper adapts T5; the slots are those of `Houlsby`.
    """

    layer_norms = "private"
    slots = ("attention", "feedforward")

    def __init__(
        self,
        bottleneck_dim=24,
        phm_dim=4,
        rank=1,
        learn_rule=True,
        factorize_rule=False,
        activation="gelu_approximate",
    ):
        phm_weights.check_division(phm_dim, bottleneck_dim=bottleneck_dim)
        if rank is not None and rank < 1:
            raise ValueError(
                f"`rank` must be at least 1. Received: rank={rank}."
            )
        self.bottleneck_dim = bottleneck_dim
        self.phm_dim = phm_dim
        self.rank = rank
        self.learn_rule = learn_rule
        self.factorize_rule = factorize_rule
        self.activation = layers.activation_name(activation)

    def shared_layers(self, shape):
        rule = layers.PHMRule(
            self.phm_dim,
            factorize=self.factorize_rule,
            learn=self.learn_rule,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name="rule",
        )
        return {"rule": rule}

    def slot_layer(self, slot, index, shape, shared):
        if slot not in self.slots:
            return None
        return layers.PHMBottleneckAdapter(
            self.bottleneck_dim,
            phm_dim=self.phm_dim,
            rank=self.rank,
            rule=shared.get("rule"),
            learn_rule=self.learn_rule,
            factorize_rule=self.factorize_rule,
            activation=self.activation,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def plain(self):
        return Houlsby(self.bottleneck_dim, self.activation)

    def get_config(self):
        return {
            "bottleneck_dim": self.bottleneck_dim,
            "phm_dim": self.phm_dim,
            "rank": self.rank,
            "learn_rule": self.learn_rule,
            "factorize_rule": self.factorize_rule,
            "activation": self.activation,
        }


class CompacterPlusPlus(Compacter):
    """`Compacter` with adapters after the feed-forward sub-layer only.

    Args: as for `Compacter`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3.3
    """

    slots = ("feedforward",)

    def plain(self):
        return Pfeiffer(
            self.bottleneck_dim, self.activation, slot="feedforward"
        )


class PHMAdapter(Compacter):
    """PHM adapters with factors of full rank and a rule for each kernel.

    The baseline "PHM-Adapter" of Compacter.

    Args:
        bottleneck_dim: int. Defaults to 24.
        phm_dim: int. Defaults to 12.
        learn_rule, factorize_rule, activation: as for `Compacter`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 4
    """

    def __init__(
        self,
        bottleneck_dim=24,
        phm_dim=12,
        learn_rule=True,
        factorize_rule=False,
        activation="gelu_approximate",
    ):
        super().__init__(
            bottleneck_dim,
            phm_dim,
            rank=None,
            learn_rule=learn_rule,
            factorize_rule=factorize_rule,
            activation=activation,
        )

    def shared_layers(self, shape):
        return {}

    def get_config(self):
        config = super().get_config()
        del config["rank"]
        return config
