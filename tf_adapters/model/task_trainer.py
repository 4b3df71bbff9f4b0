"""How a model of several tasks is compiled and trained."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tf_adapters.model import absent_tasks
from tf_adapters.model.arguments import check_accumulate_steps
from tf_adapters.model.arguments import check_loss_weights
from tf_adapters.model.arguments import check_recompute
from tf_adapters.model.features import check_features
from tf_adapters.model.gradients import gradients_at_once
from tf_adapters.model.gradients import gradients_in_parts
from tf_adapters.model.gradients import share_of_replica
from tf_adapters.model.keras_overrides import DistributedFit
from tf_adapters.model.keras_overrides import finite_everywhere
from tf_adapters.model.keras_overrides import trace_for_any_batch
from tf_adapters.model.loss_trackers import keep_trackers
from tf_adapters.model.losses import TaskLoss


class TaskTrainer(DistributedFit):
    """A `keras.Model` whose batches mix tasks, each with a loss of its own.

    Subclasses have `tasks`, `encoder`, `heads`, `banks`, `loss_weights` and
    `label_smoothing`, and call `start_tasks` when they know their tasks.

    Attributes:
        loss_trackers: list of metrics, the mean loss of each task.
        accumulate_steps: int, as given to `compile`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.loss_trackers = []
        self.accumulate_steps = 1

    def start_tasks(self):
        """Makes the loss of all tasks."""
        tasks = self.tasks
        check_loss_weights(self.loss_weights, self.task_names)
        self._task_loss = TaskLoss(
            output_mask=self.heads.output_mask,
            is_regression=np.array([task.is_regression for task in tasks]),
            weights=np.array(
                [self.loss_weights.get(task.name, 1.0) for task in tasks]
            ),
            label_smoothing=self.label_smoothing,
        )

    def compile(
        self,
        optimizer="adam",
        loss=None,
        accumulate_steps=1,
        recompute=False,
        **kwargs,
    ):
        """Says how the model is trained, as `keras.Model.compile` does.

        Args:
            optimizer: as for Keras.
            loss: must be left out: each task brings its own.
            accumulate_steps: int. A batch is computed in so many parts, one
                after the other, whose gradients are added up: the memory of
                one part, the result of the whole batch, to rounding, but for
                other draws of dropout. Defaults to 1.
            recompute: bool. Whether a step keeps only what goes into each
                transformer layer and computes the layer once more for its
                gradient: less memory, the same result, a third more time.
                XLA would undo it. Defaults to `False`.
            **kwargs: as for Keras, such as `jit_compile` and
                `steps_per_execution`.

        Raises:
            ValueError: if there is a `loss`, `accumulate_steps` is not 1 or
                more, XLA is to compile what is to be computed again, or the
                optimizer accumulates gradients itself and there are several
                tasks with private weights.
        """
        if loss is not None:
            raise ValueError(
                "`loss` must be left out: each task brings its own, cross-"
                "entropy for classes and squared error for a regression. "
                f"Received: loss={loss!r}."
            )
        check_accumulate_steps(accumulate_steps)
        if recompute:
            check_recompute(kwargs.get("jit_compile"), self.distribute_strategy)
            # Keras would choose XLA on a GPU.
            kwargs["jit_compile"] = False
        super().compile(optimizer=optimizer, **kwargs)
        self.accumulate_steps = accumulate_steps
        self.encoder.recompute = bool(recompute)
        if len(self.task_names) > 1 and self._trained_banks():
            absent_tasks.check_optimizer(self.optimizer)
        self._start_trackers()

    def fit(self, x=None, *args, **kwargs):
        check_features(x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        check_features(x)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        check_features(x)
        trace_for_any_batch(self, x)
        return super().predict(x, *args, **kwargs)

    def predict_on_batch(self, x):
        check_features(x)
        return super().predict_on_batch(x)

    def get_compile_config(self):
        config = super().get_compile_config()
        if not config:
            return config
        return {
            **config,
            "accumulate_steps": self.accumulate_steps,
            "recompute": self.encoder.recompute,
        }

    def compile_from_config(self, config):
        # Keras compiles a loaded model itself only if `compile` is its own.
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def make_train_function(self, force=False):
        # Keras would build the optimizer while the step is traced, and a
        # `tf.function` whose trace made variables is traced once more.
        if not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)
        return super().make_train_function(force)

    def train_step(self, data):
        x, _, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        banks = self._trained_banks()
        if len(self.task_names) == 1 or not banks:
            return self._update(data)
        present = absent_tasks.present_tasks(
            x["task_ids"], sample_weight, len(self.task_names)
        )
        variables = absent_tasks.rows_by_task(banks, self.optimizer)
        before = [tf.convert_to_tensor(variable) for variable in variables]
        logs = self._update(data)
        absent_tasks.put_back(variables, before, present)
        return logs

    def _update(self, data):
        """Does what Keras's `train_step` does."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        replicas = self.distribute_strategy.num_replicas_in_sync
        share = share_of_replica(tf.convert_to_tensor(y))
        if self.accumulate_steps == 1:
            loss, outputs, gradients = gradients_at_once(self, data, share)
        else:
            loss, outputs, gradients = gradients_in_parts(
                self, data, self.accumulate_steps, share
            )
        self._loss_tracker.update_state(
            loss * replicas, sample_weight=ops.shape(outputs)[0]
        )
        gradients = finite_everywhere(self.optimizer, gradients)
        self.optimizer.apply_gradients(
            zip(gradients, self.trainable_weights, strict=True)
        )
        return self.compute_metrics(x, y, outputs, sample_weight)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        losses = self._per_example(x, y, y_pred, sample_weight)
        if sample_weight is not None:
            losses = losses * ops.cast(sample_weight, "float32")
        # Divided by the size of the global batch, padded rows included, so that
        # the replicas of a strategy add up to the loss of one device. Keras
        # multiplies by their number again in its logs. A replica may have no
        # row of a last batch.
        replicas = self.distribute_strategy.num_replicas_in_sync
        size = ops.maximum(ops.shape(losses)[0], 1)
        return ops.sum(losses) / ops.cast(size * replicas, "float32")

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        losses = self._per_example(x, y, y_pred, sample_weight)
        weights = ops.ones_like(losses)
        if sample_weight is not None:
            weights = ops.cast(sample_weight, "float32")
        for i, tracker in enumerate(self.loss_trackers):
            is_own = ops.equal(self._task_ids(x), i)
            tracker.update_state(
                ops.where(is_own, losses, 0),
                sample_weight=ops.where(is_own, weights, 0),
            )
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def forget_compile(self):
        """Drops the optimizer and the compiled steps: weights have changed."""
        self.compiled = False
        self.optimizer = None
        self.train_function = None
        self.test_function = None
        self.predict_function = None

    def _start_trackers(self):
        """Makes a tracker for the tasks without one, which only training reads.

        Thousands of tasks take seconds.
        """
        with self.distribute_strategy.scope():
            keep_trackers(self.loss_trackers, self.task_names)

    def _per_example(self, x, y, y_pred, sample_weight):
        labels = ops.cast(ops.reshape(y, (-1,)), "float32")
        task_ids = self._task_ids(x)
        losses = self._task_loss.per_example(labels, y_pred, task_ids)
        if sample_weight is None:
            return losses
        # Whatever stands for the label of a row that does not count.
        return ops.where(ops.equal(sample_weight, 0), 0, losses)

    def _task_ids(self, x):
        # One task may leave them out, as in `call`.
        if "task_ids" in x:
            return x["task_ids"]
        return ops.zeros(ops.shape(x["token_ids"])[:1], "int32")

    def _trained_banks(self):
        return [bank for bank in self.banks().values() if bank.trainable]
