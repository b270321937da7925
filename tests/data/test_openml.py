"""OpenML's answers lie in scikit-learn's cache as files; these are made here, so no network."""

import gzip
import hashlib
import json
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from sklearn.datasets import _openml

from focalsweep.data.openml import load_openml
from focalsweep.errors import UserError

DENSE = """@relation tiny
@attribute row numeric
@attribute size numeric
@attribute colour {red,blue}
@attribute who string
@attribute class {good,bad}
@data
"""
ROWS = [
    f"{row},{row * 0.5},{'red' if row % 3 else 'blue'},p{row // 2},{'bad' if row % 4 else 'good'}"
    for row in range(12)
]
FEATURES = [
    ("row", "numeric", "false", "true"),
    ("size", "numeric", "false", "false"),
    ("colour", "nominal", "false", "false"),
    ("who", "string", "false", "false"),
    ("class", "nominal", "true", "false"),
]
SPARSE = (
    "@relation wide\n@attribute a numeric\n@attribute b numeric\n@attribute class {u,v}\n@data\n"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point scikit-learn at an empty folder and cut the network."""
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))

    def unplugged(*_: Any, **__: Any) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(_openml, "urlopen", unplugged)
    return tmp_path / "openml" / "openml.org"


def keep(
    cache: Path,
    *,
    arff: str,
    features: list[tuple[str, str, str, str]],
    form: str = "ARFF",
    **more: str,
) -> None:
    """Write the five answers about data set 7, `tiny` version 2, as OpenML gives them."""
    described = {
        "id": "7",
        "name": "Tiny",
        "version": "2",
        "status": "active",
        "format": form,
        "description": "made by a test",
        "licence": "CC0",
        "url": "https://www.openml.org/data/v1/download/7/tiny.arff",
        "md5_checksum": hashlib.md5(arff.encode(), usedforsecurity=False).hexdigest(),
        **more,
    }
    columns = [
        {
            "index": str(index),
            "name": name,
            "data_type": kind,
            "is_target": target,
            "is_ignore": "false",
            "is_row_identifier": identifier,
            "number_of_missing_values": "0",
        }
        for index, (name, kind, target, identifier) in enumerate(features)
    ]
    qualities = {"quality": [{"name": "NumberOfInstances", "value": str(arff.count("\n") - 7)}]}
    listed = {"data": {"dataset": [{"did": 7, "name": "Tiny", "version": 2, "status": "active"}]}}
    answers = {
        "api/v1/json/data/list/data_name/tiny/limit/2/data_version/2": json.dumps(listed),
        "api/v1/json/data/7": json.dumps({"data_set_description": described}),
        "api/v1/json/data/features/7": json.dumps({"data_features": {"feature": columns}}),
        "api/v1/json/data/qualities/7": json.dumps({"data_qualities": qualities}),
        "data/v1/download/7/tiny.arff": arff,
    }
    for path, answer in answers.items():
        file = cache / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(answer.encode()))


def keep_dense(cache: Path, **more: str) -> None:
    keep(cache, arff=DENSE + "\n".join(ROWS) + "\n", features=FEATURES, **more)


def test_name_with_version_and_number_are_the_same_dataset(cache: Path) -> None:
    keep_dense(cache)
    one = load_openml(name="openml", data_name="Tiny", version=2)
    other = load_openml(name="openml", data_id=7)
    assert one.sha256() == other.sha256()
    assert one.class_names == ("bad", "good")
    assert one.class_counts.tolist() == [9, 3]
    assert list(one.features) == ["size", "colour", "who"]
    assert one.origin == "OpenML Tiny version 2, https://www.openml.org/d/7, licence: CC0"


def test_target_and_groups_may_be_other_columns(cache: Path) -> None:
    keep_dense(cache)
    loaded = load_openml(name="openml", data_id=7, target="colour", groups="who")
    assert loaded.class_names == ("blue", "red")
    assert loaded.groups is not None
    assert loaded.groups.tolist() == [row // 2 for row in range(12)]
    with pytest.raises(UserError, match=r"`dataset\.target` must name a column of `OpenML Tiny"):
        load_openml(name="openml", data_id=7, target="kind")


def test_a_warning_of_openml_is_a_note(cache: Path) -> None:
    keep_dense(cache, status="deactivated")
    notes = load_openml(name="openml", data_id=7).notes
    assert any("Version 2 of dataset Tiny is inactive" in note for note in notes)


def test_a_sparse_data_set_stays_sparse(cache: Path) -> None:
    rows = [f"{{{row % 2} {row + 1},2 {'v' if row % 3 else 'u'}}}" for row in range(12)]
    features = [
        ("a", "numeric", "false", "false"),
        ("b", "numeric", "false", "false"),
        ("class", "nominal", "true", "false"),
    ]
    keep(cache, arff=SPARSE + "\n".join(rows) + "\n", features=features, form="Sparse_ARFF")
    loaded = load_openml(name="openml", data_id=7)
    assert loaded.sparse is not None
    assert loaded.sparse.shape == (12, 2)
    assert loaded.sparse_names == ("a", "b")
    assert loaded.class_counts.tolist() == [4, 8]
    with pytest.raises(UserError, match=r"`dataset\.groups` must be null .* sparse matrix"):
        load_openml(name="openml", data_id=7, groups="a")


def test_no_target_on_openml_and_none_given_is_refused(cache: Path) -> None:
    features = [(name, kind, "false", row) for name, kind, _, row in FEATURES]
    keep(cache, arff=DENSE + "\n".join(ROWS) + "\n", features=features)
    with pytest.raises(UserError, match=r"set `dataset\.target=COLUMN`"):
        load_openml(name="openml", data_id=7)
    assert load_openml(name="openml", data_id=7, target="class").n_classes == 2


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_without_a_network_the_sentence_says_what_to_do(cache: Path) -> None:
    with pytest.raises(UserError, match=r"`credit-g` version 1 cannot be fetched .*not known") as e:
        load_openml(name="openml", data_name="credit-g", version=1)
    assert str(cache.parent) in str(e.value)


def test_a_broken_file_in_the_cache_is_fetched_anew(cache: Path) -> None:
    keep_dense(cache, md5_checksum="0" * 32)
    with pytest.raises(UserError, match="cannot be fetched"):
        load_openml(name="openml", data_id=7)


def test_a_data_set_that_openml_does_not_know_is_said(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(request: Any, *_: Any, **__: Any) -> None:
        raise HTTPError(str(request), 412, "unknown", Message(), None)

    monkeypatch.setattr(_openml, "urlopen", unknown)
    with pytest.raises(UserError, match=r"`tiny` version 9 cannot be used: .* not found; look"):
        load_openml(name="openml", data_name="tiny", version=9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Received: neither"),
        ({"data_name": "tiny"}, r"must pin the version .*add `dataset\.version=1`"),
        ({"data_name": "tiny", "version": 0}, "Received: 0"),
        ({"data_id": 0}, r"`dataset\.data_id` must be >= 1"),
        ({"data_id": 7, "version": 1}, "must stand alone"),
        ({"data_id": 7, "data_name": "tiny"}, "must stand alone"),
    ],
)
def test_a_data_set_that_is_not_pinned_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_openml(name="openml", **given)
