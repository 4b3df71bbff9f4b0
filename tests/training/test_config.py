import pytest

from tf_adapters.training.config import TrainConfig
from tf_adapters.training.config import pairs


@pytest.mark.parametrize(
    "field", ["batch_size", "learning_rate", "num_epochs", "sequence_length"]
)
def test_what_must_be_positive_is(field):
    with pytest.raises(
        ValueError, match=f"`{field}` must be positive.*{field}=0"
    ):
        TrainConfig(**{field: 0})


@pytest.mark.parametrize(
    "field", ["steps_per_epoch", "max_examples", "weight_decay", "clip_norm"]
)
def test_what_may_be_0_may_not_be_negative(field):
    TrainConfig(**{field: 0})
    with pytest.raises(ValueError, match=f"`{field}` must be 0 or more"):
        TrainConfig(**{field: -1})


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"warmup_fraction": 1.0}, "at least 0 and below 1.*fraction=1.0"),
        ({"warmup_fraction": -0.1}, "at least 0 and below 1"),
        ({"learning_rate": float("nan")}, "finite.*learning_rate=nan"),
        ({"clip_norm": float("inf")}, "finite number.*clip_norm=inf"),
        ({"rate": "squareroot"}, "Unknown rate.*mean 'square_root'"),
        ({"batching": "mix"}, "Unknown batching.*mean 'mixed'"),
        ({"pooling": "poler"}, "Unknown pooling.*mean 'pooler'"),
        ({"strategy": "mirror"}, "Unknown strategy.*mean 'mirrored'"),
        ({"data_dir": "x", "tfds": True}, "Only one.*Received: data_dir, tfds"),
        ({"caps": ("rte",)}, "`caps` takes.*task=int.*'rte'"),
        ({"caps": ("rte=1.5",)}, "`caps` takes.*'rte=1.5'"),
        ({"loss_weights": ("rte=x",)}, "`loss_weights` takes.*task=float"),
    ],
)
def test_settings_that_could_not_train_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**settings)


def test_pairs_by_hand():
    assert pairs(("rte=2", "cola=3"), "caps", int) == {"rte": 2, "cola": 3}
    assert pairs(("rte=.5",), "loss_weights", float) == {"rte": 0.5}
    assert pairs((), "caps", int) == {}


@pytest.mark.parametrize(
    "settings", [{"initialise_from": "rte"}, {"trains": "own"}]
)
def test_a_later_task_needs_an_earlier_run(settings):
    with pytest.raises(ValueError, match="Give the folder of the run"):
        TrainConfig(**settings)
    assert TrainConfig(from_run="run", **settings).from_run == "run"
