"""Requests and answers of TF Serving's REST API, as arrays."""

import base64
import binascii
import json
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from tf_adapters.server.refusal import wrong

_KEYS = ("signature_name", "instances", "inputs")
_MOST_DIMENSIONS = 8


def parse(body: bytes) -> dict[str, Any]:
    """Reads the body of a request.

    Returns:
        dict of `instances` or `inputs`, and perhaps `signature_name`.

    Raises:
        Refusal: if it is no such JSON.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise wrong(f"The body must be JSON. Received: {error}.") from None
    if not isinstance(request, dict):
        raise wrong(
            "The body must be a JSON object with `instances` or `inputs`. "
            f"Received: {type(request).__name__}."
        )
    unknown = [key for key in request if key not in _KEYS]
    if unknown:
        raise wrong(
            f"A request has {', '.join(_KEYS)}. Received: "
            f"{', '.join(sorted(unknown))[:200]}."
        )
    if ("instances" in request) == ("inputs" in request):
        raise wrong(
            "A request must have either `instances`, a list of rows, or "
            "`inputs`, a list for each column. Received: "
            f"{'both' if 'inputs' in request else 'neither'}."
        )
    if not isinstance(request.get("signature_name", ""), str):
        raise wrong("`signature_name` must be a string.")
    return request


def read_inputs(
    request: dict[str, Any], signature: meta_graph_pb2.SignatureDef
) -> dict[str, np.ndarray]:
    """Returns the array of every input that a request has.

    Args:
        request: as `parse` returns it.
        signature: which is asked.

    Raises:
        Refusal: if a value is not of the type of its input.
    """
    if "instances" in request:
        columns = _columns(request["instances"], list(signature.inputs))
    else:
        columns = request["inputs"]
        if not _is_named(columns):
            columns = {_only(list(signature.inputs)): columns}
    unknown = set(columns) - set(signature.inputs)
    if unknown:
        raise wrong(
            f"The inputs must be {', '.join(sorted(signature.inputs))}. "
            f"Received: {', '.join(sorted(unknown))[:200]}."
        )
    return {
        name: _array(name, value, tf.as_dtype(signature.inputs[name].dtype))
        for name, value in columns.items()
    }


def write_outputs(outputs: dict[str, np.ndarray], is_by_row: bool) -> bytes:
    """Returns the body of an answer.

    Args:
        outputs: dict from the name of an output to its array.
        is_by_row: bool. Whether the request was one of rows.

    Raises:
        Refusal: if it cannot be written by rows.
    """
    columns = {name: _plain(name, value) for name, value in outputs.items()}
    if not is_by_row:
        [*values] = columns.values()
        body = {"outputs": columns if len(values) > 1 else values[0]}
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    sizes = {len(v) if v.ndim else None for v in outputs.values()}
    if len(sizes) != 1 or None in sizes:
        raise wrong(
            "An answer can be written by rows if all outputs have as many. "
            f"These are {', '.join(sorted(outputs))}. Ask with `inputs` in the "
            "place of `instances`."
        )
    rows = list(zip(*columns.values(), strict=True))
    if len(columns) == 1:
        body = {"predictions": [row[0] for row in rows]}
    else:
        body = {
            "predictions": [dict(zip(columns, r, strict=True)) for r in rows]
        }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _columns(instances: Any, names: list[str]) -> dict[str, list]:
    if not isinstance(instances, list) or not instances:
        raise wrong("`instances` must be a list of one row or more.")
    if not all(_is_named(row) for row in instances):
        if any(_is_named(row) for row in instances):
            raise wrong("`instances` must be objects, all or none of them.")
        return {_only(names): instances}
    for number, row in enumerate(instances):
        if set(row) != set(instances[0]):
            raise wrong(
                "`instances` must all have the same inputs. Received: others "
                f"in row {number} than in row 0."
            )
    return {name: [row[name] for row in instances] for name in instances[0]}


def _is_named(value: Any) -> bool:
    """Whether a value is an object of inputs, and not bytes in base 64."""
    return isinstance(value, dict) and set(value) != {"b64"}


def _only(names: list[str]) -> str:
    if len(names) != 1:
        raise wrong(
            "Values without the name of an input are for signatures that have "
            f"one. This one has {', '.join(sorted(names)) or 'none'}."
        )
    return names[0]


def _array(name: str, value: Any, dtype: tf.DType) -> np.ndarray:
    """Returns nested lists as an array, if all have the same lengths."""
    shape, level = [], [value]
    while level and isinstance(level[0], list):
        sizes = {len(v) if isinstance(v, list) else None for v in level}
        if len(sizes) != 1 or len(shape) == _MOST_DIMENSIONS:
            raise wrong(f"`{name}` must have lists of the same length.")
        shape.append(sizes.pop())
        level = [item for inner in level for item in inner]
    if not level:
        # Of an empty list, what is in it cannot be seen.
        return np.zeros(shape, dtype.as_numpy_dtype)
    values = [_value(name, item, dtype) for item in level]
    try:
        array = np.array(values, dtype.as_numpy_dtype)
    except (OverflowError, ValueError) as error:
        raise wrong(f"`{name}` must be {dtype.name}. {error}.") from None
    return array.reshape(shape)


def _value(name: str, item: Any, dtype: tf.DType) -> Any:
    if dtype == tf.string:
        if isinstance(item, str):
            return item.encode("utf-8", "replace")
        if isinstance(item, dict) and set(item) == {"b64"}:
            try:
                return base64.b64decode(item["b64"], validate=True)
            except (binascii.Error, TypeError, ValueError) as error:
                raise wrong(f"`{name}` has no base 64: {error}.") from None
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    if dtype.is_integer and is_number and isinstance(item, int):
        return item
    if dtype.is_floating and is_number:
        return item
    if dtype == tf.bool and isinstance(item, bool):
        return item
    raise wrong(
        f"`{name}` must be {dtype.name}. Received: {json.dumps(item)[:60]}."
    )


def _plain(name: str, value: np.ndarray) -> Any:
    if value.dtype != object:
        return value.tolist()
    # By TF Serving's rule for bytes that are no text.
    if name.endswith("_bytes"):
        flat = [
            {"b64": base64.b64encode(item).decode()} for item in value.ravel()
        ]
    else:
        flat = [item.decode("utf-8", "replace") for item in value.ravel()]
    array = np.empty(len(flat), object)
    array[:] = flat
    return array.reshape(value.shape).tolist()
