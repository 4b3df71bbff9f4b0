"""The pretrained parts of an adapted encoder, and which of them train."""

import gc
import weakref

import keras


def pretrained_parts(encoder):
    """Returns the pretrained layers, by the names that `Method.trains` knows.

    Args:
        encoder: an `AdaptedBackbone`.

    Returns:
        dict from `"embedding"`, `"pooler"` or the index of a transformer layer
        to a list of layers.
    """
    embedding = [encoder.embedding, encoder.embedding_norm]
    if encoder.embedding_projection is not None:
        embedding.append(encoder.embedding_projection)
    found = {"embedding": embedding}
    for i, layer in enumerate(encoder.transformer_layers):
        found[i] = layer.pretrained_layers()
    if encoder.pooler is not None:
        found["pooler"] = [encoder.pooler]
    return found


def decided(encoder):
    """Pairs each pretrained weight with whether the method trains it.

    Args:
        encoder: an `AdaptedBackbone`.

    Returns:
        list of tuples of a weight and a bool, every weight once.
    """
    method, shape = encoder.method, encoder.shape
    found = {}
    for part, layers in pretrained_parts(encoder).items():
        part_trains = bool(method.trains(part, shape))
        for layer in layers:
            trains = part_trains
            if is_norm(layer) and method.layer_norms != "frozen":
                trains = method.layer_norms == "shared"
            for weight in layer.weights:
                if not weight.path.endswith("seed_generator_state"):
                    found[id(weight)] = (weight, trains)
    return list(found.values())


def check_shares_nothing_trained(encoder, backbone):
    """Refuses a second encoder over one backbone, if either trains it.

    Args:
        encoder: an `AdaptedBackbone` that takes over the layers of `backbone`.
        backbone: a `keras_nlp` backbone.

    Raises:
        ValueError: if another encoder that is still there holds its layers,
            and the method of one of them trains a weight of it.
    """
    if not hasattr(backbone, "adapted_by"):
        backbone.adapted_by = weakref.WeakSet()
    if _conflicting(encoder, backbone.adapted_by):
        # Deleted models are in cycles and wait to be collected.
        gc.collect()
    for other in _conflicting(encoder, backbone.adapted_by):
        raise ValueError(
            "Two models may share a backbone only if neither trains it: they "
            "have its weights in common. Received: a backbone that a model of "
            f"{other.method!r} has, for {encoder.method!r}. Load it anew for "
            "each model, or delete the first."
        )
    backbone.adapted_by.add(encoder)


def _conflicting(encoder, others):
    own = _trains(encoder)
    return [other for other in others if own or _trains(other)]


def _trains(encoder):
    return any(trains for _, trains in decided(encoder))


def is_norm(layer):
    """Says whether a layer is a LayerNormalization."""
    return isinstance(layer, keras.layers.LayerNormalization)
