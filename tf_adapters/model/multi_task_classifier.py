"""One encoder, many tasks: a Keras model that `compile` and `fit` train."""

import keras

from tf_adapters import bundles
from tf_adapters.data.task import Task
from tf_adapters.encoder import AdaptedBackbone
from tf_adapters.encoder import load_preset
from tf_adapters.layers import TaskHeads
from tf_adapters.model.arguments import check_ensemble
from tf_adapters.model.arguments import check_label_smoothing
from tf_adapters.model.arguments import check_tasks
from tf_adapters.model.edits_tasks import EditsTasks
from tf_adapters.model.features import input_specs
from tf_adapters.model.keeps_trained import KeepsTrained
from tf_adapters.model.pooling import check_pooling
from tf_adapters.model.pooling import pool
from tf_adapters.model.task_trainer import TaskTrainer


@keras.saving.register_keras_serializable(package="tf_adapters")
class MultiTaskClassifier(EditsTasks, KeepsTrained, TaskTrainer):
    """Classifies, or scores, the examples of several tasks.

    Tasks of any number of classes and regressions go side by side in one
    batch; `task_ids` says which is which. The model decides the loss of each
    example itself, so `compile` takes an optimizer and no loss.

    Args:
        backbone: a `keras_nlp` backbone. Its layers are taken over, not
            copied, and frozen as the method says.
        method: a `tf_adapters.methods.Method`, such as `Houlsby()`.
        tasks: sequence of `Task`. The position of a task is its id.
        tokenizer: the `keras_nlp` tokenizer of the backbone. Needed to export
            a model that reads text. Defaults to `None`.
        pooling: str. What the heads read: `"pooler"` (the backbone's pooled
            output), `"first"` (the last hidden state of the first token) or
            `"mean"` (over all tokens). Defaults to `"pooler"`.
        head_dropout: float. Dropout rate before the heads. Defaults to 0.1.
        label_smoothing: float in [0, 1). Defaults to 0.
        loss_weights: dict from the name of a task to the weight of its loss;
            others weigh 1. Defaults to `None`.
        **kwargs: keyword arguments of `keras.Model`.

    Call arguments:
        inputs: dict of int32 Tensors `token_ids`, `segment_ids`,
            `padding_mask` of shape `(batch_size, sequence_length)` and
            `task_ids` of shape `(batch_size,)`, or `()` if the whole batch
            belongs to one task.
        mixture: a `LayeredMixture` that stands for `task_ids`, as for
            `AdaptedBackbone`. Defaults to `None`.

    Returns:
        float32 Tensor of shape `(batch_size, max_outputs)`: logits of the
        classes, -1e9 where a task has no such class. A regression is output
        0, scaled so that the task's range is 0 to 1.

    Raises:
        ValueError: if there is no task, two have one name, a weight is not
            that of a task, or an option is out of range.

    Example:

    >>> model = tf_adapters.MultiTaskClassifier.from_preset(
    ...     "minilm", method=tf_adapters.Houlsby(), tasks=tasks
    ... )
    >>> model.compile(optimizer=keras.optimizers.Adam(1e-3))
    >>> model.fit(dataset, epochs=3)
    """

    def __init__(
        self,
        backbone,
        method,
        tasks,
        tokenizer=None,
        pooling="pooler",
        head_dropout=0.1,
        label_smoothing=0.0,
        loss_weights=None,
        **kwargs,
    ):
        tasks = check_tasks(tasks)
        check_pooling(pooling)
        check_label_smoothing(label_smoothing)
        kwargs.setdefault("dtype", backbone.dtype_policy)
        super().__init__(**kwargs)
        self._task_configs = [task.get_config() for task in tasks]
        self.tokenizer = tokenizer
        self.pooling = pooling
        self.label_smoothing = label_smoothing
        self.loss_weights = dict(loss_weights or {})
        self.encoder = AdaptedBackbone(backbone, method, num_tasks=len(tasks))
        if pooling != "pooler" and self.encoder.pooler is not None:
            # Nothing reads it, so no gradient would reach it.
            for weight in self.encoder.pooler.weights:
                weight.trainable = False
        self.heads = TaskHeads(
            [task.num_outputs for task in tasks], head_dropout, name="heads"
        )
        self.heads.build((None, self.encoder.hidden_dim))
        self.start_tasks()
        self.built = True

    @classmethod
    def from_preset(cls, preset, method, tasks, dtype=None, **kwargs):
        """Loads backbone and tokenizer by name and builds the model.

        Args:
            preset: str, as for `tf_adapters.load_preset`.
            method, tasks: as for the class.
            dtype: dtype policy of the backbone.
            **kwargs: further arguments of the class.

        Returns:
            A `MultiTaskClassifier`.
        """
        backbone, tokenizer = load_preset(preset, dtype=dtype)
        return cls(backbone, method, tasks, tokenizer=tokenizer, **kwargs)

    @property
    def tasks(self):
        """The `Task`s, in the order of their ids."""
        return [Task.from_config(config) for config in self._task_configs]

    @property
    def output_spec(self):
        """What `call` returns, without its values."""
        return keras.KerasTensor((None, self.heads.max_outputs), "float32")

    @property
    def task_names(self):
        """The names of the tasks, in the order of their ids."""
        return [config["name"] for config in self._task_configs]

    @property
    def method(self):
        """The method in the slots of the encoder."""
        return self.encoder.method

    def task_id(self, name):
        """Returns the id of the task called `name`.

        Raises:
            ValueError: if there is no such task.
        """
        if name not in self.task_names:
            raise ValueError(
                f"The model has no task {name!r}. Its tasks are: "
                f"{', '.join(self.task_names)}."
            )
        return self.task_names.index(name)

    def task_layers(self):
        """Returns every layer that holds banks, by a stable dotted name."""
        return {**self.encoder.task_layers(), "head": self.heads}

    def banks(self):
        """Returns every private weight, as `{"layer.bank": variable}`."""
        return {
            f"{prefix}.{name}": variable
            for prefix, layer in self.task_layers().items()
            for name, variable in layer.banks.items()
        }

    check_ensemble = check_ensemble

    def freeze_shared(self):
        """Freezes what tasks share, so that only what each owns is trained.

        A task that is then trained alone changes no other. The model must be
        compiled again.
        """
        banks = {id(bank) for bank in self.banks().values()}
        for weight in self.trainable_weights:
            if id(weight) not in banks:
                weight.trainable = False
        self.forget_compile()

    def save_task(self, name, directory, **kwargs):
        """Writes one trained task; `tf_adapters.bundles.save_task` says how."""
        return bundles.save_task(self, name, directory, **kwargs)

    def load_task(self, directory, name=None):
        """Loads one trained task; `tf_adapters.bundles.load_task` says how."""
        return bundles.load_task(self, directory, name)

    def load_tasks(self, directories):
        """Loads many at once; `tf_adapters.bundles.load_tasks` says how."""
        return bundles.load_tasks(self, directories)

    def export(self, filepath, *args, input_signature=None, **kwargs):
        """Exports the model as Keras does: token ids in, logits out.

        `tf_adapters.export_saved_model` writes one that reads text and answers
        with labels.

        Args:
            filepath, *args, **kwargs: as for `keras.Model.export`.
            input_signature: likewise. Defaults to a batch of any size and
                length, with `task_ids` if there are several tasks.
        """
        if input_signature is None:
            input_signature = [input_specs(self)]
        return super().export(
            filepath, *args, input_signature=input_signature, **kwargs
        )

    def call(self, inputs, training=None, mixture=None):
        outputs = self.encoder(
            inputs,
            training=training,
            mixture=mixture,
            only_first=self.pooling != "mean",
        )
        pooled = pool(outputs, inputs["padding_mask"], self.pooling)
        task_ids = inputs.get("task_ids") if mixture is None else mixture.at(-1)
        return self.heads(pooled, task_ids=task_ids, training=training)

    def get_config(self):
        return {
            "name": self.name,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "tasks": [dict(config) for config in self._task_configs],
            "pooling": self.pooling,
            "head_dropout": self.heads.dropout.rate,
            "label_smoothing": self.label_smoothing,
            "loss_weights": dict(self.loss_weights),
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        encoder = AdaptedBackbone.parts(config.pop("encoder")["config"])
        tokenizer = keras.saving.deserialize_keras_object(
            config.pop("tokenizer")
        )
        tasks = [Task.from_config(task) for task in config.pop("tasks")]
        return cls(
            encoder["backbone"],
            encoder["method"],
            tasks,
            tokenizer=tokenizer,
            **config,
        )
