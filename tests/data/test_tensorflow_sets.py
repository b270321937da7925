"""TensorFlow Datasets is not installed here: a stand-in with the five functions that are used."""

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from focalsweep.data.tensorflow_sets import load_tensorflow_set
from focalsweep.errors import UserError

Row = dict[str, Any]


class NotFoundError(ValueError):
    """What the package raises for an unknown name."""


def rows(count: int) -> list[Row]:
    return [
        {
            "features": {
                "x": np.float32(row),
                "word": f"w{row % 3}".encode(),
                "list": np.ones(row),
            },
            "label": np.int64(row % 2),
        }
        for row in range(count)
    ]


def images(count: int) -> list[Row]:
    rng = np.random.default_rng(0)
    return [
        {"image": rng.integers(0, 256, (4, 4, 3), dtype=np.uint8), "label": np.int64(row % 2)}
        for row in range(count)
    ]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def installed(prepare: Callable[[], None] = lambda: None, **splits: list[Row]) -> None:
        def builder(name: str) -> Any:
            if not name.startswith("tiny"):
                raise NotFoundError(f"Dataset {name} not found.\nMore.")
            info = SimpleNamespace(
                splits=dict.fromkeys(splits),
                supervised_keys=("features", "label"),
                full_name="tiny/1.0.0",
                features={"label": SimpleNamespace(names=["no", "yes"])},
            )
            return SimpleNamespace(
                info=info,
                download_and_prepare=prepare,
                as_dataset=lambda split: splits[split],
            )

        def as_numpy(dataset: list[Row]) -> Iterator[Row]:
            return iter(dataset)

        module = ModuleType("tensorflow_datasets")
        module.builder = builder  # type: ignore[attr-defined]
        module.as_numpy = as_numpy  # type: ignore[attr-defined]
        module.core = SimpleNamespace(DatasetNotFoundError=NotFoundError)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)

    return installed


def test_features_of_one_value_become_columns(install: Callable[..., None]) -> None:
    install(train=rows(8), test=rows(4))
    loaded = load_tensorflow_set(name="mine", data_name="tiny:1.0.0")
    assert list(loaded.features) == ["features/x", "features/word"]
    assert loaded.features["features/word"][4] == "w1"
    assert loaded.class_names == ("no", "yes")
    assert loaded.split is not None
    assert loaded.split.test.tolist() == [8, 9, 10, 11]
    assert loaded.origin == "TensorFlow Datasets tiny/1.0.0"


def test_images_stay_images(install: Callable[..., None]) -> None:
    install(train=images(12))
    loaded = load_tensorflow_set(name="mine", data_name="tiny:1.0.0")
    assert loaded.image_shape == (4, 4, 3)
    assert loaded.split is None


def test_another_label_may_be_named(install: Callable[..., None]) -> None:
    plain = [{"x": row["features"]["x"], "y": row["label"]} for row in rows(8)]
    install(train=plain)
    with pytest.raises(UserError, match=r"`dataset\.target` must name .* The nearest|`x`, `y`"):
        load_tensorflow_set(name="mine", data_name="tiny:1.0.0", target="z")


def test_images_of_different_sizes_are_refused(install: Callable[..., None]) -> None:
    uneven = [{"image": np.ones((4 + row, 4, 3)), "label": np.int64(row % 2)} for row in range(6)]
    install(train=uneven)
    with pytest.raises(UserError, match=r"images of one size\. Received: `image`"):
        load_tensorflow_set(name="mine", data_name="tiny:1.0.0")


def test_a_missing_package_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(UserError, match="python -m pip install tensorflow-datasets"):
        load_tensorflow_set(name="mine", data_name="mnist:3.0.1")


@pytest.mark.parametrize("data_name", ["mnist", "mnist:3", "mnist:*.*.*", ""])
def test_a_set_without_its_version_is_refused(data_name: str) -> None:
    with pytest.raises(UserError, match=r"such as `mnist:3\.0\.1`"):
        load_tensorflow_set(name="mine", data_name=data_name)


def test_an_unknown_set_is_refused(install: Callable[..., None]) -> None:
    install(train=rows(4))
    with pytest.raises(UserError, match=r"Dataset huge:1\.0\.0 not found\)\."):
        load_tensorflow_set(name="mine", data_name="huge:1.0.0")


def test_without_a_network_the_sentence_says_what_to_do(install: Callable[..., None]) -> None:
    def unplugged() -> None:
        raise ConnectionError("no route to host")

    install(unplugged, train=rows(4))
    with pytest.raises(UserError, match=r"`tiny:1\.0\.0` cannot be fetched .*no route"):
        load_tensorflow_set(name="mine", data_name="tiny:1.0.0")


def test_a_download_that_takes_too_long_is_given_up(install: Callable[..., None]) -> None:
    install(lambda: time.sleep(2), train=rows(4))
    started = time.monotonic()
    with pytest.raises(UserError, match=r"within `dataset\.minutes`=0\.001"):
        load_tensorflow_set(name="mine", data_name="tiny:1.0.0", minutes=0.001)
    assert time.monotonic() - started < 1.5
    with pytest.raises(UserError, match="must be > 0"):
        load_tensorflow_set(name="mine", data_name="tiny:1.0.0", minutes=0.0)
