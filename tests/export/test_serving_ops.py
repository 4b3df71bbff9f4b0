"""An export holds operations that TF Serving registers, and no others."""

import pathlib

import keras_nlp
import pytest
from tensorflow.core.protobuf import saved_model_pb2

from tests.export.conftest import VOCABULARY
from tests.export.conftest import make_backbone
from tests.method_table import METHODS
from tf_adapters.export import export_saved_model

ALLOWED = {
    line
    for line in pathlib.Path(__file__)
    .with_name("serving_ops.txt")
    .read_text()
    .splitlines()
    if not line.startswith("#")
}


def operations(folder):
    written = saved_model_pb2.SavedModel()
    content = (pathlib.Path(folder) / "saved_model.pb").read_bytes()
    written.ParseFromString(content)
    graph = written.meta_graphs[0].graph_def
    nodes = [*graph.node]
    for function in graph.library.function:
        nodes += function.node_def
    return {node.op for node in nodes}


def test_an_exported_model_uses_what_tf_serving_knows(folder):
    assert operations(folder) <= ALLOWED


@pytest.mark.large
@pytest.mark.parametrize(
    "method", ["compacter", "lora_everywhere", "pals", "prompt_tuning"]
)
def test_so_does_every_kind_of_method(classifier_of, tmp_path, method):
    tokenizer = keras_nlp.models.BertTokenizer(
        vocabulary=VOCABULARY, lowercase=True, strip_accents=True
    )
    model = classifier_of(
        make_backbone(), tokenizer=tokenizer, method=METHODS[method]()
    )
    path = export_saved_model(model, tmp_path, sequence_length=16)
    used = operations(path)
    assert used <= ALLOWED
    # Those of this tokenizer, which the others do not have.
    assert {"StringLower", "NormalizeUTF8"} <= used
