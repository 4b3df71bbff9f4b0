import re

import pytest

from tests.written_runs import DEV
from tests.written_runs import MAJORITY

REFUSED = {
    "metrics": (
        lambda write: (write("a") / "metrics.json").unlink(),
        "a finished run. Received: .*a'.*metrics.json",
    ),
    "no run": (
        lambda write: (write("a") / "config.json").write_text("{"),
        "must hold the `config.json`.*Received",
    ),
    "stopped": (lambda write: write("a", trained=2), "after 2 of 3 epochs"),
    "tasks": (
        lambda write: write("a", dev={"rte": {"x": 1}}, majority={"rte": {}}),
        "of the same tasks.*a' of rte, beside runs of cola mrpc",
    ),
    "some tasks": (
        lambda write: write(
            "a", dev=DEV | {"rte": {"x": 1}}, majority=MAJORITY | {"rte": {}}
        ),
        "of the same tasks.*z' of cola mrpc, beside runs of cola mrpc rte",
    ),
    "preset": (
        lambda write: write("a", preset="base"),
        "preset='base', preset='minilm'",
    ),
    "dev set": (
        lambda write: write(
            "a", majority=MAJORITY | {"cola": {"matthews": 0.1}}
        ),
        "the same data.*for cola majority=",
    ),
    "twice": (lambda write: write("a"), "differ in their seed.*both of seed=0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_stand_in_one_table_is_refused(
    name, write_run, compare, capsys, tmp_path
):
    spoil, message = REFUSED[name]
    spoil(write_run)
    with pytest.raises(SystemExit) as exit_info:
        compare(tmp_path / "a", write_run("z"))
    assert exit_info.value.code == 2
    error = " ".join(capsys.readouterr().err.split())
    assert re.search(message, error), error
