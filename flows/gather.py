"""Runs tasks side by side in threads and takes what they tell, failed or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from prefect import State
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, Failed

from tasks.steps import Summary


async def results(futures: Sequence[PrefectFuture[Any]]) -> list[State[Any]]:
    """The final states, in order. One that failed does not disturb the others."""
    await asyncio.to_thread(wait, list(futures))
    return [future.state for future in futures]


async def result(future: PrefectFuture[Any]) -> State[Any]:
    """The final state of one task run."""
    return (await results([future]))[0]


async def summaries(states: Sequence[State[Any]]) -> list[Summary]:
    """What each step told: the data of its final state. A step that broke unexpectedly told nothing."""
    return [told for state in states if isinstance(told := await state.aresult(raise_on_failure=False), dict)]


async def summary(state: State[Any]) -> Summary:
    """What one step told; empty where it broke unexpectedly."""
    return next(iter(await summaries([state])), {})


async def told(states: Sequence[State[Any]], data: Any, message: str) -> State[Any]:
    """The state of a flow over these task runs: failed if any of them failed, with their sentences."""
    failed = [state.message or "" for state in states if state.is_failed() or state.is_crashed()]
    if failed:
        return Failed(message="; ".join(failed), data=data)
    return Completed(message=message, data=data)
