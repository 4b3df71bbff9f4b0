"""How far the LayerNorms of the encoder have moved."""

import numpy as np
from keras import ops

from tf_adapters.encoder.parts import is_norm
from tf_adapters.encoder.parts import pretrained_parts

_PLACES = ("attention", "feedforward")


class LayerNorms:
    """Remembers the LayerNorms of an encoder as they were before training.

    Args:
        model: a `MultiTaskClassifier`, before its weights change.
    """

    def __init__(self, model) -> None:
        self._model = model
        self._before = {
            name: [ops.convert_to_numpy(w) for w in (norm.gamma, norm.beta)]
            for name, norm in _norms(model.encoder).items()
        }

    def shifts(self) -> dict[tuple[str, int], np.ndarray]:
        """Returns how far each has moved, over its norm before.

        Gain and offset count as one vector.

        Returns:
            dict from the place, `attention` or `feedforward`, and the layer to
            an array of the shifts for each task; of one where tasks share the
            LayerNorm. Those that do not train are left out.
        """
        encoder = self._model.encoder
        own = encoder.task_layers()
        found = {}
        for (place, layer), norm in _norms(encoder).items():
            gamma, beta = self._before[place, layer]
            private = own.get(f"layer.{layer}.{place}.norm")
            if private is not None:
                after = private.banks
            elif norm.gamma.trainable or norm.beta.trainable:
                after = {"gamma": norm.gamma[None], "beta": norm.beta[None]}
            else:
                continue
            moved = [
                ops.convert_to_numpy(after[name]) - before
                for name, before in (("gamma", gamma), ("beta", beta))
                if name in after
            ]
            size = np.linalg.norm(np.concatenate([gamma, beta]))
            shift = np.linalg.norm(np.concatenate(moved, axis=1), axis=1)
            found[place, layer] = shift / size
        return found


def _norms(encoder) -> dict:
    found = {}
    for part, layers in pretrained_parts(encoder).items():
        if not isinstance(part, int):
            continue
        norms = [layer for layer in layers if is_norm(layer)]
        for place, norm in zip(_PLACES, norms, strict=True):
            found[place, part] = norm
    return found
