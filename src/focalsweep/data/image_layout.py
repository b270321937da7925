"""Find out what the folders of images mean: classes, or subsets with the classes inside.

A folder called `test` is a class only beside classes of other names. Where it cannot be told,
nothing is guessed: classes that are subsets make a result about another question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from focalsweep.data.column_names import listed
from focalsweep.errors import UserError

_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
_SUBSETS = {"train": r"train(ing)?", "val": r"val(id(ation)?)?|dev|eval(uation)?|tune"} | {
    "test": r"test(ing)?|holdout"
}
_AFTER = r"[\W_]*(set|data|split|images?)?"
"""What may follow, as in `training_set`."""


def parts_of(folder: Path) -> list[tuple[str | None, Path]]:
    """Return the folders that hold the class folders, each with its part of a split.

    Parameters
    ----------
    folder : Path
        Where it holds two subsets or more (`train`, `training`, `val`, `valid`, `validation`,
        `dev`, `test`, ... in any case, also `train_set`), with the class folders in them, these are
        the parts: ``train``, ``val`` and ``test``, in this order. Otherwise it is the only one, and
        its folders are the classes, whatever they are called.

    Raises
    ------
    UserError
        When subsets stand alone or beside other folders of images, or hold images without a class;
        or when all folders hold the same folders.
    """
    inside = [folder / name for name in _classes(folder)]
    split = [each for each in inside if _subset(each) and _classes(each)]
    others = [each for each in inside if each not in split]
    if split and len(split) == len(inside) > 1:
        for each in split:
            _refuse_the_same_folders(each)
        order = list(_SUBSETS)
        named = [(_subset(each), _unpacked(each)) for each in split]
        return sorted(named, key=lambda part: order.index(str(part[0])))
    if len(split) > 1 or (inside and all(map(_subset, others))):
        _refuse_half_a_split(folder, split=split, others=others)
    _refuse_the_same_folders(folder)
    return [(None, folder)]


def folders(folder: Path) -> list[str]:
    """Return the names of the folders inside that are not hidden, in order."""
    return sorted(
        entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] not in "._"
    )


def images(folder: Path) -> list[Path]:
    """Return the images inside, also those in folders inside, in order."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in _SUFFIXES and file.is_file() and file.name[0] != "."
    )


def _subset(folder: Path) -> str | None:
    """Return the part that a folder is called after."""
    name = folder.name.strip().lower()
    for part, words in _SUBSETS.items():
        if re.fullmatch(f"({words}){_AFTER}", name):
            return part
    return None


def _classes(folder: Path) -> list[str]:
    """Return the names of the folders inside that hold images."""
    return [name for name in folders(folder) if images(folder / name)]


def _unpacked(folder: Path) -> Path:
    """Return the folder of the classes where archives were unpacked: `train/train/cat`."""
    inside = [folder / name for name in _classes(folder)]
    loose = any(file.parent == folder for file in images(folder))
    if len(inside) == 1 and not loose and _classes(inside[0]):
        return _unpacked(inside[0])
    return folder


def _refuse_half_a_split(folder: Path, *, split: Sequence[Path], others: Sequence[Path]) -> None:
    subsets = listed([each.name for each in split])
    if not split:
        raise UserError(
            "`dataset.path` must name a folder with a folder of images a class. Received: "
            f"`{folder}` with {listed([each.name for each in others])}, names of subsets, without "
            "folders of classes in them; make these, or rename the folders if they are the classes."
        )
    if not others:
        raise UserError(
            f"`dataset.path` must name a folder of classes, or of several subsets. Received: "
            f"`{folder}` with {subsets} only; name the folder of classes: "
            f"`dataset.path={split[0]}`."
        )
    inner = "without folders of classes in it" if _subset(others[0]) else "which is no subset"
    raise UserError(
        f"`dataset.path` must name a folder of classes, or one of subsets with the classes inside. "
        f"Received: `{folder}` with {subsets} beside `{others[0].name}`, {inner}; move that "
        f"folder away, or name one of the others alone: `dataset.path={split[0]}`."
    )


def _refuse_the_same_folders(folder: Path) -> None:
    """Refuse folders of which each holds the same two folders or more: which are the classes?"""
    inside = [folder / name for name in _classes(folder)]
    within = [_classes(_unpacked(each)) for each in inside]
    common = within[0] if within else []
    if len(inside) < 2 or len(common) < 2 or any(each != common for each in within):
        return
    above, below = listed([each.name for each in inside]), listed(common)
    if all(_subset(Path(name)) for name in common):
        way_out = f"turn them round: `{folder / common[0] / inside[0].name}`, and so on"
    else:
        way_out = (
            f"call {above} `train` and `test` where they are subsets, name one of them alone, or, "
            "where they are the classes, put their images into them directly"
        )
    raise UserError(
        "`dataset.path` must name a folder that tells classes from subsets. Received: "
        f"`{folder}` with {above}, which all hold {below}; {way_out}."
    )
