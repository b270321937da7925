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


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    for name in ("train", "test"):
        for number in range(4):
            draw(tmp_path / name / f"{number}.png", colour=(number, 0, 0))
    assert load_image_folder(path=str(tmp_path)).class_names == ("test", "train")


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
