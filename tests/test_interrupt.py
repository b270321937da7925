"""Ctrl-C ends the process while its main thread cannot listen."""

import signal
import subprocess
import sys
import time

import pytest

from focalsweep.interrupt import ending_at_once

BUSY = """
import hashlib
from focalsweep.interrupt import ending_at_once

with ending_at_once("stopped"):
    print("ready", flush=True)
    {work}
"""
DEAF = {
    # Native code that holds no lock of Python's, as a compiled training step does.
    "in native code": "hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2_000_000_000)",
    "where exceptions are swallowed": "\n    ".join(
        [
            "while True:",
            "    try:",
            "        sum(range(1000))",
            "    except BaseException:",
            "        pass",
        ]
    ),
}


@pytest.mark.parametrize("where", DEAF)
def test_ctrl_c_ends_the_process_at_once(where):
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(work=DEAF[where])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, error = process.communicate(timeout=60)
    assert time.monotonic() - sent < 5.0
    assert (process.returncode, error) == (130, "\nstopped\n")


def test_afterwards_ctrl_c_means_what_it_meant_before():
    # Python's own meaning: a shell that starts the tests in the background has them ignore it.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ending_at_once("stopped"):
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, inherited)
