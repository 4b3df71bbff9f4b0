"""The page, in a browser without a window, if there is one."""

import html
import re
import shutil
import subprocess
import urllib.parse

import numpy as np
import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.large,
    pytest.mark.skipif(not BROWSER, reason="there is no Chromium here"),
]


@pytest.fixture
def opened(our_running, tmp_path):
    """Opens the page with a question and returns what it then is."""

    def opened(*question):
        link = urllib.parse.urlencode(question)
        done = subprocess.run(
            [
                BROWSER,
                *("--headless", "--no-sandbox", "--disable-gpu"),
                f"--user-data-dir={tmp_path}",
                "--virtual-time-budget=20000",
                "--dump-dom",
                f"http://{our_running.host}/#{link}",
            ],
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.stdout

    return opened


def text_of(page, name):
    [found] = re.findall(rf'<\w+ id="{name}"[^>]*>(.*?)</', page, re.DOTALL)
    return html.unescape(found)


def bars(page):
    """The name, the width in percent and the number of each bar."""
    found = re.findall(
        r'<span>([^<]*)</span><div class="track"><div class="bar" '
        r'style="width: ([\d.]+)%;"></div></div>'
        r'<span class="number">([\d.]+)</span>',
        page,
    )
    return [(html.unescape(a), float(b), float(c)) for a, b, c in found]


def test_label_and_scores_are_those_of_the_model(opened, in_process):
    text = 'a "good" film\'s <b>end</b>'
    page = opened(("task", "sentiment"), ("text", text))
    expected = in_process("sentiment", sentence=[text])
    label = expected["label"][0].decode()
    assert text_of(page, "label") == label
    assert [name for name, _, _ in bars(page)] == ["negative", "positive"]
    for (_, width, number), score in zip(
        bars(page), expected["scores"][0], strict=True
    ):
        np.testing.assert_allclose(width, 100 * score, atol=1e-2)
        np.testing.assert_allclose(number, score, atol=6e-4)
    best = re.findall(r'class="row best"><span>(\w+)<', page)
    assert best == [label]
    # The request as Python gives the same, quotes and all.
    printed = {}
    exec(
        text_of(page, "python"),
        {"print": lambda label, scores: printed.update({label: scores})},
    )
    assert list(printed) == [label]
    np.testing.assert_allclose(
        list(printed[label].values()), expected["scores"][0], atol=1e-5
    )
    # And so does that as curl, in a shell.
    if shutil.which("curl"):
        done = subprocess.run(
            ["bash", "-c", text_of(page, "curl")],
            capture_output=True,
            text=True,
        )
        assert f'"label": ["{label}"]' in done.stdout, done.stdout


def test_a_pair_has_two_fields_and_a_value_one_bar(opened):
    page = opened(("task", "sts-b"), ("text", "a film"), ("text", "films"))
    assert page.count("<textarea") == 2
    [(name, width, number)] = bars(page)
    assert name == "1 to 5"
    np.testing.assert_allclose(width, 100 * (number - 1) / 4, atol=0.2)
    assert '("a film", "films")' in text_of(page, "python")


def test_what_the_server_refuses_is_shown(opened):
    page = opened(("task", "sentiment"), ("text", " "))
    assert "`text` must not be empty" in text_of(page, "error")
    assert re.search(r'id="answer"[^>]* hidden', page)
