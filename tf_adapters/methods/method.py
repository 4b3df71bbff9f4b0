"""What a method is: which layer in which slot, what is shared, what trains."""

import dataclasses

LAYER_NORMS = ("frozen", "shared", "private", "private_offsets")
# What is added to the result of a dense layer, beside it.
PROJECTION_SLOTS = (
    "query",
    "key",
    "value",
    "attention_output",
    "intermediate",
    "feedforward_output",
)
# The slots of every transformer layer; `prompt`, `embedding` and `top` come
# once.
LAYER_SLOTS = (
    "attention",
    "feedforward",
    "parallel",
    "parallel_feedforward",
    "output",
    *PROJECTION_SLOTS,
)


@dataclasses.dataclass(frozen=True)
class EncoderShape:
    """The sizes of the encoder that a method is put into.

    Attributes:
        num_layers: int. Number of transformer layers.
        hidden_dim: int. Width of the encoder.
        intermediate_dim: int. Width of the feed-forward layers.
        num_heads: int. Attention heads of a layer.
        num_tasks: int. Number of tasks.
        dropout: float. Dropout rate of the encoder.
        dtype: dtype policy of the encoder, for every layer of the method.
    """

    num_layers: int
    hidden_dim: int
    intermediate_dim: int
    num_heads: int
    num_tasks: int = 1
    dropout: float = 0.0
    dtype: object = None


class Method:
    """One paper's answer, as a class with scalar arguments.

    To add a method, write one file with one subclass: override `slot_layer`
    to fill slots, `trains` to free pretrained weights, set `layer_norms`, and
    return the constructor's arguments from `get_config`. Register the class
    with `keras.saving.register_keras_serializable` so that models that use it
    can be saved. Nothing else in the library needs to know it:

    ```python
    @keras.saving.register_keras_serializable(package="my_package")
    class AttentionOnly(tf_adapters.methods.Method):
        def slot_layer(self, slot, index, shape, shared):
            if slot == "attention":
                return tf_adapters.layers.BottleneckAdapter(
                    8, num_tasks=shape.num_tasks, dtype=shape.dtype
                )
    ```

    A slot layer is called as `layer(x, task_ids=..., padding_mask=...)` with
    `x` of shape `(batch_size, sequence_length, hidden_dim)` and returns a
    Tensor of the same shape, or, in `intermediate`, of width
    `intermediate_dim`; `feedforward_output` reads that width. A `prompt` has a
    `length`, the tokens that it puts before the text, which are taken off the
    output of the encoder. What `x` is and where the result goes:

    | slot | reads | result |
    |---|---|---|
    | `attention` | attention output after dropout | replaces it |
    | `feedforward` | feed-forward output after dropout | replaces it |
    | `parallel` | the input of the layer | joins its second residual sum |
    | `parallel_feedforward` | the input of the feed-forward | joins that sum |
    | `output` | the output of the layer | replaces it |
    | `query`, `key`, `value` | the input of the layer | joins that projection |
    | `attention_output` | what attention mixed | joins its last projection |
    | `intermediate` | the input of the feed-forward | joins before its GELU |
    | `feedforward_output` | what that GELU returns | joins the projection |
    | `prompt` | embeddings before their norm | replaces them, longer |
    | `embedding` | embeddings after norm and dropout | replaces them |
    | `top` | output of the last layer | replaces it |

    Weights that belong to one task are banks of a `TaskLayer`; every other
    trainable weight of a slot layer is shared between the tasks.

    A method that changes the pretrained weights themselves, for each task in
    its own way, overrides `weight_update`, beside or without slots.

    Attributes:
        layer_norms: what happens to the pretrained LayerNorms: `"frozen"`,
            `"shared"` (trained, one copy for all tasks), `"private"` (trained,
            one copy a task) or `"private_offsets"` (of which only the offsets).
    """

    layer_norms = "frozen"

    def shared_layers(self, shape):
        """Creates the layers that several slots use.

        They are built by whoever uses them, and belong to the encoder.

        Args:
            shape: an `EncoderShape`.

        Returns:
            dict from name to layer.
        """
        return {}

    def slot_layer(self, slot, index, shape, shared):
        """Creates the layer of one slot.

        Args:
            slot: str. One of `LAYER_SLOTS`, once for each transformer layer,
                or `"prompt"`, `"embedding"` or `"top"`, once.
            index: int. The transformer layer, from 0; 0 for the other slots.
            shape: an `EncoderShape`.
            shared: what `shared_layers` returned.

        Returns:
            A new layer, or `None` to leave the slot empty.
        """
        return None

    def weight_update(self, shape):
        """Creates the layer that updates the pretrained weights.

        The encoder builds it with the list of their shapes, in the order of
        `AdaptedBackbone.pretrained_weights`. It runs once for each task of a
        batch, with every weight and its update added up. `IntrinsicSubspace`
        shows what the layer must have besides its banks: `updates(task_id)`,
        and `draw()`, which is called outside of any graph and before it.

        Args:
            shape: an `EncoderShape`.

        Returns:
            A new `TaskLayer`, or `None` to leave them as they are.
        """
        return None

    def first_words(self):
        """Says which words a prompt starts from.

        Returns:
            Rows of the token embedding, as many as the prompt is long, or
            `None` to leave it as it was drawn.
        """
        return None

    def plain(self):
        """Names the method that holds what this one computes at every step.

        A task can then be saved with its weights computed, and be loaded
        without this method.

        Returns:
            A `Method` whose slots have the banks that `TaskLayer.computed`
            returns, with the same `layer_norms` and `trains`, or `None`.
        """
        return None

    def trains(self, part, shape):
        """Says whether a part of the pretrained encoder is trained.

        LayerNorms are not asked about: `layer_norms` decides on them, except
        that a trained part trains its own LayerNorms when that is
        `"frozen"`.

        Args:
            part: `"embedding"`, `"pooler"`, or the index of a transformer
                layer.
            shape: an `EncoderShape`.

        Returns:
            bool.
        """
        return False

    def get_config(self):
        """Returns the arguments of the constructor, all of them scalars."""
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        """Returns the call that makes an equal method."""
        arguments = ", ".join(
            f"{k}={v!r}" for k, v in self.get_config().items()
        )
        return f"{type(self).__name__}({arguments})"


def check_method(method):
    """Refuses what is not a method.

    Raises:
        TypeError: if `method` is not an instance of `Method`.
        ValueError: if its `layer_norms` is not a known policy.
    """
    if not isinstance(method, Method):
        raise TypeError(
            "`method` must be an instance of `tf_adapters.methods.Method`, "
            f"such as `tf_adapters.Houlsby()`. Received: method={method!r}."
        )
    if method.layer_norms not in LAYER_NORMS:
        raise ValueError(
            f"`layer_norms` must be one of {', '.join(LAYER_NORMS)}. "
            f"Received: layer_norms={method.layer_norms!r} in {method!r}."
        )
