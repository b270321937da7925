"""Ctrl-C that ends the process at once, whatever it is doing.

Python handles a signal between two bytecodes of the main thread, by an exception. A compiled
program may keep that thread for seconds, and an exception that happens to be raised inside a
destructor is ignored. Everything that matters is on disk at every moment, so nothing has to be
unwound: a thread of its own waits for the signal and ends the process.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit status after ctrl-C, as shells give it."""
SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def ending_at_once(sentence: str) -> Iterator[None]:
    """End the process with status 130 on ctrl-C for as long as the context lasts.

    Parameters
    ----------
    sentence : str
        Written to standard error before the end.

    Notes
    -----
    Outside the main thread, where Python takes no signals, it changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting, woken = socket.socketpair()
    woken.setblocking(False)  # `set_wakeup_fd` asks for it
    threading.Thread(target=_wait, args=(waiting, sentence), daemon=True).start()
    handler = signal.signal(signal.SIGINT, lambda *_: None)
    former = signal.set_wakeup_fd(woken.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        signal.signal(signal.SIGINT, handler)
        woken.close()


def _wait(waiting: socket.socket, sentence: str) -> None:
    """Read the numbers of signals until ctrl-C's comes or the other end is closed."""
    with waiting:
        while number := waiting.recv(1):
            if number[0] == signal.SIGINT:
                if sys.stdout.isatty():
                    os.write(1, SHOW_CURSOR)  # a progress bar hides it
                os.write(2, f"\n{sentence}\n".encode())
                os._exit(INTERRUPTED)
