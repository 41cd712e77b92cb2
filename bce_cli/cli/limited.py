"""Where memory is limited, the work is done in a child, whose sudden end is told in one line.

Some libraries end the process when they get no memory, from within their C++ code, and say so in
words of their own. Python cannot go on then; the process that started it can.
"""

import math
import os
import signal
from contextlib import suppress
from typing import NoReturn

_ERROR = b"bce: error: "
_SHORTAGE = _ERROR + b"out of memory; fewer --workers take less\n"
_SHORTAGE_CODE = 71
_ABORTS = ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL")
_LOADER_FAILED = 127  # how the loader of libraries ends a process
_COMPLAINT = b"OpenBLAS error: Memory allocation"
_FROM_TERMINAL = 128  # the code of a signal that comes from the kernel: all its processes get it


def is_limited(most: float = math.inf) -> bool:
    """Whether this process may not take so many bytes of memory; else, all that the machine has."""
    try:
        import resource  # noqa: PLC0415 -- no such module everywhere
    except ImportError:
        return False
    limits = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    found = [resource.getrlimit(kind)[0] for kind in limits]
    return any(limit != resource.RLIM_INFINITY and limit < most for limit in found)


def go_on_in_child() -> None:
    """Return in a child; this process ends as the child does, and passes signals on to it."""
    if not hasattr(signal, "sigwaitinfo") or not hasattr(os, "memfd_create"):
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = {number for name in names if (number := getattr(signal, name, None)) is not None}
    heard = {number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, no end can be waited for
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heard, signal.SIGCHLD})
    try:
        said = os.memfd_create("stderr")
        child = os.fork()
    except OSError:  # then without one
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    if child:
        _end_as(child, said, heard)
    os.dup2(said, 2)
    os.close(said)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_as(child: int, said: int, heard: set[int]) -> NoReturn:
    """Wait for the end of the child, and say what it has said, or that memory was lacking."""
    found = status = 0
    while not found:
        caught = signal.sigwaitinfo({*heard, signal.SIGCHLD})
        if caught.si_signo != signal.SIGCHLD and caught.si_code != _FROM_TERMINAL:
            with suppress(ProcessLookupError):
                os.kill(child, caught.si_signo)
        found, status = os.waitpid(child, os.WNOHANG)
    code = os.waitstatus_to_exitcode(status)
    os.lseek(said, 0, os.SEEK_SET)
    with open(said, "rb") as lines:
        words = list(lines)
    if _is_shortage(code, words):
        code, words = _SHORTAGE_CODE, [_SHORTAGE]
    elif code == _SHORTAGE_CODE:  # libraries may have said it, too
        words = [line for line in words if line.startswith(_ERROR)][:1]
    _say(b"".join(words))
    if code < 0:  # a signal has ended it, and shall end this process, too
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)  # which a signal that is held back has not ended


def _is_shortage(code: int, words: list[bytes]) -> bool:
    """Whether a process that has ended so, and said so, has lacked memory."""
    if code < 0:
        return signal.Signals(-code).name in _ABORTS
    is_complaint = code == 1 and any(_COMPLAINT in line for line in words)
    return is_complaint or code == _LOADER_FAILED


def _say(text: bytes) -> None:
    with suppress(OSError):  # there is nobody left to tell
        while text:
            text = text[os.write(2, text) :]
