"""Fetch data through a library that knows how, and say in one sentence when that cannot be done.

The libraries keep what they fetched in a folder of their own, so a network is needed once. Most of
them set no time limit; without one, a network that swallows packets is a program that hangs.
"""

from __future__ import annotations

import http.client
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from focalsweep.errors import UserError

SECONDS = 20.0
"""How long a server may stay silent."""

# An answer that is cut off shows as a connection that ends or as a file that is not whole.
_BROKEN = (
    OSError,
    EOFError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def fetching(what: str, *, server: str, kept_in: str, seconds: float = SECONDS) -> Iterator[None]:
    """Turn a failure to reach a server inside the block into a sentence with a way out.

    Parameters
    ----------
    what : str
        What is fetched, for the message.
    server : str
        Where it comes from, for the message.
    kept_in : str
        The folder in which the library keeps it, for the message.
    seconds : float, default 20
        How long a server may stay silent.

    Raises
    ------
    UserError
        When the server cannot be reached, refuses, or its answer is broken.
    """
    before = socket.getdefaulttimeout()
    # What urllib opens without a limit of its own follows this one.
    socket.setdefaulttimeout(seconds)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        cause = _network_error(error)
        if cause is None:
            raise
        reason = " ".join(str(getattr(cause, "reason", cause)).split()).rstrip(".")
        raise UserError(
            f"{what} cannot be fetched from `{server}` ({reason[:120] or type(cause).__name__}); "
            f"run this once with a network, copy `{kept_in}` from a machine that has it, or save "
            "the rows as a file for `dataset=csv`, `dataset=parquet` or `dataset=arrays`."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _network_error(error: BaseException) -> BaseException | None:
    """Return the network's error that `error` is or was raised for."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, _BROKEN):
            return found
        # Keras raises a plain Exception while it handles the one of urllib.
        found = found.__cause__ or found.__context__
    return None
