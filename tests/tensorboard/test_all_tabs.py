"""Every tag that is promised is there, and TensorBoard finds it not empty."""

import json

import numpy as np
import pytest

import tf_adapters
from tests.tensorboard.conftest import TASKS
from tf_adapters.tensorboard.figures import attention_map
from tf_adapters.tensorboard.groups import GROUPS

LAYERS = 1


@pytest.fixture(scope="module")
def server(make_toy, serve, tmp_path_factory):
    """Of one epoch of HyperFormer++ with all there is."""
    pytest.importorskip("matplotlib", reason="images need matplotlib")
    toy = make_toy(tf_adapters.HyperFormerPlusPlus(4, 6, 16), LAYERS)
    folder = tmp_path_factory.mktemp("all")
    settings = {"recipe": "mine", "learning_rate": 1e-3, "tasks": ("a", "b")}
    toy.fit(toy.board(folder, settings=settings), epochs=1)
    return serve(folder)


NAMES = [task.name for task in TASKS]
SLOTS = ("attention", "feedforward")
PLACES = [f"{slot}/layer_{i}" for slot in SLOTS for i in range(LAYERS)]
SHARED = ("tasks", "condition", "generator")
SCALARS = {
    *(f"loss/{name}" for name in (*NAMES, "all tasks")),
    "dev/mood/accuracy",
    "dev/stars/pearson",
    "dev/stars/spearman",
    "dev/mean",
    "speed/steps_per_second",
    "speed/tokens_per_second",
    "speed/padding_share",
    "speed/waiting_for_data",
    *(f"sampling/{name}" for name in NAMES),
    "schedule/learning_rate",
    *(f"adapters/{place}/output_ratio" for place in PLACES),
    *(f"adapters/shared/{name}/gradient_norm" for name in SHARED),
    *(f"layer_norms/{place}" for place in PLACES),
}
HISTOGRAMS = {
    *(f"adapters/{place}/weights" for place in PLACES),
    *(f"adapters/shared/{name}/weights" for name in SHARED),
}
IMAGES = {
    "similarity/task_embeddings",
    "similarity/adapters",
    "similarity/gradients",
    "predictions/mood",
    "predictions/stars",
    "calibration/mood",
    "layer_norms/shift",
}
TEXTS = {
    f"about/{name}"
    for name in ("parameters", "configuration", "command", "versions")
}


@pytest.mark.large
def test_scalars(server):
    assert server.tags("scalars") == SCALARS
    for tag in SCALARS:
        points = server.curve(tag)
        assert points and all(np.isfinite(value) for _, value in points), tag


@pytest.mark.large
def test_histograms(server):
    assert server.tags("histograms") == HISTOGRAMS
    for tag in HISTOGRAMS:
        found = server.ask("plugin/histograms/histograms", run=".", tag=tag)
        assert sum(count for *_, count in found[-1][2]) > 0


@pytest.mark.large
def test_images(server):
    assert server.tags("images") == IMAGES
    for tag in IMAGES:
        found = server.ask("plugin/images/images", run=".", tag=tag, sample=0)
        query = dict([found[-1]["query"].split("=", 1)])
        png = server.bytes("plugin/images/individualImage", **query)
        assert png.startswith(b"\x89PNG") and len(png) > 3000


@pytest.mark.large
def test_texts(server):
    assert server.tags("text") == TEXTS
    pages = {
        tag: server.ask("plugin/text/text", run=".", tag=tag)[0]["text"]
        for tag in TEXTS
    }
    assert "adapters that tasks share" in pages["about/parameters"]
    assert "HyperFormerPlusPlus(" in pages["about/configuration"]
    assert "learning_rate" in pages["about/configuration"]
    assert "python" in pages["about/command"]
    assert tf_adapters.__version__ in pages["about/versions"]


@pytest.mark.large
def test_hparams(server):
    asked = {"experimentName": "", "includeMetrics": True}
    found = server.post("plugin/hparams/experiment", **asked)
    domains = {info["name"]: info for info in found["hparamInfos"]}
    assert domains["recipe"]["domainDiscrete"] == ["mine"]
    assert domains["method"]["domainDiscrete"] == ["HyperFormerPlusPlus"]
    assert domains["learning_rate"]["domainInterval"]["minValue"] == 1e-3
    assert domains["bottleneck_dim"]["domainInterval"]["maxValue"] == 4
    assert domains["tasks"]["domainDiscrete"] == ["a b"]
    columns = {info["name"]["tag"] for info in found["metricInfos"]}
    assert columns == {
        "final/mean",
        "final/mood/accuracy",
        "final/stars/pearson",
        "final/stars/spearman",
        "final/trained_percent",
    }
    (row,) = server.post(
        "plugin/hparams/session_groups",
        allowedStatuses=["STATUS_SUCCESS"],
        colParams=[],
        startIndex=0,
        sliceSize=10,
    )["sessionGroups"]
    scores = {v["name"]["tag"]: v["value"] for v in row["metricValues"]}
    assert set(scores) == columns
    (_, mean) = server.curve("dev/mean")[-1]
    assert scores["final/mean"] == pytest.approx(mean)


def test_a_row_is_called_like_the_folder_of_its_run():
    from tf_adapters.tensorboard.panels.hparams_panel import row_name

    assert row_name("/runs/first/logs") == "first in /runs"
    assert row_name("/runs/second") == "second in /runs"


@pytest.mark.large
def test_projector(server):
    found = server.ask("plugin/projector/info", run=".")["embeddings"]
    shapes = {own["tensorName"]: own["tensorShape"] for own in found}
    # 6 examples of each dev set, 16 wide.
    assert shapes == {"task_embeddings": [2, 6], "cls_of_dev_sets": [12, 16]}
    for name, shape in shapes.items():
        data = server.bytes("plugin/projector/tensor", run=".", name=name)
        values = np.frombuffer(data, "float32").reshape(shape)
        assert np.isfinite(values).all() and values.std() > 0
    lines = server.bytes(
        "plugin/projector/metadata", run=".", name="cls_of_dev_sets"
    )
    head, *rows = lines.decode().splitlines()
    assert head.split("\t") == ["task", "label", "prediction", "right", "text"]
    assert len(rows) == 12
    task, label, prediction, right, text = rows[0].split("\t")
    assert task == "mood" and {label, prediction} <= {"no", "yes"}
    assert (right == "yes") == (label == prediction)
    assert len(text.split()) == 11


@pytest.mark.large
def test_custom_scalars_name_what_is_there(server):
    layout = server.ask("plugin/custom_scalars/layout")
    for category in layout["category"]:
        for chart in category["chart"]:
            (pattern,) = chart["multiline"]["tag"]
            found = server.ask(
                "plugin/custom_scalars/scalars", run=".", tag=pattern
            )
            assert found["tag_to_events"], pattern


@pytest.mark.large
def test_attention_of_pals_is_drawn_with_its_tokens(
    make_toy, serve, tmp_path, monkeypatch
):

    drawn = {}
    draw = attention_map.attention_map

    def remember(shares, tokens, title):
        drawn[title.split(":")[0]] = shares, tokens
        return draw(shares, tokens, title)

    monkeypatch.setattr(attention_map, "attention_map", remember)
    toy = make_toy(tf_adapters.PALs(6, num_heads=3), num_layers=2)
    board = toy.board(tmp_path, groups=["images"])
    board.set_model(toy.model)
    board.on_train_begin()
    board.finish()
    found = serve(tmp_path).tags("images")
    assert {"attention/mood", "attention/stars"} <= found
    for shares, tokens in drawn.values():
        assert tokens[0] == "[CLS]" and tokens[-1] == "[SEP]"
        # The first layer and the last.
        assert len(shares) == 2
        for own in shares.values():
            assert own.shape == (13, 13)
            np.testing.assert_allclose(own.sum(axis=1), 1, rtol=1e-5)


def test_every_group_has_a_flag():
    from tf_adapters.runs.flags import override

    config = override(
        tf_adapters.TrainConfig(), ["--tensorboard", "text", "images"], "train"
    )
    assert config.tensorboard == ("text", "images")
    config = override(tf_adapters.TrainConfig(), ["--tensorboard"], "train")
    assert config.tensorboard == ()
    assert tf_adapters.TrainConfig().tensorboard == GROUPS
    assert json.loads(json.dumps(GROUPS)) == list(GROUPS)
