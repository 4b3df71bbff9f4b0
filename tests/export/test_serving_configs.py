import re

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from tf_adapters.export import write_serving_configs


def test_tf_serving_can_read_which_model_there_is(tmp_path):
    path = tmp_path / "reviews"
    files = [file.name for file in write_serving_configs(path)]
    assert files == ["models.config", "batching.config", "monitoring.config"]
    text = (path / "models.config").read_text()
    config = text_format.Parse(
        text, model_server_config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("reviews", "/models/reviews")
    assert model.model_version_policy.latest.num_versions == 1


# Fields of TF Serving's `BatchingParameters` that are wrapped numbers.
BATCHING = {
    "max_batch_size",
    "batch_timeout_micros",
    "max_enqueued_batches",
    "num_batch_threads",
    "enable_large_batch_splitting",
    "max_execution_batch_size",
}


def test_a_request_of_more_rows_than_a_batch_is_split(tmp_path):
    write_serving_configs(tmp_path, "reviews")
    text = (tmp_path / "batching.config").read_text()
    lines = [x for x in text.splitlines() if not x.startswith("#")]
    found = [re.fullmatch(r"(\w+) \{ value: (\w+) \}", x) for x in lines]
    values = dict(match.groups() for match in found)
    assert set(values) <= BATCHING
    assert values["enable_large_batch_splitting"] == "true"
    # One request may wait in parts: there is room for all of them.
    rows, batch = (
        int(values[name])
        for name in ("max_batch_size", "max_execution_batch_size")
    )
    assert batch < rows <= batch * int(values["max_enqueued_batches"])


def test_what_somebody_has_changed_stays(tmp_path):
    (tmp_path / "batching.config").write_text("max_batch_size { value: 8 }")
    written = write_serving_configs(tmp_path, "reviews")
    assert [f.name for f in written] == ["models.config", "monitoring.config"]
    assert "8" in (tmp_path / "batching.config").read_text()


@pytest.mark.parametrize("name", ["a/b", "", "a b", "ä"])
def test_a_name_that_is_none_in_a_url_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="`name` must be letters.*Received"):
        write_serving_configs(tmp_path, name)
