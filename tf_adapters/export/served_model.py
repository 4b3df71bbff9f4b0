"""The functions that the served model consists of."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.task import Task
from tf_adapters.export.answer import answer
from tf_adapters.export.input_names import input_names
from tf_adapters.export.request import read_columns
from tf_adapters.export.request import read_mixed
from tf_adapters.export.token_request import read_tokens

_Tensors = dict[str, tf.Tensor]


class ServedModel:
    """A trained model as signatures, for inference only.

    The signatures are thin. Tokenisation and the encoder are functions of
    their own, which all signatures call and a SavedModel holds once: one
    tokenisation, and the encoder for a batch of mixed tasks and for a batch
    of one task, which slices every bank once.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer.
        sequence_length: int. The most tokens of an example.
    """

    def __init__(self, model: keras.Model, sequence_length: int) -> None:
        self._model = model
        self._tasks: list[Task] = model.tasks
        self.text_encoder = TextEncoder(model.tokenizer, sequence_length)
        self._token_inputs = ("padding_mask", *model.encoder.embedding_inputs)
        texts = _batch_of(tf.string)
        self._tokenize = _compiled(
            self._pack, [texts, texts, _batch_of(tf.bool)]
        )
        tokens = {name: _tokens(name) for name in self._token_inputs}
        self._score_mixed = _compiled(
            self._logits, [tokens, _batch_of(tf.int32)]
        )
        self._score_one_task = _compiled(
            self._logits, [tokens, tf.TensorSpec((), tf.int32)]
        )

    def signatures(self) -> dict[str, Callable[..., _Tensors]]:
        """Returns the concrete function of every signature, by its name."""
        own = {
            task.name: self._task_signature(i, task)
            for i, task in enumerate(self._tasks)
        }
        return {
            "serving_default": self._mixed_signature(),
            "token_ids": self._token_signature(),
            **own,
        }

    def _mixed_signature(self) -> Callable[..., _Tensors]:
        def serve(text, text_pair, task):
            text, text_pair, task_ids = read_mixed(
                text, text_pair, task, self._tasks, self.text_encoder.is_blank
            )
            is_pair = tf.gather([t.is_pair for t in self._tasks], task_ids)
            tokens = self._tokenize(text, text_pair, is_pair)
            logits = self._score_mixed(tokens, task_ids)
            return answer(logits, task_ids, self._tasks)

        names = ("text", "text_pair", "task")
        return _concrete(serve, [_batch_of(tf.string, name) for name in names])

    def _task_signature(
        self, task_id: int, task: Task
    ) -> Callable[..., _Tensors]:
        names = input_names(task)

        def serve(*texts):
            columns = dict(zip(names, texts, strict=True))
            texts = read_columns(columns, self.text_encoder.is_blank)
            is_pair = tf.fill(tf.shape(texts[0]), task.is_pair)
            tokens = self._tokenize(texts[0], texts[-1], is_pair)
            logits = self._score_one_task(tokens, tf.constant(task_id))
            task_ids = tf.fill(tf.shape(texts[0]), task_id)
            outputs = answer(logits, task_ids, self._tasks)
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
            logits = self._score_mixed(tokens, task_ids)
            return answer(logits, task_ids, self._tasks)

        specs = [_tokens(name) for name in self._token_inputs]
        return _concrete(serve, [*specs, _batch_of(tf.int32, "task_ids")])

    def _pack(
        self, text: tf.Tensor, text_pair: tf.Tensor, is_pair: tf.Tensor
    ) -> _Tensors:
        """Tokenises and pads to the longest example of the batch."""
        ids, first = self.text_encoder(text, text_pair, is_pair)
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        # One column where there is no row, so that no layer meets a width 0.
        width = tf.maximum(tf.reduce_max(lengths), 1)
        columns = tf.range(width)[None, :]
        token_ids = ids.to_tensor(
            self.text_encoder.pad_id, shape=tf.stack([-1, width])
        )
        in_text = columns < lengths[:, None]
        in_second = in_text & (columns >= first[:, None])
        packed = {
            "token_ids": token_ids,
            "segment_ids": tf.cast(in_second, tf.int32),
            "padding_mask": tf.cast(in_text, tf.int32),
        }
        return {name: packed[name] for name in self._token_inputs}

    def _logits(self, tokens: _Tensors, task_ids: tf.Tensor) -> tf.Tensor:
        return self._model({**tokens, "task_ids": task_ids}, training=False)


def _num_ids(encoder: keras.Model) -> dict[str, int]:
    config = encoder.get_config()["backbone"]["config"]
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
