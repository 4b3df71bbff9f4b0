import numpy as np
import pytest

from tf_adapters.data.sources.tfds import tfds_source

# The labels are in another order than ours. A dataset on disk is shuffled, and
# twenty examples do not come out in their order by chance.
RTE = {
    "train": [
        {"idx": i, "sentence1": f"É {i}", "sentence2": "B", "label": i // 15}
        for i in range(20)
    ],
    "validation": [{"idx": 0, "sentence1": "G", "sentence2": "H", "label": 0}],
    "test": [{"idx": 0, "sentence1": "I", "sentence2": "J", "label": -1}],
}

STSB = {
    "train": [
        {"idx": 1, "sentence1": "C", "sentence2": "D", "label": 2.5},
        {"idx": 0, "sentence1": "A", "sentence2": "B", "label": 5.0},
    ],
    "validation": [{"idx": 0, "sentence1": "G", "sentence2": "H", "label": -1}],
}

MNLI = {
    split: [{"idx": 0, "premise": split, "hypothesis": "B", "label": 2}]
    for split in (
        "train",
        "validation_matched",
        "validation_mismatched",
        "test_matched",
        "test_mismatched",
    )
}


@pytest.fixture
def make_builder(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    def make_builder(splits, label):
        class LocalGlue(
            tfds.core.GeneratorBasedBuilder, skip_registration=True
        ):
            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                first = next(iter(splits.values()))[0]
                features = {
                    key: tfds.features.Text()
                    for key in first
                    if key not in ("idx", "label")
                }
                features |= {"idx": np.int32, "label": label}
                features = tfds.features.FeaturesDict(features)
                return self.dataset_info_from_configs(features=features)

            def _split_generators(self, dl_manager):
                return {s: self._generate_examples(s) for s in splits}

            def _generate_examples(self, split):
                for example in splits[split]:
                    yield example["idx"], example

        return LocalGlue(data_dir=tmp_path)

    return make_builder


def class_label(*names):
    tfds = pytest.importorskip("tensorflow_datasets")
    return tfds.features.ClassLabel(names=names)


@pytest.mark.large
def test_classes_are_read_by_name_in_the_order_of_their_indices(make_builder):
    label = class_label("not_entailment", "entailment")
    source = tfds_source("rte", builder=make_builder(RTE, label))
    assert source.dev_splits == ("dev",)
    train = source.read("train")
    assert train.task is source.task
    assert train.texts == ([f"É {i}" for i in range(20)], ["B"] * 20)
    assert train.labels.dtype == "float32"
    np.testing.assert_array_equal(train.labels, [1] * 15 + [0] * 5)
    assert source.read("dev").texts == (["G"], ["H"])
    assert source.read("test").labels is None


@pytest.mark.large
def test_scores_are_read_and_missing_ones_refused(make_builder):
    source = tfds_source("stsb", builder=make_builder(STSB, np.float32))
    np.testing.assert_array_equal(source.read("train").labels, [5.0, 2.5])
    message = r"split 'dev' of task 'stsb' must have a label\. Received: -1\.0"
    with pytest.raises(ValueError, match=message):
        source.read("dev")


@pytest.mark.large
def test_mnli_has_its_own_splits_and_features(make_builder):
    label = class_label("entailment", "neutral", "contradiction")
    source = tfds_source("mnli", builder=make_builder(MNLI, label))
    assert source.dev_splits == ("dev", "dev_mismatched")
    assert source.read("dev").texts[0] == ["validation_matched"]
    assert source.read("test_mismatched").texts[0] == ["test_mismatched"]
    np.testing.assert_array_equal(source.read("train").labels, [2])


@pytest.mark.large
def test_what_the_dataset_does_not_have_is_refused(make_builder):
    builder = make_builder(RTE, class_label("entailment", "not_entailment"))
    source = tfds_source("rte", builder=builder)
    message = r"Unknown split 'valid' of task 'rte'.*Known splits: train, dev"
    with pytest.raises(ValueError, match=message):
        source.read("valid")
    message = r"Unknown feature 'question' of dataset 'local_glue/1\.0\.0'"
    with pytest.raises(ValueError, match=message):
        tfds_source("qnli", builder=builder)
    message = r"labels of the task\. Received: \['entailment', 'not_entailm"
    with pytest.raises(ValueError, match=message):
        tfds_source("mrpc", builder=builder)


@pytest.mark.large
def test_a_dataset_that_is_not_there_is_refused(make_builder):
    builder = make_builder(RTE, class_label("entailment", "not_entailment"))
    message = r"nothing for 'local_glue/1\.0\.0' in '.*'\. Pass download=True"
    with pytest.raises(FileNotFoundError, match=message):
        tfds_source("rte", builder=builder, download=False)


def test_an_unknown_task_is_refused_before_anything_is_imported():
    message = r"Unknown GLUE task 'sst-2'\. Did you mean 'sst2'\?"
    with pytest.raises(ValueError, match=message):
        tfds_source("sst-2")
