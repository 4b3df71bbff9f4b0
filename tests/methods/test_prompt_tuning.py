import keras
import numpy as np
import pytest

import tf_adapters
from tests.numpy_bert import bert
from tests.rounding import ROUNDING
from tf_adapters import AdaptedBackbone
from tf_adapters import count_parameters


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


def check_counts(backbone, length, tasks, expected):
    method = tf_adapters.PromptTuning(length)
    model = tf_adapters.MultiTaskClassifier(backbone, method, tasks)
    counts = count_parameters(model)
    assert counts["per_task"] == expected
    assert counts["shared"] == counts["layer_norms"] == 0


def test_count_of_bert_tiny(bert_tiny, make_tasks):
    check_counts(bert_tiny, 20, make_tasks(3), 20 * 128)


@pytest.mark.large
def test_count_of_bert_base(bert_base, make_tasks):
    check_counts(bert_base, 100, make_tasks(1), 76_800)


def test_prompt_and_heads_are_trained_and_nothing_else(make_model, small_bert):
    model = make_model(tf_adapters.PromptTuning(3), backbone=small_bert)
    assert set(model.banks()) == {"head.kernel", "head.bias", "prompt.prompt"}
    assert ids(model.trainable_weights) == ids(model.banks().values())
    assert not any(w.trainable for w in small_bert.weights)
    assert model.banks()["prompt.prompt"].shape == (3, 3, 16)


def test_encoder_is_that_of_the_formulas(make_backbone, make_inputs, scramble):
    """The vectors stand before the summed embeddings and their LayerNorm."""
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, tf_adapters.PromptTuning(3), num_tasks=3)
    scramble(encoder.trainable_weights)
    own = np.array(encoder.prompt.prompt, "float64")[inputs["task_ids"]]
    slots = {"prompt": lambda x, _: np.concatenate([own, x], axis=1)}
    sequence, pooled, _ = bert(stock, inputs, slots)
    outputs = encoder(inputs)
    assert outputs["sequence_output"].shape == (4, 8, 16)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


def test_the_text_attends_to_the_prompt(make_backbone, make_inputs):
    inputs = make_inputs()
    method = tf_adapters.PromptTuning(1)
    encoder = AdaptedBackbone(make_backbone(), method)
    before = encoder(inputs)
    encoder.prompt.prompt.assign(-encoder.prompt.prompt)
    for key, value in encoder(inputs).items():
        assert np.abs(value - before[key]).max() > 1e-2


def test_padding_changes_nothing(make_backbone, make_inputs):
    method = tf_adapters.PromptTuning(3)
    encoder = AdaptedBackbone(make_backbone(), method, num_tasks=3)
    narrow = make_inputs(num_tasks=3)
    expected = encoder(narrow)
    wide = encoder(make_inputs(width=12, num_tasks=3))
    text = narrow["padding_mask"].astype(bool)
    np.testing.assert_allclose(
        wide["sequence_output"][:, :8][text],
        expected["sequence_output"][text],
        atol=ROUNDING,
    )
    np.testing.assert_allclose(
        wide["pooled_output"], expected["pooled_output"], atol=ROUNDING
    )


@pytest.mark.parametrize("first_word", [0, 47])
def test_prompt_starts_from_words(make_backbone, first_word):
    stock = make_backbone()
    method = tf_adapters.PromptTuning(3, "vocabulary", first_word)
    encoder = AdaptedBackbone(stock, method, num_tasks=2)
    table = np.array(stock.token_embedding.embeddings)
    words = table[first_word : first_word + 3]
    np.testing.assert_array_equal(encoder.prompt.prompt, [words, words])
    encoder.prompt.prompt.assign(encoder.prompt.prompt + 1)
    encoder.add_tasks(1)
    np.testing.assert_array_equal(encoder.prompt.prompt[2], words)
    np.testing.assert_array_equal(stock.token_embedding.embeddings, table)


def test_words_are_those_from_row_1000_on(make_backbone):
    stock = make_backbone(vocabulary_size=1010)
    method = tf_adapters.PromptTuning(10, "vocabulary")
    encoder = AdaptedBackbone(stock, method)
    words = np.array(stock.token_embedding.embeddings)[1000:1010]
    np.testing.assert_array_equal(encoder.prompt.prompt, [words])


def test_words_that_the_encoder_does_not_have_are_refused(small_bert):
    message = "rows up to 50 of 50.*smaller `first_word` or `length`"
    method = tf_adapters.PromptTuning(3, "vocabulary", 48)
    with pytest.raises(ValueError, match=message):
        AdaptedBackbone(small_bert, method)


def test_random_prompts_differ_between_tasks(small_bert):
    method = tf_adapters.PromptTuning(3)
    encoder = AdaptedBackbone(small_bert, method, num_tasks=2)
    prompt = np.array(encoder.prompt.prompt)
    assert np.abs(prompt).max() <= 0.5
    assert not np.allclose(prompt[0], prompt[1])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"length": 0}, "length=0"),
        ({"start": "words"}, "one of random, vocabulary.*start='words'"),
        ({"first_word": -1}, "0 or more.*first_word=-1"),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        tf_adapters.PromptTuning(**arguments)


def test_method_comes_back_from_its_config(check_config):
    check_config(tf_adapters.PromptTuning(5, "vocabulary", 7))
    assert tf_adapters.PromptTuning().get_config() == {
        "length": 100,
        "start": "random",
        "first_word": 1000,
    }


@pytest.mark.large
def test_keras_file_holds_everything(make_backbone, check_keras_file):
    method = tf_adapters.PromptTuning(3)
    check_keras_file(AdaptedBackbone(make_backbone(), method, num_tasks=3))


@pytest.mark.large
def test_task_added_to_a_loaded_encoder_starts_from_words_too(
    make_backbone, scramble, tmp_path
):
    stock = make_backbone()
    method = tf_adapters.PromptTuning(3, "vocabulary", 5)
    encoder = AdaptedBackbone(stock, method)
    scramble(encoder.trainable_weights)
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    trained = np.array(encoder.prompt.prompt[0])
    np.testing.assert_array_equal(revived.prompt.prompt, [trained])
    revived.add_tasks(1)
    words = np.array(stock.token_embedding.embeddings)[5:8]
    np.testing.assert_array_equal(revived.prompt.prompt, [trained, words])
