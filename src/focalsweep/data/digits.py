"""Load scikit-learn's handwritten digits: balanced images, a control or a long tail by profile."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn import datasets

from focalsweep.data.dataset import Dataset

_ORIGIN = (
    "Optical Recognition of Handwritten Digits (test part, as shipped by scikit-learn), "
    "E. Alpaydin and C. Kaynak, doi 10.24432/C50P49, CC BY 4.0"
)


def load_digits(*, name: str = "digits", images: bool = False) -> Dataset:
    """Load 1,797 images of 8 x 8 pixels in ten nearly balanced classes (174 to 183 rows).

    The rows are balanced on purpose: an imbalance profile thins the training rows of each fold,
    so that validation and test stay natural.

    Parameters
    ----------
    name : str, default "digits"
        Short name of the dataset.
    images : bool, default False
        Whether the columns are declared as the pixels of an image, for convolutional models; all
        pixels are then scaled alike.
    """
    digits = datasets.load_digits()
    columns = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    return Dataset(
        name=name,
        features=pd.DataFrame(digits.data, columns=columns),
        labels=digits.target.astype(np.int32),
        class_names=tuple(str(digit) for digit in range(10)),
        origin=_ORIGIN,
        image_shape=(8, 8, 1) if images else None,
    )
