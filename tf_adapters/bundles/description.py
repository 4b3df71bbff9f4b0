"""The digest that `bundle.json` has of itself."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "description_sha256"


def description_digest(described: Mapping[str, Any]) -> str:
    """Returns the sha256 of what `bundle.json` says, however it is laid out.

    A flipped bit in the name of a label is JSON still, and would be an answer.

    Args:
        described: the object in the file. The digest itself is left aside.

    Returns:
        64 hexadecimal digits.
    """
    others = {key: value for key, value in described.items() if key != DIGEST}
    # As JSON reads it back: a tuple is a list, and every key a string.
    read = json.loads(json.dumps(others))
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()
