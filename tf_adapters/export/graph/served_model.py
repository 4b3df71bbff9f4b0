"""The functions that the served model consists of."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.task import Task
from tf_adapters.export.graph.answer import answer
from tf_adapters.export.graph.input_names import input_names
from tf_adapters.export.graph.known_tasks import KnownTasks
from tf_adapters.export.graph.packed import packed
from tf_adapters.export.graph.request import read_columns
from tf_adapters.export.graph.request import read_mixed
from tf_adapters.export.graph.slices import cost_of_slice
from tf_adapters.export.graph.slices import pack_in_slices
from tf_adapters.export.graph.slices import score_in_slices
from tf_adapters.export.graph.token_request import read_tokens
from tf_adapters.export.options import ServingOptions

_Tensors = dict[str, tf.Tensor]


class ServedModel:
    """A trained model as signatures, for inference only.

    The signatures are thin. All that takes work is in functions of their own,
    which all signatures call and a SavedModel holds once: tokenisation, the
    encoder for a batch of mixed tasks and for a batch of one task, which
    slices every bank once, and the answer. So a signature more costs little,
    and a task more nothing but its weights and its row of some tables.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer.
        sequence_length: int. The most tokens of an example.
        options: `ServingOptions`.

    Attributes:
        known: `KnownTasks`, which a SavedModel must track.
    """

    def __init__(
        self, model: keras.Model, sequence_length: int, options: ServingOptions
    ) -> None:
        self._model = model
        self._options = options
        self._tasks: list[Task] = model.tasks
        self.known = KnownTasks(self._tasks)
        self.text_encoder = TextEncoder(model.tokenizer, sequence_length)
        self._token_inputs = ("padding_mask", *model.encoder.embedding_inputs)
        texts, ids = _batch_of(tf.string), _batch_of(tf.int32)
        one = tf.TensorSpec((), tf.int32)
        logits = tf.TensorSpec((None, model.heads.max_outputs))
        self._tokenize = _compiled(
            self._pack, [texts, texts, _batch_of(tf.bool)]
        )
        self._score_mixed = self._scores(ids)
        self._score_one_task = self._scores(one)
        self._answer = _compiled(
            lambda logits, task_ids: answer(logits, task_ids, self._tasks),
            [logits, ids],
        )

    def signatures(self, single: Iterable[str]) -> dict[str, Callable]:
        """Returns the concrete function of every signature, by its name.

        Args:
            single: names of the tasks that have a signature of their own.
        """
        ids = {task.name: i for i, task in enumerate(self._tasks)}
        ensembles = {
            name: [self._model.task_id(task) for task in tasks]
            for name, tasks in self._options.ensembles.items()
        }
        return {
            "serving_default": self._mixed_signature(self._score_mixed),
            "token_ids": self._token_signature(),
            **{name: self._task_signature(ids[name]) for name in single},
            **{
                name: self._signature_without(layers)
                for name, layers in self._options.without_layers.items()
            },
            **{
                name: self._ensemble_signature(members)
                for name, members in ensembles.items()
            },
        }

    def _signature_without(
        self, layers: Sequence[int]
    ) -> Callable[..., _Tensors]:
        with self._model.encoder.emptied(layers):
            # Another function, which is traced in here.
            score = self._scores(_batch_of(tf.int32))
            return self._mixed_signature(score)

    def _mixed_signature(
        self, score_mixed: Callable[..., tf.Tensor]
    ) -> Callable[..., _Tensors]:
        def serve(text, text_pair, task):
            text, text_pair, task_ids = read_mixed(
                text, text_pair, task, self.known, self.text_encoder.is_blank
            )
            is_pair = self.known.is_pair(task_ids)
            tokens = self._tokenize(text, text_pair, is_pair)
            logits = score_mixed(tokens, _lengths(tokens), task_ids)
            return self._answer(logits, task_ids)

        names = ("text", "text_pair", "task")
        return _concrete(serve, [_batch_of(tf.string, name) for name in names])

    def _task_signature(self, task_id: int) -> Callable[..., _Tensors]:
        def score(tokens):
            return self._score_one_task(tokens, _lengths(tokens), task_id)

        return self._column_signature(task_id, score)

    def _ensemble_signature(
        self, task_ids: Sequence[int]
    ) -> Callable[..., _Tensors]:
        def score(tokens):
            lengths = _lengths(tokens)
            each = [self._score_one_task(tokens, lengths, i) for i in task_ids]
            # The answer takes their softmax, which is the mean.
            return tf.reduce_logsumexp(tf.nn.log_softmax(each), axis=0)

        return self._column_signature(task_ids[0], score)

    def _column_signature(
        self, task_id: int, score: Callable[[_Tensors], tf.Tensor]
    ) -> Callable[..., _Tensors]:
        """Returns a signature of the text columns and labels of a task."""
        task = self._tasks[task_id]
        names = input_names(task)

        def serve(*texts):
            columns = dict(zip(names, texts, strict=True))
            texts = read_columns(columns, self.text_encoder.is_blank)
            is_pair = tf.fill(tf.shape(texts[0]), task.is_pair)
            logits = score(self._tokenize(texts[0], texts[-1], is_pair))
            task_ids = tf.fill(tf.shape(texts[0]), task_id)
            outputs = self._answer(logits, task_ids)
            scores = outputs["scores"][:, : task.num_outputs]
            return {**outputs, "scores": scores}

        return _concrete(serve, [_batch_of(tf.string, name) for name in names])

    def _token_signature(self) -> Callable[..., _Tensors]:
        encoder = self._model.encoder
        limits = {**_num_ids(encoder), "task_ids": len(self._tasks)}

        def serve(*inputs):
            tokens = dict(zip(self._token_inputs, inputs[:-1], strict=True))
            tokens, task_ids = read_tokens(
                tokens, inputs[-1], limits, encoder.max_sequence_length
            )
            logits = self._score_mixed(tokens, _lengths(tokens), task_ids)
            return self._answer(logits, task_ids)

        specs = [_tokens(name) for name in self._token_inputs]
        return _concrete(serve, [*specs, _batch_of(tf.int32, "task_ids")])

    def _pack(
        self, text: tf.Tensor, text_pair: tf.Tensor, is_pair: tf.Tensor
    ) -> _Tensors:
        """Tokenises and pads to the most tokens of an example."""
        return pack_in_slices(
            lambda rows: packed(
                self.text_encoder,
                self._token_inputs,
                *(column[rows] for column in (text, text_pair, is_pair)),
            ),
            self._token_inputs,
            tf.shape(text)[0],
            self.text_encoder.sequence_length,
        )

    def _scores(self, task_ids: tf.TensorSpec) -> Callable[..., tf.Tensor]:
        """Returns the function that scores a request, slice by slice."""
        tokens = {name: _tokens(name) for name in self._token_inputs}

        def compute(tokens, task_ids):
            inputs = {**tokens, "task_ids": task_ids}
            return self._model(inputs, training=False)

        # A function of its own: in the body of the loop, every operation would
        # have a longer name, and its place in the file.
        compute = _compiled(compute, [tokens, task_ids])
        is_mixed = task_ids.shape.rank == 1
        config = _backbone_config(self._model.encoder)
        cost = cost_of_slice(config["hidden_dim"], config["intermediate_dim"])

        def score(tokens, lengths, task_ids):
            def score_slice(rows, width):
                own = {k: tf.gather(v, rows) for k, v in tokens.items()}
                own = {k: v[:, :width] for k, v in own.items()}
                ids = tf.gather(task_ids, rows) if is_mixed else task_ids
                return compute(own, ids)

            num_outputs = self._model.heads.max_outputs
            return score_in_slices(score_slice, lengths, num_outputs, cost)

        return _compiled(score, [tokens, _batch_of(tf.int32), task_ids])


def _lengths(tokens: _Tensors) -> tf.Tensor:
    """Returns where the last token of each row is; there is one."""
    mask = tokens["padding_mask"]
    return tf.reduce_max(mask * tf.range(1, tf.shape(mask)[1] + 1), axis=1)


def _backbone_config(encoder: keras.Model) -> dict:
    return encoder.get_config()["backbone"]["config"]


def _num_ids(encoder: keras.Model) -> dict[str, int]:
    config = _backbone_config(encoder)
    # ELECTRA abbreviates.
    size = config.get("vocabulary_size", config.get("vocab_size"))
    limits = {"token_ids": size, "segment_ids": config.get("num_segments")}
    return {k: limits[k] for k in encoder.embedding_inputs if limits.get(k)}


def _batch_of(dtype: tf.DType, name: str | None = None) -> tf.TensorSpec:
    return tf.TensorSpec((None,), dtype, name=name)


def _tokens(name: str) -> tf.TensorSpec:
    return tf.TensorSpec((None, None), tf.int32, name=name)


def _compiled(function: Callable, signature: list) -> Callable:
    return tf.function(function, input_signature=signature, autograph=False)


def _concrete(function: Callable, specs: list[tf.TensorSpec]) -> Callable:
    compiled = tf.function(function, autograph=False)
    return compiled.get_concrete_function(*specs)
