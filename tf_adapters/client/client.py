"""Asks a server for the answers to texts."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from typing import Self

from tf_adapters.client.address import Address
from tf_adapters.client.answer import Answer
from tf_adapters.client.loop_thread import LoopThread
from tf_adapters.client.served_task import Description
from tf_adapters.client.served_task import ServedTask
from tf_adapters.client.served_task import read_tasks
from tf_adapters.client.server_error import ServerError

Text = str | tuple[str, str]


class Client:
    """Asks a model on TF Serving, or on `tf-adapters serve`, by REST or gRPC.

    It may be used from several threads and event loops at once. Any number of
    texts may be asked for: they are sent in requests of `batch_size`, a few of
    which are under way at a time.

    Args:
        url: `http://HOST:PORT/v1/models/NAME` or `grpc://HOST:PORT/NAME`, and
            `/versions/NUMBER` after it for a certain version. `https` and
            `grpcs` for TLS.
        batch_size: int. Most texts of a request. Defaults to 32.
        max_requests: int. Most requests under way. Defaults to 8.
        timeout: float. Seconds that a request may take. Defaults to 60.
        retries: int. How often a request is sent again if the server is
            unavailable, after 0.1 seconds, 0.2, 0.4 and so on, drawn somewhat
            shorter. Defaults to 5.

    Raises:
        ValueError: if an argument is none of these.
        ImportError: if what the scheme needs is not installed.

    Example:

    >>> client = Client("http://localhost:8501/v1/models/reviews")
    >>> client.ask("sentiment", ["I would order it again."])
    [Answer(task='sentiment', label='positive', scores={...}, value=None)]
    >>> client.ask("rte", [("A man sleeps.", "Nobody is awake.")])[0].label
    'entailment'
    """

    def __init__(
        self,
        url: str,
        batch_size: int = 32,
        max_requests: int = 8,
        timeout: float = 60.0,
        retries: int = 5,
    ) -> None:
        address = Address.parse(url)
        _check("batch_size", batch_size, 1)
        _check("max_requests", max_requests, 1)
        _check("retries", retries, 0)
        self._batch_size = batch_size
        self._retries = retries
        self._under_way = asyncio.Semaphore(max_requests)
        self._described: Description | None = None
        self._transport = _transport(address, timeout)
        self._loop = LoopThread()

    def ask(
        self, task: str | Sequence[str], texts: Sequence[Text]
    ) -> list[Answer]:
        """Asks for answers and waits for them.

        Args:
            task: name of the task, or a list of names, one for each text.
            texts: a list of texts; of tuples of two texts for tasks of pairs.

        Returns:
            list of `Answer`, one for each text.

        Raises:
            ValueError: if `task` and `texts` do not go together.
            ServerError: if the server refuses a request, with its words.
            RuntimeError: if the client is closed, or is meanwhile.
        """
        return self._loop.wait(self._ask(task, texts))

    async def ask_async(
        self, task: str | Sequence[str], texts: Sequence[Text]
    ) -> list[Answer]:
        """As `ask`, for callers with an event loop, which goes on meanwhile."""
        started = self._loop.start(self._ask(task, texts))
        return await asyncio.wrap_future(started)

    def tasks(self) -> dict[str, ServedTask]:
        """Returns the tasks of the model by name, as the server has them."""
        return self._loop.wait(self._read_tasks())

    async def tasks_async(self) -> dict[str, ServedTask]:
        """As `tasks`, for callers with an event loop."""
        return await asyncio.wrap_future(self._loop.start(self._read_tasks()))

    def close(self) -> None:
        """Closes the connections. The client cannot be used any more.

        Who waits for an answer in another thread gets a `RuntimeError`.
        """
        self._loop.stop(self._transport.close)

    def __enter__(self) -> Self:
        """Returns the client, which is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the client."""
        self.close()

    async def __aenter__(self) -> Self:
        """Returns the client, which is closed at the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the client."""
        await asyncio.to_thread(self.close)

    async def _ask(self, task, texts) -> list[Answer]:
        inputs = _inputs(task, texts)
        for _ in range(2):
            if self._described is None:
                await self._read_tasks()
            before = self._described
            answers = await self._ask_batches(inputs, len(texts))
            has_classes = any(answer.scores for answer in answers)
            if before.version is not None or not has_classes:
                return answers
            # These do not say which version gave them.
            if await self._read_tasks() == before.tasks:
                return answers
        raise _changed()

    async def _ask_batches(self, inputs, num_texts) -> list[Answer]:
        size = self._batch_size
        parts = [
            asyncio.create_task(
                self._ask_batch({k: v[i : i + size] for k, v in inputs.items()})
            )
            for i in range(0, num_texts, size)
        ]
        try:
            answers = await asyncio.gather(*parts)
        finally:
            # What was not sent when one failed need not be.
            for part in parts:
                part.cancel()
        return [answer for part in answers for answer in part]

    async def _ask_batch(self, inputs: dict[str, list[str]]) -> list[Answer]:
        # The server may have begun to serve a version with other labels.
        for _ in range(2):
            outputs, version = await self._predict("serving_default", inputs)
            if version != self._described.version:
                await self._read_tasks()
            described = self._described
            if version == described.version:
                answers = _answers(described.tasks, inputs["task"], outputs)
                if all(answers):
                    return answers
                await self._read_tasks()
        raise _changed()

    async def _read_tasks(self) -> dict[str, ServedTask]:
        outputs, version = await self._predict("describe_tasks", {"task": [""]})
        tasks = read_tasks(outputs["metadata"][0])
        self._described = Description(version, tasks)
        return tasks

    async def _predict(self, signature: str, inputs: dict[str, list[str]]):
        """Sends a request, and sends it again where nobody answers."""
        for attempt in range(self._retries + 1):
            try:
                async with self._under_way:
                    return await self._transport.predict(signature, inputs)
            except ServerError as error:
                if error.code != "UNAVAILABLE" or attempt == self._retries:
                    raise
            await asyncio.sleep(0.1 * 2**attempt * random.uniform(0.5, 1))


def _transport(address: Address, timeout: float):
    # Whoever asks by one of them need not have the other.
    try:
        if address.scheme in ("grpc", "grpcs"):
            from tf_adapters.client.grpc import GrpcTransport

            return GrpcTransport(address, timeout)
        from tf_adapters.client.rest import RestTransport

        return RestTransport(address, timeout)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"To ask {address.scheme}://, {error.name} must be installed: "
            "pip install 'tf_adapters[client]'."
        ) from error


def _check(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"`{name}` must be an int of at least {least}. Received: "
            f"{name}={value!r}."
        )


def _changed() -> ServerError:
    return ServerError(
        "ABORTED",
        "The answers must be those of the tasks that the server describes. "
        "It has changed them meanwhile, more than once. Ask again.",
    )


def _answers(
    tasks: dict[str, ServedTask], names: list[str], outputs: dict[str, Any]
) -> list[Answer | None]:
    """Returns answers, `None` for those that are of another version."""
    columns = ("label", "label_index", "scores")
    rows = zip(*(outputs[name] for name in columns), strict=True)
    return [
        tasks[name].answer(dict(zip(columns, row, strict=True)))
        if name in tasks
        else None
        for name, row in zip(names, rows, strict=True)
    ]


def _inputs(
    task: str | Sequence[str], texts: Sequence[Text]
) -> dict[str, list[str]]:
    """Returns the columns of a request."""
    if isinstance(texts, str):
        raise ValueError(
            "`texts` must be a list of texts. Received: a str. Write "
            f"[{texts[:40]!r}]."
        )
    names = [task] * len(texts) if isinstance(task, str) else list(task)
    if len(names) != len(texts):
        raise ValueError(
            "`task` must be one name, or a list of one for each text. "
            f"Received: {len(names)} names for {len(texts)} texts."
        )
    pairs = []
    for text in texts:
        pair = (text, "") if isinstance(text, str) else tuple(text)
        if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise ValueError(
                "`texts` must hold texts, or tuples of two texts. Received: "
                f"{text!r}."
            )
        pairs.append(pair)
    return {
        "text": [text for text, _ in pairs],
        "text_pair": [second for _, second in pairs],
        "task": names,
    }
