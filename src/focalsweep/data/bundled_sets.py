"""Load one of the real imbalanced sets that travel in the package."""

from __future__ import annotations

import difflib
from importlib import resources

import pandas as pd

from focalsweep.data.dataset import Dataset
from focalsweep.data.labels import encode_labels
from focalsweep.errors import UserError


def load_bundled(*, name: str, file: str, origin: str) -> Dataset:
    """Load a CSV of ``focalsweep/data/bundled``, whose last column is the class.

    Read through `importlib.resources`, so that an installed package works outside a checkout.

    Parameters
    ----------
    name : str
        Short name of the dataset.
    file : str
        File name inside the folder, for example ``yeast.csv``.
    origin : str
        Citation with licence; it is copied into every result about this set.

    Raises
    ------
    UserError
        When no such file is bundled.
    """
    folder = resources.files("focalsweep.data").joinpath("bundled")
    bundled = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".csv"))
    if file not in bundled:
        near = difflib.get_close_matches(file, bundled, n=1, cutoff=0.0)
        raise UserError(
            f"`dataset.file` must be one of {', '.join(f'`{known}`' for known in bundled)}. "
            f"Received: `{file}`. The nearest is `{near[0]}`; your own file goes in with "
            "`dataset=csv`."
        )
    with folder.joinpath(file).open("rb") as stream:
        frame = pd.read_csv(stream)
    labels, class_names = encode_labels(frame["target"])
    return Dataset(
        name=name,
        features=frame.drop(columns="target"),
        labels=labels,
        class_names=class_names,
        origin=origin,
    )
