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


def test_what_somebody_has_changed_stays(tmp_path):
    (tmp_path / "batching.config").write_text("max_batch_size { value: 8 }")
    written = write_serving_configs(tmp_path, "reviews")
    assert [f.name for f in written] == ["models.config", "monitoring.config"]
    assert "8" in (tmp_path / "batching.config").read_text()


@pytest.mark.parametrize("name", ["a/b", "", "a b", "ä"])
def test_a_name_that_is_none_in_a_url_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="`name` must be letters.*Received"):
        write_serving_configs(tmp_path, name)
