"""Requests that meet in a batch, with a model that a test holds up."""

import asyncio
import threading
import time

import numpy as np
import pytest

from tf_adapters.server.batcher import Batcher
from tf_adapters.server.refusal import Refusal


class Model:
    """Doubles numbers; refuses negative ones; waits for `gate`."""

    def __init__(self):
        self.gate = threading.Event()
        self.sizes = []

    def compute(self, signature, inputs):
        assert self.gate.wait(10)
        values = inputs["x"]
        self.sizes.append(len(values))
        if (values < 0).any():
            raise Refusal("INVALID_ARGUMENT", f"row {values.argmin()}")
        return {"y": 2 * values}


def x(*values):
    return {"x": np.array(values, np.int32)}


def run(scenario, max_batch_size=4, max_queued_rows=100, num_threads=1):
    """Runs a scenario with a model, a batcher, and the sizes of batches."""

    async def main():
        model, sizes = Model(), []
        batcher = Batcher(
            num_threads, max_batch_size, max_queued_rows, sizes.append
        )
        try:
            return await scenario(model, batcher, sizes)
        finally:
            model.gate.set()
            batcher.close()

    return asyncio.run(main())


async def start(batcher, model, inputs, signature="s"):
    task = asyncio.create_task(batcher.compute(model, signature, inputs))
    await asyncio.sleep(0)
    return task


def test_what_waits_is_computed_together_and_told_apart():
    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(1))
        more = [await start(batcher, model, x(i, i + 1)) for i in (2, 4, 6)]
        assert batcher.num_queued == 6
        model.gate.set()
        answers = await asyncio.gather(first, *more)
        assert [a["y"].tolist() for a in answers] == [
            [2],
            [4, 6],
            [8, 10],
            [12, 14],
        ]
        # One alone, then as many as fit into four rows.
        assert sizes == model.sizes == [1, 4, 2]
        assert batcher.num_queued == 0

    run(scenario)


def test_a_request_larger_than_a_batch_is_one():
    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        large = await start(batcher, model, x(*range(9)))
        small = await start(batcher, model, x(1))
        model.gate.set()
        await asyncio.gather(first, large, small)
        assert sizes == [1, 9, 1]

    run(scenario)


def test_only_what_goes_together_meets():
    """Not another signature, another width, or inputs that disagree."""

    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        wide = {"x": np.zeros((2, 3), np.int32)}
        uneven = {**x(1, 2), "z": np.zeros(3, np.int32)}
        none = {"x": np.zeros(0, np.int32)}
        others = [
            await start(batcher, model, x(1)),
            await start(batcher, model, x(1), signature="t"),
            await start(batcher, model, wide),
            await start(batcher, model, uneven),
            await start(batcher, model, none),
        ]
        model.gate.set()
        await asyncio.gather(first, *others)
        assert len(sizes) == 6

    run(scenario)


def test_the_mistakes_of_one_are_its_own():
    """It is refused in the words that it would have alone."""

    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        tasks = [
            await start(batcher, model, inputs)
            for inputs in (x(1), x(2, -1), x(3))
        ]
        model.gate.set()
        answers = await asyncio.gather(first, *tasks, return_exceptions=True)
        assert [answers[i]["y"].tolist() for i in (1, 3)] == [[2], [6]]
        assert isinstance(answers[2], Refusal)
        assert answers[2].message == "row 1"

    run(scenario)


def test_outputs_that_are_not_of_rows_are_computed_alone():
    async def scenario(model, batcher, sizes):
        model.compute = lambda signature, inputs: {"y": np.array([7])}
        first = await start(batcher, model, x(1))
        both = [await start(batcher, model, x(i, i)) for i in range(2)]
        answers = await asyncio.gather(first, *both)
        assert [a["y"].tolist() for a in answers] == [[7]] * 3

    run(scenario)


def test_more_than_may_wait_is_refused_at_once():
    async def scenario(model, batcher, sizes):
        computed = await start(batcher, model, x(0))
        # Whatever its size, the first that waits does.
        waits = await start(batcher, model, x(*range(6)))
        with pytest.raises(Refusal, match="6 wait") as caught:
            await batcher.compute(model, "s", x(1))
        assert caught.value.code == "RESOURCE_EXHAUSTED"
        model.gate.set()
        await asyncio.gather(computed, waits)
        assert (await batcher.compute(model, "s", x(1)))["y"].tolist() == [2]

    run(scenario, max_queued_rows=5)


def test_who_has_given_up_is_not_computed():
    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        gone = await start(batcher, model, x(1, 1, 1))
        stays = await start(batcher, model, x(2))
        gone.cancel()
        await asyncio.sleep(0)
        model.gate.set()
        await asyncio.gather(first, stays)
        assert sizes == [1, 1]
        assert batcher.num_queued == 0

    run(scenario)


def test_nobody_waits_for_what_is_computed_when_it_is_closed():
    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        waits = await start(batcher, model, x(1))
        batcher.close()
        # Not before the model, which the test still holds up.
        assert not model.gate.is_set() and not first.done()
        model.gate.set()
        assert (await first)["y"].tolist() == [0]
        with pytest.raises(Refusal):
            await waits

    start_time = time.monotonic()
    run(scenario)
    assert time.monotonic() - start_time < 5


def test_kinds_take_turns():
    """A stream of one kind does not keep another waiting for ever."""

    async def scenario(model, batcher, sizes):
        first = await start(batcher, model, x(0))
        many = [await start(batcher, model, x(1, 1, 1, 1)) for _ in range(3)]
        other = await start(batcher, model, x(5), signature="t")
        model.gate.set()
        await other
        assert not many[-1].done()
        await asyncio.gather(first, *many)

    run(scenario)


def test_what_nobody_expects_is_told_and_the_next_are_computed():
    async def scenario(model, batcher, sizes):
        model.gate.set()
        wrong = {"x": np.array(["a"], object)}
        for _ in range(2):
            with pytest.raises(Refusal, match="TypeError") as caught:
                await batcher.compute(model, "s", wrong)
            assert caught.value.code == "INTERNAL"
        assert (await batcher.compute(model, "s", x(1)))["y"].tolist() == [2]

    run(scenario)
