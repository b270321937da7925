"""Reach an MLflow store: quickly, quietly, and with a clear failure when it is not there.

MLflow by itself retries for minutes (seven HTTP retries, ten attempts at a database), logs every
migration, and reports usage over the network when imported. For the time of a call that is
turned down here, and put back afterwards.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from focalsweep.errors import UserError
from focalsweep.search.tracker import TrackingError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient
    from sqlalchemy import URL

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
SERVERS = ("http", "https", "databricks")

_PATIENCE_TO_REACH = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",  # seconds, for connecting and for an answer
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
}
_PATIENCE_TO_WRITE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines a run otherwise
}
_NO_USAGE_REPORTS = {"MLFLOW_DISABLE_TELEMETRY": "true"}
_SECONDS_TO_REACH_DATABASE = 5


def default_uri(runs: Path) -> str:
    """Name the embedded store: ``mlflow.db`` in the folder that holds the run folders."""
    return f"sqlite:///{runs.absolute() / 'mlflow.db'}"


def check_uri(uri: str) -> None:
    """Refuse a `uri` that MLflow cannot track to, before anything is trained.

    Raises
    ------
    UserError
        If the scheme is not one of a database or a server.
    """
    scheme = uri.split(":", 1)[0].split("+", 1)[0].lower()
    if ":" not in uri or scheme not in DATABASES + SERVERS:
        raise UserError(
            "`tracking.uri` must start with one of "
            f"{', '.join(f'`{name}:`' for name in DATABASES + SERVERS)}. "
            f"Received: {uri!r}; for a file on this machine write `sqlite:////folder/mlflow.db`."
        )


def shown(uri: str) -> str:
    """Return `uri` without a password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    with suppress(ArgumentError):
        return make_url(uri).render_as_string(hide_password=True)
    return uri


def artifact_folder(uri: str) -> str | None:
    """Name the folder for artifacts beside an SQLite file; None leaves it to the store."""
    file = sqlite_file(uri)
    return None if file is None else (file.parent / "mlartifacts").as_uri()


@contextmanager
def quiet() -> Iterator[None]:
    """Import mlflow without usage reports; silence its log, alembic's, and warnings for a while."""
    with warnings.catch_warnings(action="ignore"), _environment(_NO_USAGE_REPORTS):
        import mlflow  # noqa: F401  (it sets its log level when imported, so it comes first)
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings(action="ignore"):  # deprecations between libraries
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def connected(uri: str) -> Iterator[MlflowClient]:
    """Yield a client of the store at `uri` that was seen to answer; create a missing SQLite file.

    Every failure, in reaching the store or in the body, becomes one exception: what MLflow and
    the stores below it raise has no common base.

    Raises
    ------
    TrackingError
        If the store cannot be reached within about ten seconds, or fails later.
    """
    try:
        with quiet():
            with _environment(_PATIENCE_TO_REACH):
                client = _reach(uri)
            with _environment(_PATIENCE_TO_WRITE):
                yield client
    except TrackingError:
        raise
    except Exception as error:
        raise TrackingError(f"MLflow at `{shown(uri)}` failed ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """Say why in a few words: what the operating system said, if it said anything."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return "no answer in time"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror if cause.filename is None else str(cause)
        cause = cause.__cause__ or cause.__context__
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return text if len(text) <= 300 else f"{text[:300]}..."


def _reach(uri: str) -> MlflowClient:
    from mlflow.tracking import MlflowClient

    file = sqlite_file(uri)
    if file is not None and not file.exists():
        create_sqlite(file)
    if uri.split("+", 1)[0].split(":", 1)[0] in DATABASES:
        _probe_database(uri)
    client = MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)
    return client


def create_sqlite(file: Path) -> None:
    """Create an empty MLflow database, whole or not at all.

    The tables take seconds of migrations. They are made under another name and linked into
    place, so that a kill leaves no half-made store and two sweeps cannot get in each other's way.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        store = SqlAlchemyStore(  # type: ignore[no-untyped-call]
            f"sqlite:///{draft}", (file.parent / "mlartifacts").as_uri()
        )
        store.engine.dispose()
        _place(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _place(draft: Path, file: Path) -> None:
    """Give `draft` its name unless another sweep was quicker."""
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not file.exists():
            draft.rename(file)


def _probe_database(uri: str) -> None:
    """Connect once: MLflow's own attempts add up to minutes."""
    import sqlalchemy
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    url: URL = make_url(uri)
    options: dict[str, object] = {}
    if url.get_backend_name() in ("postgresql", "mysql"):
        options["connect_timeout"] = _SECONDS_TO_REACH_DATABASE
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=options)
    with engine.connect() as connection:
        sqlalchemy.inspect(connection).get_table_names()


def sqlite_file(uri: str) -> Path | None:
    """Return the absolute path of an SQLite store; None for other stores and for memory."""
    if not uri.startswith("sqlite"):
        return None
    from sqlalchemy.engine import make_url

    database = make_url(uri).database
    return Path(database).absolute() if database and database != ":memory:" else None


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while; what the user has set stays."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
