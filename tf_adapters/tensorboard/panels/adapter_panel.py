"""What the adapters add, how they are pulled, and what they weigh."""

import numpy as np
from keras import ops
from tensorboard.plugins.histogram import summary_v2 as histograms

from tf_adapters.layers import TaskLayer
from tf_adapters.methods.method import PROJECTION_SLOTS
from tf_adapters.tensorboard.measures.probe import probe_batch
from tf_adapters.tensorboard.measures.probe import run
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar

# Whose result is added to something; that of the others takes its place.
ADDED = ("parallel", "parallel_feedforward", *PROJECTION_SLOTS)
_EXAMPLES = 32


class AdapterPanel(Panel):
    """Writes `adapters/<slot>/<layer>/...` for each layer of the method.

    `output_ratio` is what the layer adds to a token, over what it reads of it,
    and `gradient_norm` that of the loss: both of 32 training examples without
    dropout. `weights` is a histogram; of weights that are computed from
    others, as by a hypernetwork, it shows the computed ones.
    """

    is_costly = True

    def look(self, is_last: bool) -> list:
        """Returns all that is known of the layers now."""
        layers = _method_layers(self.training.model)
        found = [
            histograms.histogram_pb(
                f"{tag(name)}/weights", weights, description=_WEIGHTS
            )
            for name, layer in layers.items()
            if (weights := _weights(layer)) is not None
        ]
        tasks = range(min(len(self.training.model.task_names), _EXAMPLES))
        each = -(-_EXAMPLES // len(tasks))
        data = probe_batch(self.training, tasks, each)
        if data is None:
            return found
        seen = run(self.training.model, data)
        for name, ratio in output_ratios(seen).items():
            found.append(scalar(f"{tag(name)}/output_ratio", ratio, _RATIO))
        for name, norm in self._gradient_norms(layers, seen.gradients).items():
            found.append(scalar(f"{tag(name)}/gradient_norm", norm, _GRADIENT))
        return found

    def _gradient_norms(self, layers, gradients) -> dict[str, float]:
        """The norm for each layer, shared weights counted once."""
        weights = self.training.model.trainable_variables
        left = {
            id(weight): gradient
            for weight, gradient in zip(weights, gradients, strict=True)
            if gradient is not None
        }
        norms = {}
        for name, layer in layers.items():
            own = [left.pop(id(w), None) for w in layer.trainable_variables]
            own = [np.square(g).sum() for g in own if g is not None]
            if own:
                norms[name] = float(np.sqrt(np.sum(own)))
        return norms


def tag(name: str) -> str:
    """`layer.3.attention.adapter` becomes `adapters/attention/layer_3`."""
    parts = name.split(".")
    if parts[0] == "layer":
        return f"adapters/{parts[2]}/layer_{parts[1]}"
    if parts[0] == "method":
        return f"adapters/shared/{parts[1]}"
    return f"adapters/{parts[0]}"


def output_ratios(seen) -> dict[str, float]:
    """Returns the mean over tokens of what each layer adds to what it reads.

    Args:
        seen: a `Pass`.

    Returns:
        dict from the name of a layer in a slot to a float.
    """
    found = {}
    for name, (inputs, outputs) in seen.slots.items():
        if name.endswith(".norm") or name == "prompt":
            continue
        read, given = (
            ops.convert_to_numpy(ops.cast(x, "float32"))
            for x in (inputs, outputs)
        )
        is_added = name.split(".")[-2] in ADDED
        added = given if is_added else given - read
        # Of the last layer there may be one token only.
        mask = seen.mask[:, : read.shape[1]]
        if mask.shape[1] < read.shape[1]:
            # Behind a prompt.
            mask = np.ones(read.shape[:2], bool)
        ratios = np.linalg.norm(added, axis=-1) / np.maximum(
            np.linalg.norm(read, axis=-1), 1e-12
        )
        found[name] = float(ratios[mask].mean())
    return found


def _method_layers(model) -> dict:
    layers = model.encoder.method_layers()
    return {k: v for k, v in layers.items() if not k.endswith(".norm")}


def _weights(layer) -> np.ndarray | None:
    computed = layer.computed() if isinstance(layer, TaskLayer) else {}
    weights = list(computed.values()) or layer.trainable_variables
    if not weights:
        return None
    flat = [ops.convert_to_numpy(w).astype("float32").ravel() for w in weights]
    return np.concatenate(flat)


_RATIO = (
    "What the layer adds to a token, over the hidden state that it reads: mean "
    "of the ratio of their norms over the tokens of some training examples. "
    "Near 0, the layer does nothing."
)
_GRADIENT = (
    "Norm of the gradient of the mean loss of some training examples, without "
    "dropout, for the weights of this layer. What layers share is counted "
    "under `adapters/shared` only."
)
_WEIGHTS = "Weights of all tasks, as they are used."
