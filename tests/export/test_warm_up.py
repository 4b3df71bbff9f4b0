import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from tf_adapters.data.task import Task
from tf_adapters.export.warm_up import FILE
from tf_adapters.export.warm_up import write_warm_up


@pytest.fixture(scope="module")
def requests(folder):
    """What TF Serving reads, as it reads it."""
    records = tf.data.TFRecordDataset(str(folder / FILE))
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in records
    ]
    return [log.predict_log.request for log in logs]


@pytest.mark.large
def test_every_signature_is_asked(requests, artefact):
    signatures = [request.model_spec.signature_name for request in requests]
    # Up to 16 tokens, one row and eight; other tasks than the first, one row.
    twice = {"serving_default", "token_ids", "sentiment"}
    assert {name: signatures.count(name) for name in signatures} == {
        name: 1 + (name in twice)
        for name in artefact.signatures
        if not name.startswith("describe")
    }


@pytest.mark.large
def test_every_request_is_answered(requests, artefact):
    for request in requests:
        inputs = {
            name: tf.constant(tf.make_ndarray(proto))
            for name, proto in request.inputs.items()
        }
        name = request.model_spec.signature_name
        answers = artefact.signatures[name](**inputs)
        rows = next(iter(inputs.values())).shape[0]
        assert rows in (1, 8)
        assert answers["scores"].shape[0] == rows


@pytest.mark.large
def test_texts_are_as_long_as_the_longest_that_is_read(requests):
    texts = [
        text.decode()
        for request in requests
        if request.model_spec.signature_name == "sentiment"
        for text in request.inputs["sentence"].string_val
    ]
    # 14 words and two special tokens.
    assert {len(text.split()) for text in texts} == {14}


def test_no_more_than_tf_serving_reads(tmp_path):
    tasks = [
        Task(name=f"t{i}", text_columns=("text",), labels=("a", "b"))
        for i in range(1200)
    ]
    spec = tf.TensorSpec((None,), tf.string, name="text")
    signature = tf.function(lambda text: text).get_concrete_function(spec)
    write_warm_up(tmp_path, tasks, 16, {t.name: signature for t in tasks}, {})
    records = tf.data.TFRecordDataset(str(tmp_path / FILE))
    assert sum(1 for _ in records) == 1000
