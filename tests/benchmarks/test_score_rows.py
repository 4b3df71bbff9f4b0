"""The rows that are scored, and how answers are counted."""

import csv
import json


def test_every_row_has_an_id_and_one_in_a_thousand_no_task(script, tmp_path):
    score_rows = script("score_rows")
    score_rows.write_rows(tmp_path / "rows", 2500, 4)
    rows = []
    for path in sorted((tmp_path / "rows").iterdir()):
        with path.open() as file:
            rows += csv.DictReader(file, delimiter="\t")
    assert [int(row["id"]) for row in rows] == list(range(2500))
    tasks = {i: row["task"] for i, row in enumerate(rows)}
    assert [i for i, task in tasks.items() if task == "none"] == [999, 1999]
    assert {tasks[i] for i in (0, 2)} == {"mood"} and tasks[1] == "near"
    for row in rows:
        assert row["text"] and bool(row["text_pair"]) == (
            int(row["id"]) % 2 == 1
        )


def test_ids_of_all_files_are_read(script, tmp_path):
    for number, ids in enumerate(([3, 1], [2])):
        lines = [json.dumps({"key": {"id": str(id_)}}) + "\n" for id_ in ids]
        (tmp_path / f"{number}.jsonl").write_text("".join(lines))
    assert script("score_rows").read_ids(tmp_path) == [3, 1, 2]
