"""Scores against the share of weights that is trained."""

import sys

import pytest

from tests.written_runs import DEV
from tests.written_runs import scores
from tf_adapters.comparison.comparison import Comparison
from tf_adapters.comparison.finished_run import read_runs


@pytest.fixture
def figure(write_run):
    """The picture of two seeds, one run of one task, and fine-tuning."""
    picture = pytest.importorskip("tf_adapters.comparison.picture")
    runs = [
        write_run("a", seed=0),
        write_run("b", seed=1, dev=DEV | scores("cola", 0.4)),
        write_run("c", "bitfit", percent=0.5, dev=scores("cola", 0.9)),
        write_run(
            "d",
            "full_fine_tuning",
            percent=200.0,
            dev=DEV | scores("cola", 0.5),
        ),
    ]
    runs, _ = read_runs(map(str, runs))
    return picture.make_figure(Comparison(runs))


def points(axes):
    """The points of a panel by the name of their row."""
    handles, labels = axes.get_legend_handles_labels()
    found = {}
    for handle, label in zip(handles, labels, strict=True):
        if hasattr(handle, "lines"):
            line, *_ = handle.lines
            found[label] = (line.get_xdata()[0], line.get_ydata()[0])
    return found


def test_a_panel_for_each_task_and_one_for_the_mean(figure):
    cola, mrpc, mean = figure.axes
    assert [axes.get_title() for axes in figure.axes] == [
        "cola (matthews)",
        "mrpc (mean of accuracy, f1)",
        "mean of the tasks",
    ]
    assert {axes.get_xscale() for axes in figure.axes} == {"log"}
    # 8 % for two tasks; 0.2 and 0.4.
    assert points(cola) == {
        "houlsby": pytest.approx((4, 30)),
        "bitfit": pytest.approx((0.5, 90)),
    }
    assert points(mrpc) == {"houlsby": pytest.approx((4, 85))}
    assert points(mean) == {"houlsby": pytest.approx((4, 57.5))}
    [bars] = [c for c in cola.containers if c.get_label() == "houlsby"]
    [[low, high]] = bars.lines[2][0].get_segments()
    # The deviation of 20 and 40 is 20 over the root of 2.
    assert high[1] - low[1] == pytest.approx(2 * 20 / 2**0.5)


def test_full_fine_tuning_is_a_line(figure):
    lines = [
        [x for x in axes.lines if x.get_label() == "full_fine_tuning"]
        for axes in figure.axes
    ]
    heights = [height for [line] in lines for height in line.get_ydata()]
    assert heights == pytest.approx([50, 50, 85, 85, 67.5, 67.5])
    [legend] = figure.legends
    assert {text.get_text() for text in legend.get_texts()} == {
        "houlsby",
        "bitfit",
        "full_fine_tuning",
    }


def test_a_row_looks_the_same_in_every_panel(figure):
    looks = {
        (lines[0].get_color(), lines[0].get_marker())
        for axes in figure.axes
        for lines in [c.lines for c in axes.containers]
        if lines[0].get_xdata()[0] == pytest.approx(4)
    }
    assert len(looks) == 1


def test_long_names_are_within_the_picture(write_run):
    picture = pytest.importorskip("tf_adapters.comparison.picture")
    presets = [f"/a/folder/with/quite/a/long/name/{name}" for name in "ab"]
    runs, _ = read_runs(str(write_run(k[-1], preset=k)) for k in presets)
    figure = picture.make_figure(Comparison(runs))
    figure.draw_without_rendering()
    [legend] = figure.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 and box.x1 <= figure.bbox.width
    labels = figure.axes[0].xaxis.get_ticklabels(minor=True)
    texts = {label.get_text() for label in labels} - {""}
    assert texts and all(float(text) for text in texts)


def test_the_file_has_the_format_of_its_name(write_run, compare, tmp_path):
    pytest.importorskip("matplotlib")
    run = write_run("a")
    beginnings = {"plot.png": b"\x89PNG", "plot.svg": b"<?xml"}
    for name, beginning in beginnings.items():
        compare(run, "--picture", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(beginning)
    error = compare(run, "--picture", tmp_path / "plot.docx", code=2).err
    assert "docx" in error and not (tmp_path / "plot.docx").exists()


def test_a_picture_without_matplotlib_says_what_to_install(
    write_run, compare, monkeypatch
):
    name = "tf_adapters.comparison.picture"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run = write_run("a")
    shown = compare(run, "--picture", "plot.png", code=2)
    assert "pip install 'tf_adapters[bench]'" in shown.err
    # It is said before anything is read.
    assert shown.out == ""
