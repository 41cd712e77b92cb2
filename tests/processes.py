"""How tests start processes: with signals as from a terminal, and not to outlive the tests."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def let_children_be_interrupted() -> None:
    """Start processes that Ctrl-C and a hangup end, even where these are ignored, as under nohup.

    A process inherits that a signal is ignored, and not that it is handled. So the signal is
    handled, by doing nothing: what was told to ignore it goes on doing so.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@contextmanager
def serving(*words: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ANN401
    """Run ``python WORDS`` beside the tests; it is killed at the end, and dies with this process.

    Its standard input is a pipe that nobody writes to. However this process ends, the system closes
    the pipe, and that is the end of the other, too.
    """
    command = [sys.executable, __file__, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _end_with_the_pipe() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":  # processes.py -m MODULE WORDS, or processes.py FILE WORDS
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    del sys.argv[0], sys.path[0]
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
