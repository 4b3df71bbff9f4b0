import sys

import pytest

from tests.written_runs import DEV
from tests.written_runs import scores


def test_the_plot(write_run, compare, script, tmp_path):
    pytest.importorskip("matplotlib")
    run = write_run("a")
    tuned = write_run(
        "b", "full_fine_tuning", percent=200, dev=DEV | scores("cola", 0.4)
    )
    lacks = write_run("c", "bitfit", dev=scores("cola", 0.9))
    path = tmp_path / "plot.png"
    compare(run, tuned, lacks, flags=("--plot", str(path)))
    assert path.read_bytes().startswith(b"\x89PNG")

    rows, directories = script("method_rows"), script("run_directories")
    tasks, found = rows.make_rows([directories.read(p) for p in (run, tuned)])
    reference = rows.find(found, "full_fine_tuning")
    figure = script("trade_off").make_figure(tasks, found, reference)
    [axes] = figure.axes
    assert axes.get_xscale() == "log"
    assert {text.get_text(): tuple(text.xy) for text in axes.texts} == {
        "full_fine_tuning": pytest.approx((100, 62.5)),
        "houlsby": pytest.approx((4, 52.5)),
    }
    assert [(text.xyann, text.get_va()) for text in axes.texts] == [
        ((0, 6), "bottom"),
        ((0, -6), "top"),
    ]
    assert [
        list(line.get_ydata())
        for line in axes.lines
        if line.get_linestyle() == "--"
    ] == [pytest.approx([62.5, 62.5])]


def test_a_plot_without_matplotlib_says_what_to_install(
    write_run, compare, monkeypatch, capsys
):
    monkeypatch.delitem(sys.modules, "trade_off", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit):
        compare(write_run("a"), flags=("--plot", "plot.png"))
    assert "pip install -e '.[bench]'" in capsys.readouterr().err
