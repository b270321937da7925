"""Load images from a folder with one folder a class, read and resized by Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.data.image_layout import folders, images, parts_of
from focalsweep.data.source_key import from_source
from focalsweep.data.table_path import existing_path, short_name
from focalsweep.errors import UserError

_LARGEST_SIDE = 1024
_MODES = {"grey": "L", "rgb": "RGB"}


def load_image_folder(
    *,
    path: str | None,
    name: str | None = None,
    height: int = 32,
    width: int = 32,
    colours: Literal["grey", "rgb"] = "rgb",
) -> Dataset:
    """Load ``FOLDER/CLASS/*.png`` (also jpg, gif, bmp, tiff, webp), also in folders inside.

    Where the folder holds subsets instead (``train`` and ``test``, also ``val``, ...) with the
    class folders in them, these are the split, see `focalsweep.data.image_layout.parts_of`.
    Images are turned as their EXIF data say and resized to one size without keeping their
    proportions, by bilinear interpolation over all covered pixels; of animations, the first
    image is taken.

    Parameters
    ----------
    path : str
        The folder.
    name : str, optional
        Short name of the dataset; by default the name of the folder.
    height, width : int, default 32
        Size of all images, in pixels, in [1, 1024].
    colours : {"rgb", "grey"}
        Three channels, or one.

    Raises
    ------
    UserError
        When there are no images, fewer than two classes, when it cannot be told whether folders are
        classes or subsets, or when an image cannot be read.
    """
    for key, side in (("height", height), ("width", width)):
        if not 1 <= side <= _LARGEST_SIDE:
            raise UserError(
                f"`dataset.{key}` must be a number of pixels in [1, {_LARGEST_SIDE}]. "
                f"Received: {side}."
            )
    folder = existing_path(path, kind="a folder with one folder of images a class")
    if not folder.is_dir():
        raise UserError(
            "`dataset.path` must name a folder with one folder of images a class. Received: the "
            f"file `{path}`; name the folder above the classes."
        )
    parts = parts_of(folder)
    found = [
        (file, label, part)
        for part, inside in parts
        for label in folders(inside)
        for file in images(inside / label)
    ]
    labels = [label for _, label, _ in found]
    _refuse_no_classes(labels, folder=folder)
    channels = len(_MODES[colours].strip())
    pixels = np.empty((len(found), height, width, channels), dtype=np.uint8)
    for row, (file, _, _) in enumerate(found):
        pixels[row] = _read(file, size=(width, height), mode=_MODES[colours])
    with from_source("dataset.path", folder):
        return dataset_of_arrays(
            pixels,
            np.array(labels),
            name=name or short_name(folder, default="images"),
            origin=str(folder),
            split=np.array([part for _, _, part in found]) if len(parts) > 1 else None,
            notes=(f"Images resized to {height} x {width} pixels, {colours}.",),
        )


def _refuse_no_classes(labels: list[str], *, folder: Path) -> None:
    classes = list(dict.fromkeys(labels))
    if len(classes) < 2:
        way_out = "name the folder above the classes"
        received = f"`{folder}` with images in {listed(classes) or 'no folder'} only"
        if len(classes) == 1 and folders(folder / classes[0]):
            way_out = f"name the folder of the classes, such as `{folder / classes[0]}`"
        if not classes:
            loose = len(images(folder))
            received = f"`{folder}` with {loose:,} images beside class folders, and none in them"
        raise UserError(
            "`dataset.path` must name a folder with one folder of images a class, for two classes "
            f"or more. Received: {received}; {way_out}."
        )


def _read(file: Path, *, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of images that unpack to more pixels than memory may hold.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # What else it warns of (odd metadata) does not concern the pixels.
            warnings.filterwarnings("ignore", category=UserWarning)
            with Image.open(file) as image:
                turned: Any = ImageOps.exif_transpose(image)
                plain = _on_white(turned) if turned.has_transparency_data else turned
                resized = _eight_bits(plain).convert(mode).resize(size, Image.Resampling.BILINEAR)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise UserError(
            f"`dataset.path` must hold readable images. Received: `{file}` ({reason[:120]}); "
            "replace it or move it out of the folder."
        ) from error
    pixels = np.asarray(resized, dtype=np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def _on_white(image: Any) -> Any:
    """Return the image on white paper, as it is shown in most places."""
    over = image.convert("RGBA")
    paper = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(paper, over)


def _eight_bits(image: Any) -> Any:
    """Return 16-bit grey values in 8 bits; Pillow's own conversion cuts them off at 255."""
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image, dtype=np.int64)
    return Image.fromarray((values.clip(0, 65_535) // 257).astype(np.uint8))
