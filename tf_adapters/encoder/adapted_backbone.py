"""A KerasNLP BERT with a method in its slots."""

import keras

from tf_adapters.encoder.dropout import dropout
from tf_adapters.encoder.observed import observed
from tf_adapters.encoder.own_layers import method_layers
from tf_adapters.encoder.own_layers import slot_layers
from tf_adapters.encoder.parts import check_shares_nothing_trained
from tf_adapters.encoder.parts import decided
from tf_adapters.encoder.parts import is_norm
from tf_adapters.encoder.parts import pretrained_parts
from tf_adapters.encoder.prompts import make_prompt
from tf_adapters.encoder.prompts import unmasked
from tf_adapters.encoder.recompute import recomputed
from tf_adapters.encoder.served.baked import baked
from tf_adapters.encoder.served.baked import emptied
from tf_adapters.encoder.served.stand_ins import StandIns
from tf_adapters.encoder.slots import Slots
from tf_adapters.encoder.stock import check_fits
from tf_adapters.encoder.stock import revive_backbone
from tf_adapters.encoder.stock import stock_config
from tf_adapters.encoder.updated_weights import UpdatedWeights
from tf_adapters.layers import TaskLayer
from tf_adapters.layers.normalise import normalise
from tf_adapters.methods import registered  # noqa: F401, it registers
from tf_adapters.methods.method import EncoderShape
from tf_adapters.methods.method import Method
from tf_adapters.methods.method import check_method


@keras.saving.register_keras_serializable(package="tf_adapters")
class AdaptedBackbone(keras.Model):
    """The encoder: a pretrained backbone whose slots hold adapters.

    The layers of `backbone` are taken over, not copied, and the method
    decides which of their weights stay trainable: `backbone` itself is
    frozen, or freed, by this.

    With the plain `Method()` every slot is empty and the outputs equal those
    of `backbone`, to rounding.

    Args:
        backbone: a `keras_nlp` BERT, RoBERTa, XLM-R, DistilBERT or ELECTRA
            backbone.
        method: a `tf_adapters.methods.Method`. Defaults to empty slots.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.Model`.

    Call arguments:
        inputs: dict of int32 Tensors `token_ids`, `padding_mask` and, where
            the backbone takes them, `segment_ids`, all of shape
            `(batch_size, sequence_length)`, and `task_ids` of shape
            `(batch_size,)` or `()`, which one task may leave out.
        mixture: a `LayeredMixture` of as many places as there are transformer
            layers and two more, which then stands for `task_ids`. Defaults to
            `None`.
        only_first: bool. Whether the output of the first token is enough. The
            last transformer layer then computes no other, unless a layer in
            its slots needs them. Defaults to `False`.

    Returns:
        dict of `sequence_output`, `(batch_size, sequence_length,
        hidden_dim)`, or `(batch_size, 1, hidden_dim)` with `only_first`, and
        `pooled_output`, `(batch_size, hidden_dim)`: the backbone's pooler
        where it has one, else its first token.

    Attributes:
        recompute: bool. Whether a training step keeps only what goes into a
            transformer layer, and computes the layer once more for its
            gradient: less memory, a third more time. Defaults to `False`.

    Raises:
        ValueError: if the backbone is not made of post-norm
            `TransformerEncoder` layers.
    """

    def __init__(self, backbone, method=None, num_tasks=1, **kwargs):
        method = Method() if method is None else method
        check_method(method)
        check_fits(backbone)
        kwargs.setdefault("dtype", backbone.dtype_policy)
        super().__init__(**kwargs)
        self.method = method
        self.num_tasks = num_tasks
        self.recompute = False
        self.stand_ins = StandIns()
        self._stock_config = stock_config(backbone)
        self.hidden_dim = backbone.hidden_dim
        self.max_sequence_length = backbone.max_sequence_length
        self._take_over(backbone)

    @property
    def shape(self):
        """The `EncoderShape` that the method is given."""
        config = self._stock_config["backbone"]["config"]
        return EncoderShape(
            num_layers=config["num_layers"],
            hidden_dim=config["hidden_dim"],
            intermediate_dim=config["intermediate_dim"],
            num_heads=config["num_heads"],
            num_tasks=self.num_tasks,
            dropout=config["dropout"],
            dtype=self.dtype_policy,
        )

    def call(self, inputs, training=None, mixture=None, only_first=False):
        width = inputs["token_ids"].shape[1]
        if width is not None and width > self.max_sequence_length:
            raise ValueError(
                "A batch must not be wider than the encoder has positions, "
                f"{self.max_sequence_length}. Received: token_ids of shape "
                f"{tuple(inputs['token_ids'].shape)}. Truncate the texts: "
                f"sequence_length={self.max_sequence_length}."
            )

        def encode(inputs):
            return self._encode(inputs, training, mixture, only_first)

        if self.updated_weights is None:
            return encode(inputs)
        return self.updated_weights.run(encode, inputs)

    def _encode(self, inputs, training, mixture, only_first):
        task_ids = inputs.get("task_ids") if mixture is None else mixture.at(0)
        padding_mask = inputs["padding_mask"]
        embed = self.stand_ins.of_slot.get("embeddings", self.embedding)
        x = embed({k: inputs[k] for k in self.embedding_inputs})
        if self.prompt is not None:
            x = self.prompt(x, task_ids=task_ids)
            padding_mask = unmasked(padding_mask, self.prompt.length)
        task = {"task_ids": task_ids, "padding_mask": padding_mask}
        if self.embedding_task_norm is not None:
            x = self.embedding_task_norm(x, task_ids=task_ids)
        else:
            norm = self.embedding_norm
            x = normalise(x, norm.gamma, norm.beta, norm.epsilon)
        x = dropout(self.embedding_dropout, x, training)
        if self.embedding_projection is not None:
            x = self.embedding_projection(x)
        if self.embedding_adapter is not None:
            x = self.embedding_adapter(x, **task)
        first = 0 if self.prompt is None else self.prompt.length
        last = self.transformer_layers[-1]
        is_alone = only_first and self.top_adapter is None
        is_alone = is_alone and last.answers_alone
        for place, layer in enumerate(self.transformer_layers, start=1):
            only = first if is_alone and layer is last else None
            task = _at(place, task, mixture)
            call = {"training": training, "only": only, **task}
            if self.recompute and training:
                x = recomputed(layer, x, self.variables, **call)
            else:
                x = layer(x, **call)
        if self.top_adapter is not None:
            x = self.top_adapter(x, **_at(-1, task, mixture))
        if not is_alone:
            x = x[:, first : first + 1 if only_first else None]
        first = x[:, 0, :]
        pooled = first if self.pooler is None else self.pooler(first)
        return {"sequence_output": x, "pooled_output": pooled}

    @property
    def architecture(self):
        """All that is needed to build the same encoder anew, no weights."""
        return dict(self._stock_config)

    def method_layers(self):
        """Returns the layers that the method made, by a stable dotted name.

        Each is listed once, under the first place where it is used.
        """
        return method_layers(self)

    def slot_layers(self):
        """Returns the layers that are called, by the names of `method_layers`.

        They are in a slot or in the place of a pretrained LayerNorm.
        """
        return slot_layers(self)

    def task_layers(self):
        """Returns the layers that hold banks, by a stable dotted name."""
        layers = self.method_layers()
        return {k: v for k, v in layers.items() if isinstance(v, TaskLayer)}

    def pretrained_weights(self):
        """Returns the weights that came with the backbone, trained or not."""
        return [weight for weight, _ in decided(self)]

    def trained_weights(self):
        """Returns the pretrained weights that the method trains.

        The method says so, not the `trainable` of a weight, which is free to
        change: `model.trainable = False` resets them all.
        """
        return [weight for weight, trains in decided(self) if trains]

    def pretrained_norms(self):
        """Returns the gains and offsets of the pretrained LayerNorms."""
        layers = [
            layer for part in pretrained_parts(self).values() for layer in part
        ]
        norms = [layer for layer in layers if is_norm(layer)]
        return [w for norm in norms for w in norm.weights]

    def add_tasks(self, count):
        """Makes room for `count` more tasks in every bank."""
        self.num_tasks += count
        if self._first_words is not None:
            # Read anew: a model that was loaded from a file got its pretrained
            # weights after it was built.
            self.prompt.start_later_tasks_from(self._first_words())
        for layer in self.task_layers().values():
            layer.add_tasks(count)

    def remove_task(self, index):
        """Takes the row of one task out of every bank."""
        self.num_tasks -= 1
        for layer in self.task_layers().values():
            layer.remove_task(index)

    baked = baked
    emptied = emptied
    observed = observed

    def get_config(self):
        return {
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **self._stock_config,
            "method": keras.saving.serialize_keras_object(self.method),
            "num_tasks": self.num_tasks,
        }

    @classmethod
    def parts(cls, config):
        """Builds the constructor's arguments anew from a config.

        Args:
            config: what `get_config` returned.

        Returns:
            dict of `backbone` (with random weights), `method`, `num_tasks`
            and `name`.
        """
        method = keras.saving.deserialize_keras_object(config["method"])
        return {
            "backbone": revive_backbone(config),
            "method": method,
            "num_tasks": config["num_tasks"],
            "name": config["name"],
        }

    @classmethod
    def from_config(cls, config):
        return cls(**cls.parts(config))

    def _take_over(self, backbone):
        shape, method = self.shape, self.method
        self.shared_layers = method.shared_layers(shape)
        slots = Slots(method, shape, self.shared_layers)
        norm = backbone.get_layer("embeddings_layer_norm")
        inputs = {
            k: v for k, v in backbone.input.items() if k != "padding_mask"
        }
        self.embedding_inputs = tuple(inputs)
        self.embedding = keras.Model(inputs, norm.input, name="embedding")
        self.embedding_norm = norm
        self.embedding_task_norm = slots.task_norm(norm, "embedding_norm")
        self.embedding_dropout = backbone.get_layer("embeddings_dropout")
        self.embedding_projection = getattr(
            backbone, "embeddings_projection", None
        )
        self.pooler = getattr(backbone, "pooled_dense", None)
        self.prompt, self._first_words = make_prompt(
            method, backbone, shape, self.shared_layers
        )
        self.embedding_adapter = slots.fill("embedding")
        self.transformer_layers = [
            slots.adapt(stock, i)
            for i, stock in enumerate(backbone.transformer_layers)
        ]
        self.top_adapter = slots.fill("top")
        check_shares_nothing_trained(self, backbone)
        for weight, trains in decided(self):
            weight.trainable = trains
        self.weight_update = method.weight_update(shape)
        self.updated_weights = None
        if self.weight_update is not None:
            self.updated_weights = UpdatedWeights(
                self.weight_update, self.pretrained_weights()
            )
        self.built = True


def _at(place, task, mixture):
    return task if mixture is None else {**task, "task_ids": mixture.at(place)}
