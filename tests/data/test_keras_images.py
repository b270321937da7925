import importlib
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import yaml

from focalsweep.data.keras_images import load_keras_images
from focalsweep.data.profile import thin
from focalsweep.errors import UserError

CONF = Path(__file__).parents[2] / "conf" / "dataset"
SETS = {
    "cifar10": ((32, 32, 3), 10),
    "cifar100": ((32, 32, 3), 100),
    "fashion_mnist": ((28, 28), 10),
    "mnist": ((28, 28), 10),
}


def parts(shape: tuple[int, ...], classes: int) -> Any:
    """Return images in the form of `load_data`: labels of CIFAR are a column."""
    rng = np.random.default_rng(0)

    def part(rows: int) -> Any:
        labels = np.arange(rows * classes, dtype=np.uint8) % classes
        images = rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8)
        return images, labels.reshape(-1, 1) if len(shape) == 3 else labels

    return part(4), part(2)


@pytest.mark.parametrize("name", SETS)
def test_each_config_reads_what_keras_returns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, classes = SETS[name]
    (train, train_labels), (test, test_labels) = parts(shape, classes)
    module = importlib.import_module(f"keras.datasets.{name}")
    monkeypatch.setattr(module, "load_data", lambda: ((train, train_labels), (test, test_labels)))
    values = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    loaded = load_keras_images(**{key: values[key] for key in ("name", "images", "class_names")})
    assert loaded.image_shape == (*shape, 1)[:3]
    assert loaded.class_names == tuple(values["class_names"] or map(str, range(classes)))
    assert loaded.split is not None
    np.testing.assert_array_equal(loaded.split.train, np.arange(4 * classes))
    np.testing.assert_array_equal(loaded.labels[loaded.split.test], test_labels.reshape(-1))
    pixels = loaded.features.to_numpy()
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[loaded.split.test], test.reshape(len(test), -1))


@pytest.mark.parametrize(
    ("name", "largest", "smallest"), [("cifar10", 5000, 50), ("cifar100", 500, 5)]
)
def test_the_long_tail_is_that_of_the_literature(name: str, largest: int, smallest: int) -> None:
    values = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    classes = SETS[name][1]
    labels = np.repeat(np.arange(classes), largest)
    kept = thin(
        np.arange(len(labels)),
        labels=labels,
        kind=values["profile"],
        factor=values["factor"],
        seed=0,
    )
    counts = np.sort(np.bincount(labels[kept]))[::-1]
    assert (counts[0], counts[-1]) == (largest, smallest)
    expected = largest * 100.0 ** (-np.arange(classes) / (classes - 1))
    np.testing.assert_allclose(counts, expected, atol=1)


def test_without_a_network_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_utils = importlib.import_module("keras.src.utils.file_utils")

    def unplugged(*_: Any, **__: Any) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", unplugged)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    with pytest.raises(UserError, match=r"image set `mnist` cannot be fetched .*not known"):
        load_keras_images(name="mnist", images="mnist")


def test_too_few_class_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("keras.datasets.mnist")
    monkeypatch.setattr(module, "load_data", lambda: parts((28, 28), 10))
    with pytest.raises(UserError, match="must name the 10 classes"):
        load_keras_images(name="mnist", images="mnist", class_names=["a"])
