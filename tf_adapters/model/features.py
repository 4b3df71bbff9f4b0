"""What a model reads: token ids, and whose they are."""

import keras


def input_specs(model):
    """Describes a batch of any size and length.

    Args:
        model: a `MultiTaskClassifier`.

    Returns:
        dict of `keras.InputSpec`, with `task_ids` if there are several tasks.
    """
    names = [*model.encoder.embedding_inputs, "padding_mask"]
    shapes = dict.fromkeys(names, (None, None))
    if len(model.task_names) > 1:
        shapes["task_ids"] = (None,)
    return {
        name: keras.InputSpec(dtype="int32", shape=shape)
        for name, shape in shapes.items()
    }


def check_features(x):
    """Refuses what is no batch of token ids, text above all.

    Args:
        x: what `fit`, `evaluate` or `predict` was given: a dict of arrays, or
            a dataset or generator, which is not looked into.
    """
    is_data = not isinstance(x, str | bytes | list | tuple | dict)
    if isinstance(x, dict):
        is_data = "token_ids" in x
    if is_data and not hasattr(x, "shape"):
        return
    raise ValueError(
        "The model reads token ids: a dict of `token_ids`, `segment_ids`, "
        "`padding_mask` and, if there are several tasks, `task_ids`, or a "
        f"dataset of such. Received: {_shortly(x)}. For predictions of text "
        "write `tf_adapters.Predictor(model).predict(task, texts)`; to train "
        "or to score, make a dataset by `tf_adapters.training_set`, or a dict "
        "by `tf_adapters.TextEncoder`."
    )


def _shortly(x):
    text = " ".join(repr(x).split())
    if isinstance(x, dict):
        text = f"a dict of {', '.join(map(str, x))}"
    return text if len(text) <= 80 else f"{text[:77]}..."
