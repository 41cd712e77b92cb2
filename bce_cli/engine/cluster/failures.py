"""The ways in which a cluster fails, as errors of one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bce_cli import __version__
from bce_cli.errors import EngineError, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREACHABLE = "cannot be reached"
IDLE = "has no workers"
LOST = "was lost"

_HINTS = {
    UNREACHABLE: "is its scheduler running, and is the address right?",
    IDLE: "dask worker ADDRESS starts one",
    LOST: "run it again once its scheduler is back; nothing was written",
}


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
    from concurrent.futures import CancelledError  # noqa: PLC0415 -- not for other engines

    from distributed.client import ClosedClientError
    from distributed.scheduler import KilledWorker

    try:
        yield
    except KilledWorker:
        message = f"{name}: one worker after the other died at the same part of the data"
        raise EngineError(message, "they may have run out of memory") from None
    except (OSError, CancelledError, ClosedClientError) as error:
        reason = safe_text(str(error).partition("\n")[0]) or "it does not answer"
        message = f"the cluster {name} {what}: {reason}"
        raise EngineError(message, _HINTS[what]) from None
    except ImportError:
        raise other_version(name) from None
    except RuntimeError as error:
        if "deserializ" not in str(error):
            raise
        raise other_version(name) from None


def other_version(where: str) -> EngineError:
    """Say that another version runs somewhere, or none."""
    message = f"{where}: bce {__version__} is not installed there"
    return EngineError(
        message, "scheduler and workers need bce, dask and distributed in the same versions"
    )
