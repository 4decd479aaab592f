"""What becomes of a task whose card failed: another process tries it, or the run stops clearly.

After some errors no call of a process can use the card (`tamis.card_faults`), so that a second try
in the same process fails, too. A worker that has a nanny ends its process: the nanny starts a new
one, and the scheduler gives the task to whoever is free, as often as its `allowed-failures` says.
One whose card is out of order again leaves the cluster, if others can do its work. Where there is
no second process, the error names card, step and partition; a run is then resumed by a new process.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

from tamis.accelerator import known
from tamis.card_faults import Fault, fault
from tamis.errors import CardError

TOPIC = "tamis-card"  # under which the scheduler keeps what became of cards
ENDED = 86  # exit code of a process whose card failed
_SECONDS = 20.0  # for telling the scheduler, and the nanny
_LATELY = 600.0  # seconds in which a card that fails twice is out of order

log = logging.getLogger(__name__)
Given = ParamSpec("Given")
Made = TypeVar("Made")


def guarded(function: Callable[Given, Made], *call: Given.args, **settings: Given.kwargs) -> Made:
    """`function(*call, **settings)`, a task; `CardError` if the card failed and nobody else is there.

    On a worker with a nanny it does not come back then: the process ends.
    """  # noqa: E501
    try:
        return function(*call, **settings)
    except Exception as error:
        found = fault(error)
        if found is None:
            raise
        if not isinstance(error, CardError):
            error = _named(found, error)
        _leave(found, error)
        raise error


def guards(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """A function that is a task of a lazy frame, `guarded`."""

    @functools.wraps(function)
    def run(*call: Given.args, **settings: Given.kwargs) -> Made:
        return guarded(function, *call, **settings)

    return run


@contextlib.contextmanager
def during(what: str) -> Iterator[None]:
    """Let an error say what was being done."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {what}")
        raise


def explained(client: Any, killed: BaseException) -> CardError | None:
    """Why a task's workers died, if that was for their cards; `killed` is a `KilledWorker`."""
    task, last, allowed = killed.args
    events = [event for _, event in client.get_events(TOPIC) or ()]
    own = [event for event in events if event["task"] == str(task)]
    own = own or [event for event in events if event["worker"] == last.address]
    if not own:
        return None
    return CardError(f"{own[-1]['told']}; {allowed + 1} processes of workers ended so, one by one")


def _named(found: Fault, error: BaseException) -> CardError:
    """The error that names the card, the step and the partition."""
    notes: list[str] = []
    at: BaseException | None = error
    while at is not None:
        notes += [note for note in getattr(at, "__notes__", ()) if note.startswith("in ")]
        at = at.__cause__
    where = ", ".join(dict.fromkeys(notes))
    made = CardError(
        f"{_card()} failed{' ' if where else ''}{where}: {found.says} ({found.name}); "
        "no later call of that process can use it"
    )
    made.__cause__ = error
    return made


def _card() -> str:
    """The card of this process. The driver is not asked: it may hang now."""
    which = os.environ.get("CUDA_VISIBLE_DEVICES") or ""
    names = ", ".join(dict.fromkeys(device.name for device in known().devices))
    told = f" ({names})" if names else ""
    return f"the GPU {which}{told} of {socket.gethostname()}".replace("GPU  ", "GPU ")


def _leave(found: Fault, error: CardError) -> None:
    """End this process if it is a worker's, and a nanny will start another."""
    worker = nannied()
    if worker is None:
        return
    log.error("%s; this process ends, so that the task is tried in another one", error)
    try:
        task = worker.get_current_task()
    except Exception:  # not called by a task, but by a thread of one
        task = ""
    note = {"told": str(error), "task": str(task), "worker": worker.address,
            "name": str(worker.name), "gone": found.gone}  # fmt: skip
    try:
        told = asyncio.run_coroutine_threadsafe(_tell(worker, note), worker.loop.asyncio_loop)
        told.result(_SECONDS)
    except Exception as untold:  # a scheduler that does not answer counts deaths anyway
        log.warning("the scheduler is not told: %s: %s", type(untold).__name__, untold)
    logging.shutdown()
    os._exit(ENDED)


def nannied() -> Any:
    """The worker that this process is, if a nanny will start another when it ends; else None."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        worker = distributed.get_worker()
    except ValueError:
        return None
    return worker if worker.nanny else None


async def _tell(worker: Any, note: Mapping[str, Any]) -> None:
    """Leave word at the scheduler; for a card that is gone, have the nanny start no process."""
    await worker.scheduler.log_event(topic=TOPIC, msg=note)
    events = await worker.scheduler.events(topic=TOPIC)
    lately = [event for stamp, event in events if events[-1][0] - stamp < _LATELY]
    gone = [event["name"] for event in lately if event["gone"]]
    if gone.count(note["name"]) > 1 and await _others(worker, set(gone)):
        log.error("worker %s leaves the cluster: its card is out of order", note["name"])
        await worker.rpc(worker.nanny).close_gracefully(reason="tamis-card-is-gone")


async def _others(worker: Any, failed: set[str]) -> bool:
    """Whether workers whose cards are sound can do what this one does."""
    own = worker.state.total_resources
    workers = (await worker.scheduler.identity(n_workers=-1))["workers"]
    return any(
        str(other["name"]) not in failed
        and all((other.get("resources") or {}).get(k, 0) >= v for k, v in own.items())
        for address, other in workers.items()
        if address != worker.address
    )
