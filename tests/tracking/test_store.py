from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from focalsweep.search.tracker import TrackingError
from focalsweep.tracking.mirror import mirror
from focalsweep.tracking.store import connected, create_sqlite, default_uri, quiet, shown


def test_a_server_that_is_not_there_is_a_tracking_error_at_once(run_dir: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(TrackingError, match=r"Connection refused.*nothing is lost.*track"):
        mirror(run_dir, uri=f"http://127.0.0.1:{port}")
    assert time.monotonic() - began < 10


def test_a_server_that_never_answers_is_a_tracking_error_in_time(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # what the user sets counts
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        began = time.monotonic()
        with pytest.raises(TrackingError, match="no answer in time"):
            mirror(run_dir, uri=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 6
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"


def test_a_server_that_is_not_mlflow_is_a_tracking_error(run_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TrackingError, match="404"):
            mirror(run_dir, uri=f"http://127.0.0.1:{other.getsockname()[1]}")
        thread.join()


def test_a_file_that_is_no_database_is_a_tracking_error_at_once(
    run_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("not a database " * 100)
    began = time.monotonic()
    with pytest.raises(TrackingError, match="file is not a database"):
        mirror(run_dir, uri=f"sqlite:///{file}")
    assert time.monotonic() - began < 10
    assert file.read_text().startswith("not a database")


def test_a_folder_that_cannot_be_made_is_a_tracking_error(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="File exists"):
        mirror(run_dir, uri=f"sqlite:///{tmp_path}/file/mlflow.db")


def test_a_locked_database_is_a_tracking_error_and_keeps_what_it_had(
    run_dir: Path, uri: str
) -> None:
    other = sqlite3.connect(uri.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    with pytest.raises(TrackingError, match="locked"):
        mirror(run_dir, uri=uri)
    assert time.monotonic() - began < 30
    other.rollback()
    other.close()
    assert MlflowClient(uri).get_experiment_by_name("quickstart/yeast") is None


def test_passwords_are_not_shown() -> None:
    assert shown("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert shown("http://me:secret@host:5000") == "http://me:***@host:5000"
    assert shown("sqlite:////runs/mlflow.db") == "sqlite:////runs/mlflow.db"


def test_the_default_store_lies_with_the_run_folders(tmp_path: Path) -> None:
    assert default_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"


def test_any_failure_in_the_body_becomes_a_tracking_error(uri: str) -> None:
    with pytest.raises(TrackingError, match="KeyError"), connected(uri):
        raise KeyError("x")


def test_a_store_is_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.db import utils

    def interrupted(engine: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(utils, "_upgrade_db", interrupted)
    with quiet(), pytest.raises(KeyboardInterrupt):
        create_sqlite(tmp_path / "mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_another_sweep_made_meanwhile_is_kept(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.db import utils

    file = tmp_path / "mlflow.db"

    def made_while_the_other_finishes_first(engine: sqlalchemy.Engine) -> None:
        shutil.copyfile(empty_store, engine.url.database)
        file.write_text("the other sweep's store")

    monkeypatch.setattr(utils, "_initialize_tables", made_while_the_other_finishes_first)
    with quiet():
        create_sqlite(file)
    assert file.read_text() == "the other sweep's store"
    assert list(tmp_path.iterdir()) == [file]


def test_sweeps_mirror_into_one_store_at_once(run_dir: Path, uri: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(mirror, run_dir, uri=uri, trials="none") for _ in range(4)]
        assert len({future.result().sweep_run_id for future in futures}) == 4


@pytest.mark.parametrize("call", ["set_experiment_tag", "log_inputs"])
def test_the_loser_of_a_race_for_a_shared_row_writes_again(
    call: str, run_dir: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = getattr(MlflowClient, call), []

    def lost_at_first(self: MlflowClient, *what: object) -> object:
        calls.append(what)
        if len(calls) == 1:
            raise MlflowException("UNIQUE constraint failed")
        return write(self, *what)

    monkeypatch.setattr(MlflowClient, call, lost_at_first)
    assert mirror(run_dir, uri=uri, trials="none").runs > 0
    assert calls[1] == calls[0]
