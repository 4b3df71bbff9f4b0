"""What the callback writes by step and by epoch, under `fit` alone."""

import time

import keras
import numpy as np
import pytest

import tf_adapters
from tf_adapters.tensorboard.groups import GROUPS
from tf_adapters.tensorboard.groups import drawable

STEPS = 12
CHEAP = ("scalars", "speed", "sampling")


@pytest.fixture(scope="module")
def toy(make_toy):
    """Trained for two epochs of 12 steps with a point every 5 steps."""
    toy = make_toy(tf_adapters.Houlsby(4))
    assert toy.training_set.steps_per_epoch == STEPS
    return toy


class Sums(keras.callbacks.Callback):
    """Notes what Keras logs after each step: means since the epoch began."""

    def __init__(self):
        super().__init__()
        self.means = []

    def on_train_batch_end(self, batch, logs=None):
        self.means.append({k: float(v) for k, v in logs.items()})


@pytest.fixture(scope="module")
def trained(toy, serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    sums = Sums()
    board = toy.board(folder, groups=CHEAP, every=5)
    history = toy.fit(board, sums)
    return serve(folder), history, sums.means


@pytest.mark.large
def test_curves_have_points_every_few_steps_and_at_the_end_of_epochs(trained):
    server, _, _ = trained
    expected = [5, 10, 12, 15, 20, 24]
    for tag in ("loss/mood", "loss/all tasks", "schedule/learning_rate"):
        assert [step for step, _ in server.curve(tag)] == expected
    assert [step for step, _ in server.curve("dev/mean")] == [12, 24]


@pytest.mark.large
def test_a_loss_is_that_of_the_steps_since_the_point_before(trained):
    """The means since the epoch began, times the examples that they are of."""
    server, _, means = trained
    for tag, key in (("all tasks", "loss"), ("stars", "stars_loss")):
        curve = dict(server.curve(f"loss/{tag}"))
        if key == "loss":
            # All batches have four rows.
            fifth, tenth = means[4]["loss"], means[9]["loss"]
            assert curve[5] == pytest.approx(fifth, abs=1e-6)
            assert curve[10] == pytest.approx(2 * tenth - fifth, abs=1e-5)
            rest = (12 * means[11]["loss"] - 10 * tenth) / 2
            assert curve[12] == pytest.approx(rest, abs=1e-5)
        # A new epoch does not count on.
        assert curve[15] == pytest.approx(means[14][key], abs=1e-6)


class Slow(keras.callbacks.Callback):
    """Takes its time after each epoch, as one does that scores dev sets."""

    SECONDS = 2.0

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(self.SECONDS)


@pytest.mark.large
def test_what_comes_before_the_board_is_no_training(toy, serve, tmp_path):
    toy.model.optimizer.iterations.assign(0)
    board = toy.board(tmp_path, groups=["speed"], every=5)
    toy.fit(Slow(), board, epochs=1)
    (*_, (step, rate)) = serve(tmp_path).curve("speed/steps_per_second")
    # The steps 11 and 12, which take milliseconds.
    assert step == STEPS
    assert 2 / rate < Slow.SECONDS


@pytest.mark.large
def test_scores_are_those_of_the_epochs(trained, toy):
    server, history, _ = trained
    for tag, key in (
        ("dev/mood/accuracy", "val_mood_accuracy"),
        ("dev/stars/pearson", "val_stars_pearson"),
        ("dev/mean", "val_mean"),
    ):
        values = [value for _, value in server.curve(tag)]
        assert values == pytest.approx(history[key], abs=1e-6)
    predictor = tf_adapters.Predictor(toy.model)
    accuracy = predictor.score(toy.dev["mood"])["accuracy"]
    assert history["val_mood_accuracy"][-1] == accuracy


@pytest.mark.large
def test_the_learning_rate_is_that_of_the_schedule(trained, toy):
    server, _, _ = trained
    schedule = toy.model.optimizer._learning_rate
    for step, value in server.curve("schedule/learning_rate"):
        assert value == pytest.approx(float(schedule(step)), abs=1e-9)


@pytest.mark.large
def test_shares_and_padding_are_those_of_the_batches(trained, toy):
    server, _, _ = trained
    batches = list(toy.training_set.dataset.take(10))
    # The steps 6 to 10.
    own = [x for x, _, _ in batches[5:]]
    ids = np.concatenate([x["task_ids"] for x in own])
    assert dict(server.curve("sampling/stars"))[10] == pytest.approx(ids.mean())
    places = sum(int(np.size(x["padding_mask"])) for x in own)
    real = sum(int(np.sum(x["padding_mask"])) for x in own)
    padding = dict(server.curve("speed/padding_share"))[10]
    assert padding == pytest.approx(1 - real / places)
    per_step = dict(server.curve("speed/tokens_per_second"))[10] / real
    steps = dict(server.curve("speed/steps_per_second"))[10]
    assert per_step == pytest.approx(steps / 5, rel=1e-5)
    for _, share in server.curve("speed/waiting_for_data"):
        assert 0 < share < 1


@pytest.mark.large
def test_the_layout_names_tags_that_are_there(trained):
    server, _, _ = trained
    layout = server.ask("plugin/custom_scalars/layout")
    titles = [category["title"] for category in layout["category"]]
    assert titles[0] == "How well it learns"
    for category in layout["category"]:
        for chart in category["chart"]:
            (pattern,) = chart["multiline"]["tag"]
            found = server.ask(
                "plugin/custom_scalars/scalars", run=".", tag=pattern
            )
            assert found["regex_valid"]
            assert all(found["tag_to_events"].values())
            assert found["tag_to_events"], pattern


@pytest.mark.large
def test_a_group_that_is_not_named_is_not_written(toy, serve, tmp_path):
    toy.model.optimizer.iterations.assign(0)
    toy.fit(toy.board(tmp_path, groups=["sampling"]), epochs=1)
    found = serve(tmp_path).tags("scalars")
    assert found == {"sampling/mood", "sampling/stars"}


@pytest.mark.large
def test_no_group_writes_nothing(toy, tmp_path):
    toy.fit(toy.board(tmp_path / "logs", groups=[]), epochs=1)
    assert not (tmp_path / "logs").exists()


@pytest.mark.large
def test_without_a_training_set_what_it_tells_is_missing(toy, serve, tmp_path):
    board = tf_adapters.TensorBoard(tmp_path, groups=CHEAP)
    toy.fit(board, epochs=1)
    assert serve(tmp_path).tags("scalars") == {
        "loss/mood",
        "loss/stars",
        "loss/all tasks",
        "schedule/learning_rate",
        "speed/steps_per_second",
        "speed/waiting_for_data",
    }


@pytest.mark.large
def test_several_steps_at_once_are_points_too(make_toy, serve, tmp_path):
    toy = make_toy(tf_adapters.Houlsby(4), steps_per_execution=6)
    toy.fit(toy.board(tmp_path, groups=CHEAP, every=4))
    server = serve(tmp_path)
    assert [s for s, _ in server.curve("loss/mood")] == [6, 12, 18, 24]
    # Nobody sees when a batch is taken.
    assert "speed/waiting_for_data" not in server.tags("scalars")


@pytest.mark.large
def test_keras_validation_comes_after_the_last_point(toy, serve, tmp_path):
    data = toy.training_set.dataset_from(0).take(2)
    toy.fit(
        tf_adapters.TensorBoard(tmp_path, groups=["scalars"], every=100),
        epochs=1,
        validation_data=data,
    )
    server = serve(tmp_path)
    first = toy.model.history.history
    (point,) = server.curve("loss/mood")
    assert point[1] == pytest.approx(first["mood_loss"][0], abs=1e-6)
    (point,) = server.curve("dev/mood/loss")
    assert point[1] == pytest.approx(first["val_mood_loss"][0], abs=1e-6)


@pytest.mark.large
def test_the_folder_of_another_training_is_refused(toy, tmp_path):
    toy.fit(toy.board(tmp_path, groups=CHEAP), epochs=1)
    # The same model goes on.
    toy.fit(toy.board(tmp_path, groups=CHEAP), epochs=1)
    toy.model.optimizer.iterations.assign(0)
    with pytest.raises(ValueError, match="must not write into the folder of"):
        toy.fit(toy.board(tmp_path, groups=CHEAP), epochs=1)
    toy.fit(toy.board(tmp_path, groups=CHEAP, replace=True), epochs=1)


@pytest.mark.large
def test_a_training_that_goes_on_writes_no_step_twice(toy, serve, tmp_path):
    toy.model.optimizer.iterations.assign(0)
    toy.fit(toy.board(tmp_path, groups=CHEAP, every=5))
    # It was killed after it had written, and goes on from a checkpoint.
    toy.model.optimizer.iterations.assign(STEPS)
    toy.fit(toy.board(tmp_path, groups=CHEAP, every=5), epochs=1)
    server = serve(tmp_path)
    expected = [5, 10, 12, 15, 20, 24]
    assert [step for step, _ in server.curve("loss/mood")] == expected
    assert [step for step, _ in server.curve("dev/mean")] == [12, 24]


@pytest.mark.large
def test_replicas_write_as_one_device(two_cpus, make_toy, serve, tmp_path):
    with two_cpus.scope():
        toy = make_toy(tf_adapters.HyperFormerPlusPlus(4, 6, 16))
    groups = (*CHEAP, "adapters", "layer_norms")
    history = toy.fit(toy.board(tmp_path, groups=groups, every=100), epochs=1)
    server = serve(tmp_path)
    for tag, key in (("all tasks", "loss"), ("stars", "stars_loss")):
        ((step, value),) = server.curve(f"loss/{tag}")
        assert step == STEPS
        assert value == pytest.approx(history[key][0], abs=1e-6)
    for tag in (
        "adapters/shared/tasks/gradient_norm",
        "adapters/attention/layer_0/output_ratio",
        "layer_norms/attention/layer_0",
    ):
        assert server.curve(tag)[-1][1] > 0


@pytest.mark.large
def test_a_folder_that_is_new_to_a_training_says_what_it_is(
    make_toy, serve, tmp_path
):
    toy = make_toy(tf_adapters.Houlsby(4))
    toy.fit(epochs=1)
    toy.fit(toy.board(tmp_path, groups=("text", "hparams")), epochs=1)
    server = serve(tmp_path)
    about = ("parameters", "configuration", "command", "versions")
    assert server.tags("text") == {f"about/{name}" for name in about}
    groups = server.post(
        "plugin/hparams/session_groups",
        experimentName="",
        colParams=[],
        startIndex=0,
        sliceSize=10,
        allowedStatuses=["STATUS_SUCCESS"],
    )["sessionGroups"]
    assert len(groups) == 1
    assert groups[0]["hparams"]


@pytest.mark.large
def test_steps_are_counted_that_an_optimizer_leaves_out(
    make_toy, serve, tmp_path
):
    toy = make_toy(tf_adapters.Houlsby(4))
    board = toy.board(tmp_path, groups=("scalars",), every=100)
    board.start_from(3)
    for _ in range(2):
        toy.fit(board, epochs=1)
        toy.model.optimizer.iterations.assign(5)
    server = serve(tmp_path)
    steps = [step for step, _ in server.curve("loss/all tasks")]
    assert steps == [3 + STEPS, 3 + 2 * STEPS]


@pytest.mark.large
def test_what_the_end_looks_at_is_kept_back(toy, tmp_path, monkeypatch):
    board = toy.board(tmp_path, groups=("speed", "layer_norms", "projector"))
    asked = []
    monkeypatch.setattr(
        board.budget, "allows", lambda *names: asked.append(names)
    )
    toy.fit(board, epochs=3)
    # Not after the last epoch, after which the end comes.
    names = ["LayerNormPanel", "ProjectorPanel"]
    assert asked == 2 * [("LayerNormPanel", names)]


def test_an_unknown_group_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Unknown tensorboard 'sclars'.*'scal"):
        tf_adapters.TensorBoard(tmp_path, groups=["sclars"])
    with pytest.raises(ValueError, match="Unknown tensorboard 'sclars'"):
        tf_adapters.TrainConfig(tensorboard=("sclars",))


@pytest.mark.parametrize("setting", ["every", "budget"])
def test_numbers_must_be_positive(tmp_path, setting):
    with pytest.raises(ValueError, match=f"`{setting}` must be positive"):
        tf_adapters.TensorBoard(tmp_path, **{setting: 0})


def test_what_can_be_drawn_is():
    assert drawable(GROUPS) == (GROUPS, "")
