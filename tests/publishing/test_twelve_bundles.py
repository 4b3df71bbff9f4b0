"""Tasks of five methods and three widths in one artifact."""

import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.export import export_saved_model
from tf_adapters.publishing import export_bundles
from tf_adapters.publishing import join_bundles

pytestmark = pytest.mark.large

TEXTS = [
    ("a good film", "bad films"),
    ("is a film not good", "a"),
    ("bad", "s"),
]


def rows_of(model):
    """Three rows for each task: name and texts."""
    return [
        (task.name, text, pair if task.is_pair else "")
        for task in model.tasks
        for text, pair in TEXTS
    ]


@pytest.fixture(scope="module")
def served(preset, folders, tmp_path_factory):
    """The artifact of all, and the answers of one request to it."""
    path = tmp_path_factory.mktemp("all")
    return export_bundles(preset, folders.values(), path, sequence_length=16)


@pytest.fixture(scope="module")
def alone(runs, tmp_path_factory):
    """The artifact that each run exported itself."""
    return [
        export_saved_model(run.model, tmp_path_factory.mktemp("own"), 16)
        for run in runs
    ]


def test_each_answers_in_one_mixed_request_as_in_its_own_run(
    runs, folders, served, alone, made
):
    assert len(folders) == 12
    rows = [row for run in runs for row in rows_of(run.model)]
    # Rows of one task do not stand together.
    order = np.random.default_rng(0).permutation(len(rows))
    together = made.ask(served, [rows[i] for i in order])
    scores = together["scores"][np.argsort(order)]
    labels = together["label_index"][np.argsort(order)]
    start = 0
    for run, folder in zip(runs, alone, strict=True):
        own = made.ask(folder, rows_of(run.model))
        own_rows = slice(start, start + len(own["scores"]))
        width = own["scores"].shape[1]
        np.testing.assert_allclose(
            scores[own_rows, :width], own["scores"], rtol=0, atol=ROUNDING
        )
        np.testing.assert_array_equal(labels[own_rows], own["label_index"])
        start = own_rows.stop
    assert start == len(rows)
    # Nothing that is compared is the same for two tasks, or for two texts.
    assert len(np.unique(scores[:, 0].round(4))) > 0.9 * len(rows)


def test_the_signature_of_a_task_answers_so_too(runs, served, alone):
    whole = tf.saved_model.load(str(served))
    for run, folder in zip(runs, alone, strict=True):
        own = tf.saved_model.load(str(folder))
        for task in run.model.tasks:
            texts = {
                column: tf.constant([row[i] for row in TEXTS])
                for i, column in enumerate(task.text_columns)
            }
            np.testing.assert_allclose(
                whole.signatures[task.name](**texts)["scores"],
                own.signatures[task.name](**texts)["scores"],
                rtol=0,
                atol=ROUNDING,
            )


def test_every_bank_of_it_matters(preset, folders):
    """No answer is right because what it needs is next to nothing."""
    model = join_bundles(preset, folders)
    inputs = {
        "token_ids": np.arange(2, 10)[None] * np.ones((12, 1), int),
        "segment_ids": np.zeros((12, 8), int),
        "padding_mask": np.ones((12, 8), int),
        "task_ids": np.arange(12),
    }
    inputs = {k: v.astype("int32") for k, v in inputs.items()}
    before = np.array(model(inputs))
    random = np.random.default_rng(0)
    for name, bank in model.banks().items():
        if name.endswith((".choice", ".norm_epsilon")):
            continue
        values = np.array(bank)
        bank.assign(values + random.normal(size=values.shape, scale=0.3))
        moved = np.abs(np.array(model(inputs)) - before).max(axis=1) > 1e-3
        bank.assign(values)
        # Some tasks have no adapter in a slot; one that has too wide a norm
        # is moved little.
        assert moved.mean() > 0.5, name


def test_a_bank_is_as_wide_as_the_widest_and_zero_beyond_a_task(
    preset, folders
):
    model = join_bundles(preset, folders)
    banks = model.banks()
    down = np.array(banks["layer.1.attention.adapter.down"])
    assert down.shape == (12, 16, 8)
    narrow = model.task_id("houlsby_narrow_b")
    assert down[narrow, :, :2].all()
    assert not down[narrow, :, 2:].any()
    # Pfeiffer's adapters are after feed-forward alone.
    absent = model.task_id("pfeiffer_a")
    assert not down[absent].any()
    assert not np.array(banks["layer.1.attention.adapter.up"])[absent].any()
    present = np.array(banks["layer.1.feedforward.adapter.up"])[absent]
    assert present[:4].all()
    assert not present[4:8].any()
