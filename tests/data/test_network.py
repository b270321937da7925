import socket
import tarfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from urllib.error import URLError

import pytest

from focalsweep.data.network import fetching
from focalsweep.errors import UserError


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Accept connections and never answer, as a network that swallows packets does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []
        stop = threading.Event()
        server.settimeout(0.1)

        def accept() -> None:
            while not stop.is_set():
                try:
                    kept.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        stop.set()
        thread.join()
        for connection in kept:
            connection.close()


def fetch(error: BaseException) -> None:
    with fetching("The set `a`", server="example.org", kept_in="~/cache"):
        raise error


def test_a_server_that_never_answers_is_given_up(silent_server: str) -> None:
    # Without a proxy: the address is of this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = time.monotonic()
    with (
        pytest.raises(UserError, match="cannot be fetched from `example"),
        fetching("The set `a`", server="example.org", kept_in="~/cache", seconds=0.3),
    ):
        opener.open(silent_server)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "error",
    [
        URLError("no route"),
        TimeoutError("timed out"),
        tarfile.ReadError("cut"),
        ConnectionResetError("reset"),
        EOFError(),
    ],
)
def test_a_failure_is_one_sentence_with_a_way_out(error: Exception) -> None:
    with pytest.raises(UserError, match=r"The set `a` .*copy `~/cache`.*`dataset=csv`") as raised:
        fetch(error)
    assert "\n" not in str(raised.value)


def test_an_error_raised_because_of_the_network_counts_as_one() -> None:
    try:
        try:
            raise URLError("no route")
        except URLError:
            raise Exception("fetch failure") from None
    except Exception as error:
        wrapped = error
    with pytest.raises(UserError, match=r"\(no route\)"):
        fetch(wrapped)


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), UserError("said before")])
def test_other_errors_pass_and_the_time_limit_is_put_back(error: Exception) -> None:
    before = socket.getdefaulttimeout()
    with pytest.raises(type(error), match=str(error)):
        fetch(error)
    assert socket.getdefaulttimeout() == before
