"""Asks a server for what a model says of texts. Imports no TensorFlow.

with Client("http://localhost:8501/v1/models/reviews") as client:
    [answer] = client.ask("sentiment", ["I would order it again."])
    print(answer.label, answer.scores)
"""

from tf_adapters.client.answer import Answer
from tf_adapters.client.client import Client
from tf_adapters.client.served_task import ServedTask
from tf_adapters.client.server_error import ServerError
