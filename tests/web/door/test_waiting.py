"""What the event loop waits at: commits, other people's patience, and refusals that cost time."""

import asyncio
import time
from collections.abc import Coroutine
from threading import Thread
from typing import Any

import pytest

from web.door.answers import refused
from web.door.commit_gate import Burst, CommitGate
from web.door.patience import Patience
from web.door.suspects import A_SECOND, BURST, MOST_NETWORKS, Suspects

NO = refused(401, "bad_signature", "No.")


def run(play: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(play, 20))


def test_one_wake_up_opens_all_gates_of_a_burst() -> None:
    async def play() -> None:
        wakes, left = [], []
        loop = asyncio.get_running_loop()
        burst = Burst(loop)
        wake = burst._wake
        burst._wake = lambda: (wakes.append(1), wake())  # type: ignore[method-assign]
        gates = [CommitGate(burst, lambda: left.append(1)) for _ in range(500)]
        writer = Thread(target=lambda: [gate.release() for gate in gates])
        writer.start()
        time.sleep(0.1)  # The loop is busy while the writer releases.
        await asyncio.gather(*(gate.acquire() for gate in gates))
        writer.join()
        assert (len(wakes), len(left)) == (1, 500)

    run(play())


def test_a_gate_may_open_after_its_caller_left_or_its_loop_was_closed() -> None:
    async def play() -> CommitGate:
        burst = Burst(asyncio.get_running_loop())
        gate = CommitGate(burst, lambda: None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate.acquire(), 0.01)
        gate.release()
        await asyncio.sleep(0.01)
        return CommitGate(burst, lambda: None)

    asyncio.run(play()).release()


def test_patience_ends_a_wait_and_nothing_else() -> None:
    async def play() -> None:
        patience = Patience(0.3)
        with patience.wait():
            await asyncio.sleep(0.01)
        began = time.monotonic()
        with pytest.raises(TimeoutError), patience.wait():
            await asyncio.sleep(10)
        assert 0.2 < time.monotonic() - began < 5
        await asyncio.sleep(0.4)  # What is over is not ended again.
        with pytest.raises(ValueError, match="mine"), patience.wait():
            raise ValueError("mine")

    run(play())


def test_a_task_that_is_ended_by_others_is_ended_by_others() -> None:
    async def waiting(patience: Patience) -> None:
        with patience.wait():
            await asyncio.sleep(10)

    async def play() -> None:
        task = asyncio.create_task(waiting(Patience(5)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(play())


def test_refusals_beyond_the_limit_wait_and_the_limit_comes_back() -> None:
    async def play() -> None:
        clock = [0.0]
        suspects = Suspects(lambda: clock[0])
        free = [await suspects.refuse("1.2.3.4", NO) for _ in range(BURST)]
        assert {answer.status for answer in free} == {401}
        assert suspects.is_suspect("1.2.3.4")
        assert not suspects.is_suspect("1.2.3.5")
        began = time.monotonic()
        late = await asyncio.gather(*(suspects.refuse("1.2.3.4", NO) for _ in range(30)))
        assert time.monotonic() - began > 0.5
        assert {(answer.status, answer.outcome, answer.quiet) for answer in late} == {
            (429, "bad_signature", True)
        }
        clock[0] += 1
        again = [await suspects.refuse("1.2.3.4", NO) for _ in range(A_SECOND)]
        assert {answer.status for answer in again} == {401}

    run(play())


def test_so_many_networks_are_remembered_and_no_more() -> None:
    async def play() -> None:
        suspects = Suspects(lambda: 0.0)
        for n in range(MOST_NETWORKS + 100):
            await suspects.refuse(f"network {n}", NO)
        assert len(suspects._left) == MOST_NETWORKS

    run(play())
