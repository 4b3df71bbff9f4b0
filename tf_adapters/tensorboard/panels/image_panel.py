"""Which images there are."""

from __future__ import annotations

import numpy as np
from etils import epy
from keras import ops

from tf_adapters.layers.projected.projected_attention import ProjectedAttention
from tf_adapters.tensorboard.measures import similarity
from tf_adapters.tensorboard.measures.probe import probe_batch
from tf_adapters.tensorboard.measures.probe import run
from tf_adapters.tensorboard.panels.panel import Panel

with epy.lazy_imports():
    from tf_adapters.tensorboard.figures import attention_map
    from tf_adapters.tensorboard.figures import calibration
    from tf_adapters.tensorboard.figures import drawing
    from tf_adapters.tensorboard.figures import heat_map
    from tf_adapters.tensorboard.figures import predictions

# More tasks are not drawn against one another, nor more classes.
_MOST = 40
# More tasks have no column of their own.
_FEW = 6
# Tokens of the sentence whose attention is drawn.
_TOKENS = 24


class ImagePanel(Panel):
    """Draws tasks against one another, predictions, and attention of PALs."""

    is_costly = True

    def look(self, is_last: bool) -> list:
        """Returns the images of what there is now."""
        return [
            *self._similarities(),
            *self._predictions(),
            *self._attention(),
            *self._layer_norms(),
        ]

    def _similarities(self) -> list:
        model = self.training.model
        names = model.task_names
        if not 1 < len(names) <= _MOST:
            return []
        embeddings = similarity.task_embeddings(model)
        found = {
            "task_embeddings": None
            if embeddings is None
            else similarity.cosines(embeddings),
            "adapters": similarity.adapter_cka(self.training),
            "gradients": similarity.gradient_cosines(self.training),
        }
        return [
            drawing.image(
                f"similarity/{name}",
                heat_map.heat_map(
                    values, names, names, _TITLES[name], _LIMITS[name]
                ),
                _ABOUT[name],
            )
            for name, values in found.items()
            if values is not None
        ]

    def _predictions(self) -> list:
        found = []
        for name, examples, outputs in self._answers():
            title = f"{name}: {len(examples):,} dev rows"
            task, labels = examples.task, examples.labels
            if task.is_regression:
                figure = predictions.scatter(
                    labels, outputs[:, 0], task.value_range, title
                )
                found.append(("predictions", name, figure))
                continue
            labels = labels.astype(int)
            figure = calibration.calibration(outputs, labels, title)
            found.append(("calibration", name, figure))
            if len(task.labels) <= _MOST:
                figure = predictions.confusion(
                    labels, outputs.argmax(axis=1), task.labels, title
                )
                found.append(("predictions", name, figure))
        return [
            drawing.image(f"{kind}/{name}", figure, _ABOUT[kind])
            for kind, name, figure in found
        ]

    def _answers(self):
        """Yields dev sets, as they were scored, or of them a sample."""
        training = self.training
        for name, examples in training.dev.items():
            outputs = training.predictor.scored_outputs(examples)
            if outputs is None:
                own = training.sample.answers()[name]
                examples, outputs = own.examples, own.outputs
            yield name, examples, outputs

    def _attention(self) -> list:
        model = self.training.model
        layers = {
            name: layer
            for name, layer in model.encoder.slot_layers().items()
            if isinstance(layer, ProjectedAttention)
        }
        if not layers or model.tokenizer is None:
            return []
        chosen = dict.fromkeys([next(iter(layers)), list(layers)[-1]])
        found = []
        for i, task in enumerate(model.task_names[:_MOST]):
            data = _short(probe_batch(self.training, [i], _ROWS))
            if data is None:
                continue
            seen = run(model, data)
            ids = ops.convert_to_numpy(data[0]["token_ids"])[0]
            shares = {}
            for name in chosen:
                inputs = seen.slots[name][0]
                maps = layers[name].attention_shares(
                    inputs,
                    task_ids=data[0].get("task_ids"),
                    padding_mask=data[0]["padding_mask"],
                )
                label = f"layer {name.split('.')[1]}, mean of its heads"
                shares[label] = ops.convert_to_numpy(maps)[0].mean(axis=0)
            figure = attention_map.attention_map(
                shares,
                [model.tokenizer.id_to_token(int(k)) for k in ids],
                f"{task}: attention of its projected layers",
            )
            found.append(
                drawing.image(f"attention/{task}", figure, _ABOUT["attention"])
            )
        return found

    def _layer_norms(self) -> list:
        shifts = self.training.layer_norms.shifts()
        if not shifts:
            return []
        values, layers, columns = shift_table(
            shifts, self.training.model.task_names
        )
        figure = heat_map.heat_map(
            values,
            [f"layer {i}" for i in layers],
            columns,
            "How far LayerNorms have moved,\nin percent of their norm",
            (0.0, max(float(values.max()), 1e-6)),
            form="{:.1f}",
        )
        return [drawing.image("layer_norms/shift", figure, _ABOUT["norms"])]


def shift_table(shifts, task_names) -> tuple[np.ndarray, list[int], list[str]]:
    """Lays shifts of LayerNorms out, layers by rows.

    Args:
        shifts: what `LayerNorms.shifts` returned, not empty.
        task_names: the names of the tasks.

    Returns:
        Tuple of an array in percent, the numbers of the layers of its rows,
        and the names of its columns: the places in a layer, for each task, if
        tasks have their own and are few.
    """
    places = list(dict.fromkeys(place for place, _ in shifts))
    layers = sorted({layer for _, layer in shifts})
    columns, names = [], []
    for place in places:
        own = 100 * np.stack([shifts[place, layer] for layer in layers])
        is_each = 1 < own.shape[1] <= _FEW
        columns.append(own if is_each else own.mean(axis=1, keepdims=True))
        tasks = task_names if is_each else [""]
        names += [f"{task} {place}".strip() for task in tasks]
    return np.concatenate(columns, axis=1), layers, names


def _short(data):
    """Leaves the one row that is longest, of those that can be read."""
    if data is None:
        return None
    lengths = ops.convert_to_numpy(data[0]["padding_mask"]).sum(axis=1)
    fits = np.where(lengths <= _TOKENS, lengths, -lengths)
    row = int(fits.argmax())
    width = int(lengths[row])
    x, y, weight = data
    x = {
        name: own[row : row + 1, :width]
        if len(own.shape) == 2
        else own[row : row + 1]
        for name, own in x.items()
    }
    return x, y[row : row + 1], weight[row : row + 1]


# Examples of a task of which one is drawn.
_ROWS = 16
_TITLES = {
    "task_embeddings": "Cosine of task embeddings",
    "adapters": "CKA of what adapters add",
    "gradients": "Cosine of gradients of shared weights",
}
_LIMITS = {
    "task_embeddings": (-1.0, 1.0),
    "adapters": (0.0, 1.0),
    "gradients": (-1.0, 1.0),
}
_ABOUT = {
    "task_embeddings": (
        "Cosine of the vectors that the hypernetwork makes adapters from."
    ),
    "adapters": (
        "Linear CKA of what the adapters of two tasks add to the same hidden "
        "states, mean over the layers: 1 is the same up to a rotation."
    ),
    "gradients": (
        "Cosine of the gradients of the losses of two tasks, of the weights "
        "that they share. Below 0, what helps one harms the other."
    ),
    "predictions": (
        "Right labels by rows, predicted ones by columns; colours are shares "
        "of a row. Of a regression, predicted values over right ones."
    ),
    "calibration": (
        "How often an answer is right, by the probability that the model gives "
        "it. On the line, it is right as often as it says."
    ),
    "attention": (
        "Which token looks at which in the projected attention layer of the "
        "task, in the first and the last layer of the encoder."
    ),
    "norms": (
        "What gain and offset have moved by since before training, over their "
        "norm before, after the attention and after the feed-forward of each "
        "layer."
    ),
}
