"""Which layers of an encoder are the method's, and what each is called."""


def method_layers(encoder):
    """Returns the layers that the method made, by a stable dotted name.

    Each is listed once, under the first place where it is used.

    Args:
        encoder: an `AdaptedBackbone`.

    Returns:
        dict from name to layer.
    """
    own = {f"method.{k}": v for k, v in encoder.shared_layers.items()}
    if encoder.weight_update is not None:
        own["weight_update"] = encoder.weight_update
    found = {**own, **slot_layers(encoder)}
    first = {id(v): k for k, v in reversed(found.items())}
    return {k: v for k, v in found.items() if first[id(v)] == k}


def slot_layers(encoder):
    """Returns those of them that are called.

    They are in a slot or in the place of a pretrained LayerNorm.

    Args:
        encoder: an `AdaptedBackbone`.

    Returns:
        dict from name to layer.
    """
    found = {"prompt": encoder.prompt}
    found["embedding.norm"] = encoder.embedding_task_norm
    found["embedding.adapter"] = encoder.embedding_adapter
    for i, layer in enumerate(encoder.transformer_layers):
        for name, adapter in layer.adapters.items():
            found[f"layer.{i}.{name}.adapter"] = adapter
            norm = getattr(layer, f"{name}_norm", None)
            found[f"layer.{i}.{name}.norm"] = norm
    found["top.adapter"] = encoder.top_adapter
    return {k: v for k, v in found.items() if v is not None}
