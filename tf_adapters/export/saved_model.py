"""Writes a model as a SavedModel that TF Serving serves."""

import os
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_adapters import storage
from tf_adapters.data.task import RESERVED
from tf_adapters.export.bfloat16 import in_bfloat16
from tf_adapters.export.digests import write_digests
from tf_adapters.export.graph.describe import NAME as DESCRIBE
from tf_adapters.export.graph.describe import TASKS_NAME as DESCRIBE_TASKS
from tf_adapters.export.graph.describe import describe_signature
from tf_adapters.export.graph.describe import describe_tasks_signature
from tf_adapters.export.graph.known_tasks import listed
from tf_adapters.export.graph.served_model import ServedModel
from tf_adapters.export.metadata import make_metadata
from tf_adapters.export.metadata import write_metadata
from tf_adapters.export.model_card import write_model_card
from tf_adapters.export.options import ServingOptions
from tf_adapters.export.version_folder import choose_version
from tf_adapters.export.versions import check_keep
from tf_adapters.export.versions import check_newest
from tf_adapters.export.versions import remove_old_versions
from tf_adapters.export.warm_up import write_warm_up

_NO_OPTIONS = ServingOptions()
# A signature of its own for each of thousands of tasks would make the graph
# slow to load and large.
_MOST_SIGNATURES = 32


def export_saved_model(
    model: keras.Model,
    path: str | os.PathLike[str],
    sequence_length: int | None = None,
    version: int | None = None,
    dropped_layers: Collection[int] = (),
    keep: int | None = None,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    built_from: Mapping[str, Any] | None = None,
    task_signatures: Sequence[str] | None = None,
    options: ServingOptions = _NO_OPTIONS,
) -> storage.Path:
    """Writes `path/<version>/`, one SavedModel that serves every task.

    Whoever loads it needs `tensorflow` and `tensorflow_text`, and not this
    library. It has these signatures:

    - `serving_default` takes `text`, `text_pair` and `task`, three lists of
      strings of the same length. The examples may belong to different tasks;
      `text_pair` is `""` for a task that reads one text.
    - One named like each of `task_signatures` takes the text columns of that
      task, under the names that `input_names` gives them.
    - `token_ids` takes text that is tokenised already: `token_ids`,
      `segment_ids` (if the backbone has them), `padding_mask` and `task_ids`.
    - `describe` takes nothing and says which tasks and labels there are.
    - `describe_tasks` says it of those that `task` names, a row for each, for
      clients of REST; the name `""` stands for the model.

    The others return `scores`, `label` and `label_index`, as `answer` says; the
    signature of a task returns only the scores that the task has. A request
    that makes no sense is a `tf.errors.InvalidArgumentError` that says why.
    A request may have any number of rows: those of like lengths are computed
    together, in slices of bounded memory. Weights that a method computes
    from others are computed once, here, and not for every request. Each weight
    is stored once. `assets.extra` has `tf_adapters.json`, which describes tasks
    and signatures, a page for people, and requests that TF Serving warms up
    with.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer.
        path: folder of the versions of this model, such as the
            `model_base_path` of TF Serving. Created if missing. It may be on
            `gs://`, or what else `etils.epath` opens.
        sequence_length: int. The most tokens of an example; longer ones are
            truncated as in training. Defaults to 128, or to the positions of
            the encoder if it has fewer.
        version: int. A version that `path` does not have; with `keep`, above
            those that it has. Defaults to the next one.
        dropped_layers: transformer layers, from 0, that are served without
            what the method put into their slots, which is faster: AdapterDrop
            of trained adapters. Defaults to none.
        keep: int. How many versions stay, this one among them; older ones are
            removed once it is there. Defaults to `None`, all of them.
        scores: dict from the names of tasks to their metrics on a dev set, for
            the page `assets.extra/README.md`. Defaults to none.
        built_from: what the next version can be built from, as values that
            JSON can hold, written down beside the tasks. Defaults to `None`.
        task_signatures: names of the tasks that get a signature of their own.
            Each makes the graph a little larger. Defaults to all tasks, or to
            none if there are more than 32.
        options: `ServingOptions`: smaller weights and further signatures.
            Defaults to none.

    Returns:
        The folder written. A server that watches `path` sees it whole or not
        at all; on `gs://`, `saved_model.pb` comes last, without which no
        server loads it. What a killed export leaves there keeps its number.

    Raises:
        ValueError: if the model has no tokenizer, `sequence_length` exceeds
            the positions of the encoder, `version` or `keep` is not a positive
            int, `version` is not the newest though `keep` is given,
            `dropped_layers` do not exist or have nothing in their slots,
            or `task_signatures` or `options` do not fit the model.
        FileExistsError: if the version exists; none is ever overwritten.

    Example:

    >>> export_saved_model(model, "serving/reviews")
    PosixPath('serving/reviews/1')
    """
    path = storage.as_path(path)
    if sequence_length is None:
        sequence_length = min(128, model.encoder.max_sequence_length)
    _check_model(model, sequence_length)
    single = _single_tasks(model.task_names, task_signatures)
    options.check_free([*RESERVED, *model.task_names])
    for members in options.ensembles.values():
        model.check_ensemble(members)
    version = choose_version(path, version)
    if keep is not None:
        check_keep(keep)
        check_newest(path, version)
    if options.weights == "bfloat16":
        model = in_bfloat16(model)
    with model.encoder.baked(
        dropped_layers, options.weights == "int8", options.factored
    ):
        for layers in options.without_layers.values():
            with model.encoder.emptied(layers):
                # It can be. What follows takes seconds.
                pass
        served = ServedModel(model, sequence_length, options)
        signatures = served.signatures(single)
        # Graphs do not keep alive what was made for them.
        weights = _variables_of(signatures.values())
    # Whoever asks a server need not know the folders of who exported.
    metadata = make_metadata(model.tasks, sequence_length, signatures)
    describing = (model.tasks, metadata)
    every = {
        **signatures,
        DESCRIBE: describe_signature(*describing),
        DESCRIBE_TASKS: describe_tasks_signature(*describing, served.known),
    }
    holder = tf.Module()
    holder.weights = weights
    # Tables must be tracked; some tokenizers keep their vocabulary in them.
    holder.known = served.known
    holder.tokenizer = served.text_encoder.tokenizer
    target = path / str(version)
    with storage.whole_folder(target, last="saved_model.pb") as folder:
        tf.saved_model.save(holder, str(folder), signatures=every)
        metadata = make_metadata(
            model.tasks, sequence_length, every, built_from
        )
        write_metadata(folder, metadata)
        write_warm_up(
            folder,
            model.tasks,
            sequence_length,
            signatures,
            options.ensembles,
        )
        write_model_card(folder, model, sequence_length, scores or {})
        write_digests(folder)
    if keep is not None:
        remove_old_versions(path, keep)
    return target


def _check_model(model: keras.Model, sequence_length: int) -> None:
    if model.tokenizer is None:
        raise ValueError(
            "`model` must have a tokenizer, because the exported model reads "
            "text. Received: model.tokenizer=None. Pass `tokenizer=` to "
            "`MultiTaskClassifier`, or build it with `from_preset`."
        )
    most = model.encoder.max_sequence_length
    if sequence_length > most:
        raise ValueError(
            "`sequence_length` must not exceed the positions of the encoder. "
            f"Received: sequence_length={sequence_length}, "
            f"max_sequence_length={most}. Write sequence_length={most} or "
            "less."
        )


def _single_tasks(known: list[str], names: Sequence[str] | None) -> list[str]:
    if names is None:
        return known if len(known) <= _MOST_SIGNATURES else []
    if isinstance(names, str):
        raise ValueError(
            "`task_signatures` must be a sequence of names of tasks. Received: "
            f"task_signatures={names!r}. Write task_signatures=[{names!r}]."
        )
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(
            "`task_signatures` must be tasks of the model. Received: "
            f"{', '.join(unknown[:5])}. Its tasks are: {listed(known)}."
        )
    return list(dict.fromkeys(names))


def _variables_of(functions: Iterable[Callable]) -> list[tf.Variable]:
    """Returns every variable that `functions` read, once.

    Of a variable that a strategy mirrors, it is the copy that they read. A
    graph also lists variables from which, while it was traced, others were
    computed that it reads in their place.
    """
    return list(
        {
            id(variable): variable
            for function in functions
            for variable in function.graph.variables
            if _reads(function.graph, variable)
        }.values()
    )


def _reads(graph, variable):
    return any(variable.handle is given for given in graph.external_captures)
