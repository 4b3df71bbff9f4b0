"""The time of a step on many replicas, and the page that tells of it."""

import contextlib
import io
import pathlib

import pytest

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "scaling.md"


@pytest.fixture
def scaling(script):
    return script("scaling")


@pytest.fixture
def own(script):
    """A gradient of 1 GB that is added up twice, and two small sums."""
    sizes = (8, 10**9, 10**9, 4)
    return script("traffic").Traffic(10**9, sizes)


def test_one_replica_only_computes(scaling, own):
    assert scaling.step_seconds(own, 3.0, 1, 10.0, 1e-3) == 3.0


def test_two_replicas_send_each_byte_once(scaling, own):
    # 2 (2 - 1) / 2 = 1 times 2,000,000,012 bytes at 1.25e9 bytes a second.
    whole = scaling.step_seconds(own, 3.0, 2, 10.0, 0.0)
    assert whole == pytest.approx(3 + 2_000_000_012 / 1.25e9)
    # Four sums, each of 2 (2 - 1) = 2 turns of 1 ms.
    late = scaling.step_seconds(own, 3.0, 2, 10.0, 1e-3)
    assert late - whole == pytest.approx(4 * 2 * 1e-3)


def test_a_ring_of_four_sends_each_byte_one_and_a_half_times(scaling, own):
    # 2 (4 - 1) / 4 = 1.5 times, at 12.5e9 bytes a second; 4 x 6 turns.
    whole = scaling.step_seconds(own, 0.0, 4, 100.0, 1e-3)
    assert whole == pytest.approx(1.5 * 2_000_000_012 / 12.5e9 + 24e-3)


def test_replicas_compute_for_a_batch_each_or_a_share_of_one(scaling):
    settings = scaling.Settings(batch_size=32, global_batch=2048)
    assert scaling.compute_seconds(settings, 3.0, 64, False) == 3
    # 2048 / 64 = 32 examples each; 2 of 1,024 replicas.
    assert scaling.compute_seconds(settings, 3.0, 64, True) == 3
    assert scaling.compute_seconds(settings, 3.0, 1024, True) == 3 * 2 / 32


def test_a_table_of_what_machines_are_used_for(script, scaling):
    # Of 8 replicas: 1.75 times 1e9 bytes at 1.25e9 a second are 1.4 s.
    own = script("traffic").Traffic(10**9, (10**9,))
    found = dict.fromkeys(scaling.CURVES, own)
    settings = scaling.Settings(
        step_seconds=(4.2,), gigabits=(10.0,), latency=0.0, global_batch=8192
    )
    head, _, row, *_ = scaling.curve_table(found, settings, False).splitlines()
    assert head == "| recipe | 4.2 s, 10 Gbit/s |"
    # 4.2 / 5.6; later 1.96875 and 1.998 times the bytes, 1.575 and 1.598 s.
    assert row == "| `full_fine_tuning` | 75% / 73% / 72% |"
    row = scaling.curve_table(found, settings, True).splitlines()[2]
    # 8,192 examples on one take 1,075.2 s; on 8 134.4 + 1.4, on 64 16.8 +
    # 1.575, on 1,024 1.05 + 1.598.
    assert row == "| `full_fine_tuning` | 7.9 / 58.5 / 406.0 |"


@pytest.mark.parametrize(
    "flags, message",
    [
        ({"step_seconds": (1.0, 0.0)}, "step_seconds` must be positive.*0.0"),
        ({"gigabits": ()}, "gigabits` must be positive. Received: gigabits="),
        ({"latency": -1.0}, "Received: latency=-1.0. Write 0"),
        ({"global_batch": 1000}, "divide by 1024 replicas.*1000. Write, say"),
    ],
)
def test_what_no_machine_has_is_refused(scaling, flags, message):
    with pytest.raises(ValueError, match=message):
        scaling.Settings(**flags)


def test_the_curves(script, scaling, own):
    pytest.importorskip("matplotlib")
    settings = scaling.Settings(step_seconds=(2.0,), gigabits=(10.0, 1.0))
    figure = script("scaling_curve").make_figure({"houlsby": own}, settings)
    weak, strong = figure.axes
    for axes, is_strong in ((weak, False), (strong, True)):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        whole, compute = axes.lines
        assert whole.get_label() == "houlsby"
        assert tuple(whole.get_xdata()) == scaling.REPLICAS
        expected = scaling.compute_seconds(settings, 2.0, 1024, is_strong)
        assert compute.get_ydata()[-1] == expected
        assert whole.get_ydata()[-1] == pytest.approx(
            scaling.step_seconds(own, expected, 1024, 10.0, settings.latency)
        )


@pytest.mark.large
def test_the_page_holds_what_the_script_prints(scaling, tmp_path):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        scaling.main(["--plot", str(tmp_path / "scaling.png")])
    tables = printed.getvalue().strip().split("\n\n")
    assert len(tables) == 3
    page = PAGE.read_text("utf-8")
    for table in tables:
        assert table in page
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")
