from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from focalsweep.data.image_folder import load_image_folder
from focalsweep.errors import UserError


def draw(file: Path, *, colour: Any = (200, 10, 30), size: tuple[int, int] = (40, 20)) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(colour, tuple) else "L", size, colour).save(file)


def two_classes(folder: Path, *, each: int = 4) -> str:
    for number in range(each):
        draw(folder / "cat" / f"{number}.png", colour=(10 * number, 0, 0))
        draw(folder / "dog" / "deep" / f"{number}.JPG", colour=(0, 10 * number, 200))
    return str(folder)


def test_every_folder_is_a_class_and_images_get_one_size(tmp_path: Path) -> None:
    path = two_classes(tmp_path / "pets")
    draw(tmp_path / "pets" / "cat" / "wide.bmp", size=(90, 10), colour=(90, 90, 90))
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("no image")
    loaded = load_image_folder(path=path, height=6, width=8)
    assert loaded.class_names == ("cat", "dog")
    assert loaded.class_counts.tolist() == [5, 4]
    assert loaded.image_shape == (6, 8, 3)
    assert loaded.name == "pets"
    pixels = loaded.features.to_numpy().reshape(-1, 6, 8, 3)
    assert pixels.dtype == np.uint8
    assert (pixels[3] == [30, 0, 0]).all()
    assert (pixels[4] == 90).all()


def test_grey_has_one_channel(tmp_path: Path) -> None:
    loaded = load_image_folder(path=two_classes(tmp_path), height=4, width=4, colours="grey")
    assert loaded.image_shape == (4, 4, 1)


def test_train_and_test_folders_are_the_split(tmp_path: Path) -> None:
    two_classes(tmp_path / "train", each=4)
    two_classes(tmp_path / "test", each=2)
    loaded = load_image_folder(path=str(tmp_path), height=4, width=4)
    assert loaded.class_counts.tolist() == [6, 6]
    assert loaded.split is not None
    assert loaded.split.train.tolist() == list(range(8))
    assert loaded.split.test.tolist() == [8, 9, 10, 11]


def tree(folder: Path, **images: int) -> str:
    """Draw so many images into each folder, `__` between its parts."""
    for name, count in images.items():
        for number in range(count):
            draw(folder.joinpath(*name.split("__")) / f"{number}.png", colour=(10 * number, 9, 0))
    return str(folder)


def parts(path: str) -> dict[str, int]:
    """Return rows of training, of test and of each class."""
    loaded = load_image_folder(path=path, height=2, width=2)
    assert loaded.split is not None
    counts = dict(zip(loaded.class_names, loaded.class_counts.tolist(), strict=True))
    return {"train": len(loaded.split.train), "test": len(loaded.split.test)} | counts


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("train", "val"),
        ("train", "valid"),
        ("train", "dev"),
        ("Training", "VALIDATION"),
        ("TRAIN", "Test"),
        ("training_set", "test_set"),
        ("train-data", "testing"),
    ],
)
def test_usual_names_of_subsets_are_a_split(first: str, second: str, tmp_path: Path) -> None:
    tree(tmp_path / first, cat=3, dog=4)
    tree(tmp_path / second, cat=2, dog=1)
    (tmp_path / "notes").mkdir()  # without images
    assert parts(str(tmp_path)) == {"train": 7, "test": 3, "cat": 5, "dog": 5}


def test_validation_joins_training_where_there_is_a_test_part(tmp_path: Path) -> None:
    path = tree(
        tmp_path,
        train__cat=3, train__dog=3, val__cat=2, val__dog=1, test__cat=1, test__dog=2,
    )  # fmt: skip
    assert parts(path) == {"train": 9, "test": 3, "cat": 6, "dog": 6}
    notes = load_image_folder(path=path, height=2, width=2).notes
    assert any("3 validation rows: they are training rows" in note for note in notes)


def test_subsets_that_were_unpacked_into_their_own_names_are_a_split(tmp_path: Path) -> None:
    images = {
        f"{part}__{part}__{label}": 3 for part in ("train", "test") for label in ("cat", "dog")
    }
    loaded = load_image_folder(path=tree(tmp_path, **images), height=2, width=2)
    assert loaded.class_names == ("cat", "dog")
    assert loaded.class_counts.tolist() == [6, 6]
    assert loaded.split is not None
    assert len(loaded.split.train) == len(loaded.split.test) == 6


def test_a_class_may_be_in_one_subset_only(tmp_path: Path) -> None:
    path = tree(tmp_path, train__cat=3, train__dog=3, train__elk=2, test__cat=1, test__dog=2)
    assert parts(path) == {"train": 8, "test": 3, "cat": 4, "dog": 5, "elk": 2}


@pytest.mark.parametrize(
    ("images", "classes"),
    [
        ({"cat": 3, "dog": 3, "test": 3}, ("cat", "dog", "test")),
        ({"cat": 3, "dog": 3, "test__deep": 3}, ("cat", "dog", "test")),
        ({"cat__images": 3, "dog__images": 3}, ("cat", "dog")),
        ({"cat__tabby": 2, "cat__tom": 2, "dog__tabby": 3}, ("cat", "dog")),
        ({"val": 3, "trainer": 3}, ("trainer", "val")),
    ],
)
def test_classes_may_be_called_like_subsets_and_hold_folders(
    images: dict[str, int], classes: tuple[str, ...], tmp_path: Path
) -> None:
    loaded = load_image_folder(path=tree(tmp_path, **images), height=2, width=2)
    assert loaded.class_names == classes
    assert loaded.split is None


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ({"cat__train": 2, "cat__test": 2, "dog__train": 2, "dog__test": 2}, "turn them round"),
        ({"a__cat": 2, "a__dog": 2, "b__cat": 2, "b__dog": 2}, "call `a`, `b` `train` and `test`"),
        (
            {"seg_train__seg_train__a": 2, "seg_train__seg_train__b": 2}
            | {"seg_test__seg_test__a": 2, "seg_test__seg_test__b": 2},
            "`seg_test`, `seg_train`, which all hold `a`, `b`",
        ),
        ({"train": 3, "val": 3}, "rename the folders if they are the classes"),
        ({"train__cat": 2, "train__dog": 2}, "name the folder of classes: .*train`"),
        ({"train__cat": 2, "train__dog": 2, "test": 4}, "`test`, without folders of classes"),
        (
            {"train__cat": 2, "train__dog": 2, "val__cat": 2, "val__dog": 2, "more__x": 1},
            "beside `more`, which is no subset",
        ),
        (
            {"train__x__cat": 2, "train__x__dog": 2, "train__y__cat": 2, "train__y__dog": 2}
            | {"test__x__cat": 2, "test__x__dog": 2, "test__y__cat": 2, "test__y__dog": 2},
            "`x`, `y`, which all hold `cat`, `dog`",
        ),
        (
            {"data__train__cat": 2, "data__train__dog": 2, "data__test__cat": 2},
            "name the folder of the classes, such as `.*data`",
        ),
    ],
)
def test_where_it_cannot_be_told_nothing_is_guessed(
    images: dict[str, int], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words) as caught:
        load_image_folder(path=tree(tmp_path, **images), height=2, width=2)
    assert "\n" not in str(caught.value)


def test_transparent_wide_and_turned_images_are_read_as_they_are_shown(tmp_path: Path) -> None:
    two_classes(tmp_path)
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(tmp_path / "cat" / "x1.png")
    deep = np.full((5, 5), 65_535, dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "cat" / "x2.png")
    left_black = np.full((4, 4), 255, dtype=np.uint8)
    left_black[:, :2] = 0
    turned = Image.Exif()
    turned[0x0112] = 6  # turned by 90 degrees clockwise when shown
    Image.fromarray(left_black).save(tmp_path / "cat" / "x3.png", exif=turned)
    loaded = load_image_folder(path=str(tmp_path), height=4, width=4, colours="grey")
    pixels = loaded.features.to_numpy().reshape(-1, 4, 4)
    assert (pixels[4] == 255).all()
    assert (pixels[5] == 255).all()
    assert (pixels[6, :2] == 0).all()
    assert (pixels[6, 2:] == 255).all()


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_broken_image_is_named(content: bytes, tmp_path: Path) -> None:
    two_classes(tmp_path)
    (tmp_path / "dog" / "broken.png").write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png.*replace it or move it"):
        load_image_folder(path=str(tmp_path))


def test_a_cut_image_is_named(tmp_path: Path) -> None:
    two_classes(tmp_path)
    file = tmp_path / "cat" / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match=r"cut\.png"):
        load_image_folder(path=str(tmp_path))


def test_an_image_that_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = two_classes(tmp_path)
    for limit in (700, 300):  # Pillow warns from one limit on and refuses from twice as many
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(UserError, match="decompression bomb"):
            load_image_folder(path=path)


def test_folders_without_two_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="with 0 images beside class folders"):
        load_image_folder(path=str(tmp_path))
    draw(tmp_path / "a.png")
    with pytest.raises(UserError, match="with 1 images beside class folders"):
        load_image_folder(path=str(tmp_path))
    draw(tmp_path / "cat" / "a.png")
    with pytest.raises(UserError, match="with images in `cat` only"):
        load_image_folder(path=str(tmp_path))
    with pytest.raises(UserError, match=r"Received: the file `.*a\.png`"):
        load_image_folder(path=str(tmp_path / "a.png"))


@pytest.mark.parametrize("size", [{"height": 0}, {"width": 5000}])
def test_a_size_out_of_range_is_refused(size: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pixels in \[1, 1024\]"):
        load_image_folder(path=two_classes(tmp_path), **size)
