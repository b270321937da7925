"""Load the image sets that Keras fetches: balanced, with a long tail made in training folds."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.dataset import Dataset
from focalsweep.data.network import fetching
from focalsweep.errors import UserError

_ORIGIN = {
    "cifar10": "CIFAR-10, A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny "
    "Images",
    "cifar100": "CIFAR-100, fine labels, A. Krizhevsky (2009), Learning Multiple Layers of "
    "Features from Tiny Images",
    "fashion_mnist": "Fashion-MNIST, H. Xiao et al. (2017), arXiv:1708.07747, MIT licence",
    "mnist": "MNIST, Y. LeCun and C. Cortes, CC BY-SA 3.0",
}

_Parts = tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]


def load_keras_images(
    *,
    name: str,
    images: Literal["cifar10", "cifar100", "fashion_mnist", "mnist"],
    class_names: list[str] | None = None,
) -> Dataset:
    """Load an image set by ``keras.datasets``, which keeps it for the next time.

    Keras's test images are the test part of the dataset's split. The long tail of the literature
    (CIFAR-10-LT and its like, Cui et al. 2019, arXiv:1901.05555) is ``profile: exp`` with its
    ``factor``: class k of K keeps a share of factor^(-k / (K - 1)) of its training rows.

    Parameters
    ----------
    name : str
        Short name of the dataset here.
    images : str
        Name in ``keras.datasets``.
    class_names : list of str, optional
        Name of each class code; by default the codes.

    Raises
    ------
    UserError
        When the images cannot be fetched, or when there are more or fewer classes than names.
    """
    (train, train_labels), (test, test_labels) = _fetch(images)
    labels = np.concatenate([train_labels.reshape(-1), test_labels.reshape(-1)])
    classes = len(np.unique(labels))
    if class_names is not None and len(class_names) != classes:
        raise UserError(
            f"`dataset.class_names` must name the {classes} classes of `{images}`. Received: "
            f"{len(class_names)} names; mend them or set null."
        )
    return dataset_of_arrays(
        np.concatenate([train, test]),
        labels,
        name=name,
        origin=f"{_ORIGIN[images]}, as fetched by Keras",
        class_names=class_names,
        split=np.repeat(["train", "test"], [len(train), len(test)]),
    )


def _fetch(images: str) -> _Parts:
    home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    # Imported here, because Keras takes TensorFlow with it: seconds that other sources do not need.
    module = importlib.import_module(f"keras.datasets.{images}")
    server = "www.cs.toronto.edu" if images.startswith("cifar") else "storage.googleapis.com"
    with (
        fetching(f"Keras's image set `{images}`", server=server, kept_in=f"{home}/datasets"),
        # Its progress bar is no part of the result.
        contextlib.redirect_stdout(sys.stderr),
    ):
        parts: _Parts = module.load_data()
    return parts
