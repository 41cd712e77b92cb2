"""The command line; the only package that knows Typer."""

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, FunctionType
from typing import Any, NoReturn


@contextlib.contextmanager
def _ended_by_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once, and without a traceback, while modules are loaded.

    Not where it is ignored, as in the background of a script.
    """
    before = signal.getsignal(signal.SIGINT)
    is_ours = before is not signal.SIG_IGN
    is_ours &= threading.current_thread() is threading.main_thread()
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, before)


# No matrix here is large, and the threads of NumPy's BLAS would spin beside those that work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
gc.set_threshold(100_000, 20, 20)  # loading modules makes many objects and hardly any garbage

with _ended_by_interrupt():
    from bce_cli.cli.limited import go_on_in_child, is_limited
    from bce_cli.errors import shortage, spelt


def _commands() -> Any:  # noqa: ANN401 -- of Typer, whose classes have no public names
    import typer.main  # noqa: PLC0415 -- completion needs it now and then

    from bce_cli.cli.app import app  # noqa: PLC0415 -- as above

    return typer.main.get_command(app)


_STACK_SLOTS = 17_000  # of 8 bytes; the chunk is the next power of two, so nearly half is free


def main() -> None:
    """Run `bce`; ends in SystemExit."""
    with _ended_by_interrupt():
        if "_BCE_COMPLETE" in os.environ:
            from bce_cli.cli.completion import answered  # noqa: PLC0415 -- shells ask for it

            if answered(os.environ, _commands):
                sys.exit(0)
        from bce_cli.cli.app import app  # noqa: PLC0415 -- `run` says how its failures end
    app()


def _with_deep_stack(function: Callable[[], None]) -> Callable[[], None]:
    """Return a function that does the same, with room for many calls within it.

    CPython keeps frames in chunks of 16 KiB, and maps and unmaps a chunk for each call that happens
    to cross the end of one. Where Typer calls a command it is that deep, and importing modules from
    there cost thousands of such calls. A function that claims a large stack gets a large chunk,
    whose rest serves the calls within.
    """
    code = function.__code__.replace(co_stacksize=_STACK_SLOTS)
    return FunctionType(code, function.__globals__)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def run() -> NoReturn:
    """Run `bce`, and end the process at once.

    Taking the interpreter and its libraries apart would last longer than the work on a small file,
    and by now all output is flushed, every file closed and every thread joined.
    """
    code: str | int | None
    if is_limited():
        go_on_in_child()
    for name in ("SIGTERM", "SIGHUP"):  # temporary files are removed, as after Ctrl-C
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    try:
        _with_deep_stack(main)()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except Exception as error:  # while modules were loaded; all else ends in SystemExit
        lacking = shortage(error)
        if lacking is None:
            raise
        message = spelt(lacking.said[0], lambda given: f"--{given[0][0]}")
        os.write(2, f"bce: error: {message}\n".encode())
        code = 71
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
