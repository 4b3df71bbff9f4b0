"""Requests of TF Serving's REST API, and what both servers answer.

The numbers are those of the model, computed beside the server.
"""

ROWS = {
    "text": ["a good film", "films", "is a film good"],
    "text_pair": ["", "a film", "a is good"],
    "task": ["sentiment", "mrpc", "sts-b"],
}
TOKENS = {
    "token_ids": [[2, 5, 3, 0], [2, 6, 8, 3]],
    "segment_ids": [[0, 0, 0, 0], [0, 0, 0, 0]],
    "padding_mask": [[1, 1, 1, 0], [1, 1, 1, 1]],
    "task_ids": [0, 2],
}


def by_row(columns):
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


# A name, the body, and the signature and inputs that it stands for.
ANSWERED = [
    ("columns", {"inputs": ROWS}, "serving_default", ROWS),
    ("rows", {"instances": by_row(ROWS)}, "serving_default", ROWS),
    (
        "tokens",
        {"signature_name": "token_ids", "inputs": TOKENS},
        "token_ids",
        TOKENS,
    ),
    (
        "rows of tokens",
        {"signature_name": "token_ids", "instances": by_row(TOKENS)},
        "token_ids",
        TOKENS,
    ),
    (
        "one input by rows",
        {"signature_name": "sentiment", "instances": ["a", "bad"]},
        "sentiment",
        {"sentence": ["a", "bad"]},
    ),
    (
        "one input by columns",
        {"signature_name": "sentiment", "inputs": ["a", "bad"]},
        "sentiment",
        {"sentence": ["a", "bad"]},
    ),
    (
        "bytes in base 64",
        {"signature_name": "sentiment", "instances": [{"b64": "Z29vZA=="}]},
        "sentiment",
        {"sentence": ["good"]},
    ),
    (
        "tasks",
        {"signature_name": "describe_tasks", "inputs": {"task": ["mrpc", ""]}},
        "describe_tasks",
        {"task": ["mrpc", ""]},
    ),
]

# A name, path after the model, body, status, and a part of the message.
REFUSED = [
    ("no JSON", ":predict", "{", 400, ""),
    ("nothing", ":predict", {}, 400, ""),
    ("both", ":predict", {"inputs": ROWS, "instances": []}, 400, ""),
    (
        "no such signature",
        ":predict",
        {"signature_name": "x", "inputs": ROWS},
        400,
        "x",
    ),
    ("an input is missing", ":predict", {"inputs": {"text": ["a"]}}, 400, ""),
    (
        "an input more",
        ":predict",
        {"inputs": {**ROWS, "lang": ["en"] * 3}},
        400,
        "",
    ),
    ("a number", ":predict", {"inputs": {**ROWS, "text": [1, 2, 3]}}, 400, ""),
    ("no list", ":predict", {"inputs": {**ROWS, "text": "a"}}, 400, ""),
    (
        "a task that is none",
        ":predict",
        {"inputs": {**ROWS, "task": ["sentiment", "mrpc", "nli"]}},
        400,
        "Received: nli in row 2",
    ),
    (
        "columns that differ",
        ":predict",
        {"inputs": {**ROWS, "task": ["sentiment"]}},
        400,
        "",
    ),
    ("another version", "/versions/9:predict", {"inputs": ROWS}, 404, ""),
    ("no version", "/versions/x:predict", {"inputs": ROWS}, (400, 404), ""),
    ("another model", "s:predict", {"inputs": ROWS}, 404, ""),
]
