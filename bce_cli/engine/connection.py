"""The way to a cluster, one that is there or one of processes on this machine, and how it fails."""

from __future__ import annotations

import logging
import os
import signal
import time
from concurrent.futures import wait
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bce_cli.engine.outcome import version_here
from bce_cli.errors import (
    ArgumentError,
    EngineError,
    UsageError,
    argument,
    given,
    safe_text,
    shortage,
)
from bce_cli.lean_dataclass import dataclass
from bce_cli.storage.paths import shown_path, without_secrets_in
from bce_cli.storage.stores import in_a_thread
from bce_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_SECONDS_TO_CONNECT = 10
_SECONDS_FOR_A_WORKER = 60
_SECONDS_TO_CLOSE = 5
_SECONDS_TO_ANSWER = 30
_SECONDS_BETWEEN_LOOKS = 0.1
_SILENT = logging.CRITICAL + 1
_SETTINGS: dict[str, Any] = {
    "distributed.comm.timeouts.connect": f"{_SECONDS_TO_CONNECT}s",
    # Not the default, which has every array returned to the system and takes twice the time.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
}

UNREACHABLE = "cannot be reached"
IDLE = "has no workers"
LOST = "was lost"

_HINTS = {
    UNREACHABLE: "is its scheduler running, and is the address right?",
    IDLE: "dask worker ADDRESS starts one",
    LOST: "run it again once its scheduler is back; nothing was written",
}

_GUARD = "workers import the script that starts them: it must ask under if __name__ == '__main__':"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster is to do the work.

    Attributes
    ----------
    scheduler : str or None
        Address of the scheduler of a cluster that is there; None starts processes here.
    n_workers : int
        How many of these.
    """

    scheduler: str | None
    n_workers: int

    @property
    def name(self) -> str:
        """What messages call it."""
        if self.scheduler is None:
            return "of this machine"
        _, is_named, host = self.scheduler.rpartition("@")
        has_scheme = "://" in self.scheduler
        return shown_path(f"***@{host}" if is_named and not has_scheme else self.scheduler)


@contextmanager
def connected(cluster: Cluster) -> Iterator[Any]:
    """Provide a client of a cluster whose workers have this version of the program.

    Raises
    ------
    UsageError
        Dask is not installed, or (`ArgumentError`) the address is none.
    EngineError
        The cluster cannot be reached, or has no workers, or others than these.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        message = f"{given(engine='dask')} needs packages that are not installed: {error}"
        raise shortage(error) or UsageError(message, "pip install dask distributed") from None
    _silence()
    client_class: Any = Client
    with ExitStack() as opened:
        opened.enter_context(dask.config.set(_SETTINGS))
        with explained(cluster.name, UNREACHABLE), _addresses_checked(cluster):
            address = cluster.scheduler or _started(cluster.n_workers, opened)
            connect = partial(
                client_class, address, timeout=_SECONDS_TO_CONNECT, set_as_default=False
            )
            client = connect() if cluster.scheduler is None else _greeted(connect)
        opened.callback(_close, client)
        _check_workers(client, cluster)
        yield client


def _greeted(connect: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Connect to what may be no scheduler at all, for whose greeting Dask waits without end."""
    from concurrent.futures import CancelledError  # noqa: PLC0415 -- rarely needed

    try:
        return answered(connect, _SECONDS_TO_CONNECT)
    except (OSError, ImportError, RuntimeError, CancelledError):
        raise
    except Exception as error:
        if type(error) is ValueError:  # of an address; greetings that cannot be read have their own
            raise
        message = "what answers there is no scheduler"
        raise OSError(message) from None


def _silence() -> None:
    """Keep the log of a cluster off standard error; what matters in it becomes an error."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(_SILENT)


@contextmanager
def _addresses_checked(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        reason = shown_reason(str(error), cluster.scheduler)
        message = f"{argument('scheduler')} {cluster.name} is no address: {reason}"
        raise ArgumentError(message, "such as tcp://host:8786") from None


def _started(n_workers: int, opened: ExitStack) -> Any:  # noqa: ANN401 -- has no types
    from distributed import LocalCluster

    cluster_class: Any = LocalCluster
    with interrupts_held():
        return opened.enter_context(
            cluster_class(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # tells of its health there, and shows nothing
                scheduler_kwargs={"dashboard": False},
                memory_limit=0,  # no worker is ended for what others take of this machine
                silence_logs=_SILENT,
            )
        )


def _close(client: Any) -> None:  # noqa: ANN401
    with suppress(Exception):  # all answers are here, or there is an error already
        client.close(timeout=_SECONDS_TO_CLOSE)


def _check_workers(client: Any, cluster: Cluster) -> None:  # noqa: ANN401
    """Wait for a worker, and compare the versions of all that are there."""
    with explained(cluster.name, IDLE):
        client.submit(version_here, pure=False).result(timeout=_SECONDS_FOR_A_WORKER)
        versions = answered(partial(client.run, version_here))
    for address, version in sorted(versions.items()):
        if version != __version__:
            raise other_version("the worker " + shown_path(address))


def answered(question: Callable[[], T], n_seconds: float | None = None) -> T:
    """Return what a cluster says to a question; raise OSError if it says nothing in time.

    Dask gives most questions no limit of their own. One without an answer is left to a thread that
    ends with this process.

    Parameters
    ----------
    question : callable () -> value
    n_seconds : float, optional
        By default those that a scheduler may be busy for.

    Examples
    --------
    >>> answered(lambda: 8786)
    8786
    """
    result = in_a_thread(question)
    limit = _SECONDS_TO_ANSWER if n_seconds is None else n_seconds
    deadline = time.monotonic() + limit
    while not result.done():
        if time.monotonic() > deadline:
            message = f"it does not answer within {limit:g} s"
            raise OSError(message)
        wait([result], timeout=_SECONDS_BETWEEN_LOOKS)  # for Ctrl-C, too
    return result.result()


def shown_reason(reason: str, address: str | None = None) -> str:
    """Return what Dask says, without the secrets of the addresses in it, or those of this one."""
    return safe_text(without_secrets_in(reason, address))


@contextmanager
def explained(name: str, what: str) -> Iterator[None]:
    """Turn whatever a cluster that fails may raise into EngineError.

    Parameters
    ----------
    name : str
        What messages call the cluster.
    what : str
        What has become of it if it does not answer.
    """
    from concurrent.futures import CancelledError  # noqa: PLC0415 -- rarely needed

    from distributed.client import ClosedClientError
    from distributed.scheduler import KilledWorker

    try:
        yield
    except KilledWorker:
        message = f"{name}: one worker after the other died at the same part of the data"
        raise EngineError(message, "they may have run out of memory") from None
    except (OSError, CancelledError, ClosedClientError) as error:
        if (lacking := shortage(error)) is not None:
            raise lacking from None
        reason = shown_reason(str(error).partition("\n")[0]) or "it does not answer"
        message = f"the cluster {name} {what}: {reason}"
        raise EngineError(message, _HINTS[what]) from None
    except ImportError as error:
        raise shortage(error) or other_version(name) from None
    except RuntimeError as error:
        if shortage(error) is None and "failed to start" in str(error):
            message = f"the cluster {name} cannot be started: its workers fail as they start"
            raise EngineError(message, _GUARD) from None
        if shortage(error) is not None or "deserializ" not in str(error):
            raise
        raise other_version(name) from None


def other_version(where: str) -> EngineError:
    """Say that another version runs somewhere, or none."""
    message = f"{where}: bce {__version__} is not installed there"
    return EngineError(
        message, "scheduler and workers need bce, dask and distributed in the same versions"
    )


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Put off Ctrl-C until the block ends; threads and processes started in it never get it.

    A terminal sends it to them too, but to end them is up to this process.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    _start_resource_tracker()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_resource_tracker() -> None:
    """Start what Python removes semaphores with that an end by a signal leaves.

    Started later, it would take the signal from its hold. It does its work without a warning.
    """
    from multiprocessing import resource_tracker  # noqa: PLC0415 -- rarely needed

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
