from tests.written_runs import DEV
from tests.written_runs import scores


def test_seeds_are_summarised(write_run, script, monkeypatch, capsys):
    runs = [
        write_run(f"s{i}", seed=i, dev=DEV | scores("cola", value))
        for i, value in enumerate((0.1, 0.3))
    ]
    module = script("summarise_runs")
    monkeypatch.setattr("sys.argv", ["x", *map(str, runs)])
    module.main()
    head, _, cola, *_ = capsys.readouterr().out.splitlines()
    assert head == "houlsby on cola mrpc: [0, 1]"
    assert cola.split() == ["cola_matthews", "20.0", "+-", "14.1"]
