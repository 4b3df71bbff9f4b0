"""Predictions of several tasks together, for examples that are of none."""

import math
import numbers
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.layers import LayeredMixture
from tf_adapters.model.arguments import check_ensemble

# Of every mixing weight, before the softmax, in which it cancels. The value of
# the authors' code.
_START = 0.5


class AverageEnsemble(Predictor):
    """The mean of the probabilities that several tasks predict on their own.

    It is used as a `Predictor` is, and predicts the examples of any task that
    has the labels of its tasks.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer. Make a new ensemble
            when tasks have been added to it.
        tasks: sequence of str. Names of classifications of the model, all with
            the same labels in the same order.
        sequence_length, batch_size: as for `Predictor`.

    Raises:
        ValueError: if `tasks` are not such tasks.
    """

    def __init__(
        self,
        model,
        tasks: Sequence[str],
        sequence_length: int = 128,
        batch_size: int = 32,
    ) -> None:
        super().__init__(model, sequence_length, batch_size)
        check_ensemble(model, tasks)
        self.task_names = list(tasks)
        self.task_ids = [model.task_id(name) for name in tasks]
        self.labels = model.tasks[self.task_ids[0]].labels
        # Traced twice at most for batches of one size, the second time for any
        # width: a trace takes seconds.
        self._compiled = tf.function(
            self._predict, autograph=False, reduce_retracing=True
        )

    def encode(self, examples: Examples) -> EncodedExamples:
        """Tokenises `examples`, of whatever task has these labels.

        Raises:
            ValueError: if their task has others.
        """
        if examples.task.labels != self.labels:
            raise ValueError(
                "Examples that an ensemble predicts must have the labels of "
                f"its tasks: {', '.join(self.labels)}. Received: task "
                f"{examples.task.name!r} with labels="
                f"{examples.task.labels}."
            )
        return super().encode(examples, self.task_names[0])

    def logits(self, dataset: tf.data.Dataset) -> np.ndarray:
        """Returns logarithms of probabilities, up to a constant of each row."""
        found = [self._compiled(inputs)["logits"] for inputs, *_ in dataset]
        return np.concatenate(found)

    def _predict(self, inputs):
        each = [
            self._log_probabilities({**inputs, "task_ids": tf.constant(task)})
            for task in self.task_ids
        ]
        # Not divided by their number: a softmax follows.
        return {"logits": tf.reduce_logsumexp(tf.stack(each), axis=0)}

    def _log_probabilities(self, inputs, mixture=None):
        logits = self.model(inputs, training=False, mixture=mixture)
        return tf.nn.log_softmax(logits[:, : len(self.labels)])


class Ensemble(AverageEnsemble):
    """Entropy-minimised ensemble of the adapters of several tasks (EMEA).

    Wherever tasks have weights of their own, what their layers return is mixed
    with the weights `softmax(w)`. There is one vector `w` for the embeddings,
    one for each transformer layer, and one for what follows them. All start
    equal. For each example, and anew for each, `w` takes a few plain gradient
    steps that lower the entropy of the prediction for this example; then it is
    predicted. Nothing of the model changes.

    With two labels the entropy is highest at one half, so that small steps make
    a prediction surer and do not turn it.

    The heads are mixed as all other layers are. In the paper the adapters of
    several languages stand below one head; here every task brings its own.

    Args:
        model, tasks, sequence_length, batch_size: as for `AverageEnsemble`.
            Layers that the tasks share are called as they are.
        num_steps: int. Gradient steps; 0 leaves the mixture uniform. Defaults
            to 1; the paper has 1 and 10.
        step_size: float. Defaults to 10.

    Raises:
        ValueError: if `tasks` are not such tasks, an option is out of range,
            or weights of a task are in no layer that can be mixed.

    Example:

    >>> # Both of the labels "entailment" and "not_entailment".
    >>> ensemble = tf_adapters.Ensemble(model, ["mnli", "rte"], num_steps=10)
    >>> ensemble.score(examples)

    References:
     - [Wang et al., 2021](https://arxiv.org/abs/2109.04877)
    """

    def __init__(
        self,
        model,
        tasks: Sequence[str],
        num_steps: int = 1,
        step_size: float = 10.0,
        sequence_length: int = 128,
        batch_size: int = 32,
    ) -> None:
        super().__init__(model, tasks, sequence_length, batch_size)
        _check_steps(num_steps, step_size)
        _check_slots(model.encoder)
        self.num_steps = num_steps
        self.step_size = step_size
        # The embeddings come before the layers, and the heads after them.
        self.num_places = len(model.encoder.transformer_layers) + 2

    def mixing_weights(self, inputs: dict) -> tf.Tensor:
        """Returns the weights that the examples of a batch are predicted with.

        Args:
            inputs: a batch as for the model, whose `task_ids` do not count.

        Returns:
            float32 Tensor of shape `(batch_size, num_places, num_tasks)`, with
            the tasks in the order of the ensemble.
        """
        return self._compiled(inputs)["weights"]

    def _predict(self, inputs):
        batch_size = tf.shape(inputs["token_ids"])[0]
        shape = (batch_size, self.num_places, len(self.task_ids))
        w = tf.fill(shape, _START)
        if self.num_steps:
            w = self._optimised(inputs, w)
        weights = tf.nn.softmax(w)
        return {"logits": self._mixed(inputs, weights), "weights": weights}

    def _optimised(self, inputs, w):
        def step(w):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(w)
                log_p = self._mixed(inputs, tf.nn.softmax(w))
                # The entropy of an example depends on its own weights only, so
                # that one gradient of the sum holds the gradients of all.
                entropy = -tf.reduce_sum(tf.exp(log_p) * log_p)
            return [w - self.step_size * tape.gradient(entropy, w)]

        # A loop in the graph, which is traced once for any number of steps.
        (w,) = tf.while_loop(
            lambda w: True, step, [w], maximum_iterations=self.num_steps
        )
        return w

    def _mixed(self, inputs, weights):
        mixture = LayeredMixture(self.task_ids, weights)
        return self._log_probabilities(inputs, mixture)


def _check_steps(num_steps, step_size):
    if not isinstance(num_steps, numbers.Integral) or num_steps < 0:
        raise ValueError(
            "`num_steps` must be a whole number, 0 or more. Received: "
            f"num_steps={num_steps}."
        )
    if not (step_size > 0 and math.isfinite(step_size)):
        raise ValueError(
            "`step_size` must be positive. Received: "
            f"step_size={step_size}. For a uniform mixture write num_steps=0."
        )


def _check_slots(encoder):
    called = {
        id(part)
        for layer in encoder.slot_layers().values()
        for part in layer._flatten_layers()
    }
    for name, layer in encoder.task_layers().items():
        if id(layer) not in called:
            raise ValueError(
                "The weights of a task must act in the layers of the slots, "
                "because what these return is mixed. Received: "
                f"{encoder.method!r}, whose {name!r} is in no slot. Use "
                "`AverageEnsemble`."
            )
