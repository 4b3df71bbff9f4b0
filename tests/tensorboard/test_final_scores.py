"""The final scores are of the weights that are kept."""

import keras
import numpy as np
import pytest

import tf_adapters
from tf_adapters.tensorboard.panels.layer_norm_panel import LayerNormPanel

GROUPS = ("hparams", "images", "layer_norms")


class PutsBack(keras.callbacks.Callback):
    """Ends with the weights of the first epoch, as `EarlyStopping` does."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            self.best = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.best)


@pytest.fixture(scope="module")
def toy(make_toy):
    return make_toy(tf_adapters.Houlsby(4))


@pytest.fixture
def scored(monkeypatch):
    """Counts how often dev sets are scored."""
    found, score = [], tf_adapters.Predictor.score

    def count(predictor, examples):
        found.append(examples.task.name)
        return score(predictor, examples)

    monkeypatch.setattr(tf_adapters.Predictor, "score", count)
    return found


def final(server):
    return {
        metric: server.curve(f"final/stars/{metric}", "final")[-1][1]
        for metric in ("pearson", "spearman")
    }


@pytest.mark.large
def test_weights_that_were_put_back_are_scored(toy, serve, tmp_path, scored):
    pytest.importorskip("matplotlib")
    board = toy.board(tmp_path, groups=GROUPS, replace=True, budget=1e9)
    history = toy.fit(PutsBack(), board)
    assert len(scored) == 3 * len(toy.dev)
    predictor, dev = tf_adapters.Predictor(toy.model), toy.dev["stars"]
    outputs = predictor.outputs(predictor.encode(dev))
    # Images draw these.
    drawn = board.predictor.scored_outputs(dev)
    np.testing.assert_array_equal(drawn, outputs)
    found = final(serve(tmp_path))
    assert found == pytest.approx(predictor.score(dev), abs=1e-6)
    # Which are those of the first epoch and not of the last.
    first, last = history["val_stars_pearson"]
    assert found["pearson"] == pytest.approx(first, abs=1e-6)
    assert abs(first - last) > 1e-4


@pytest.mark.large
@pytest.mark.parametrize("puts_back", [False, True])
def test_what_was_put_back_is_looked_at_again(
    toy, tmp_path, monkeypatch, puts_back
):
    looks, look = [], LayerNormPanel.look

    def note(panel, is_last):
        looks.append(is_last)
        return look(panel, is_last)

    monkeypatch.setattr(LayerNormPanel, "look", note)
    stops = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: setattr(toy.model, "stop_training", True),
        on_train_end=lambda *_: puts_back and move(toy.model),
    )
    # It stops after the first epoch of two, which is looked at.
    board = toy.board(
        tmp_path, groups=["layer_norms"], replace=True, budget=1e9
    )
    toy.model.optimizer.iterations.assign(0)
    toy.fit(stops, board)
    assert looks == [False, *[True] * puts_back]


def move(model):
    weight = model.trainable_variables[0]
    weight.assign(np.array(weight) + 1)


@pytest.mark.large
def test_weights_that_were_scored_are_not_scored_again(toy, tmp_path, scored):
    toy.model.optimizer.iterations.assign(0)
    toy.fit(toy.board(tmp_path, groups=["hparams"], replace=True), epochs=1)
    assert len(scored) == len(toy.dev)
