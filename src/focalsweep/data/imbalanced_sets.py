"""Load one of the 27 imbalanced two-class sets that imbalanced-learn fetches from Zenodo."""

from __future__ import annotations

import difflib

from imblearn import datasets
from imblearn.datasets._zenodo import MAP_NAME_ID
from sklearn.datasets import get_data_home

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.dataset import Dataset
from focalsweep.data.network import fetching
from focalsweep.errors import UserError

_ORIGIN = (
    "{} of the imbalanced-learn benchmark, Z. Ding (2011), Diversified Ensemble Classifiers for "
    "Highly Imbalanced Data Learning, doi 10.5281/zenodo.61452"
)


def load_imbalanced_set(*, name: str, data_name: str) -> Dataset:
    """Load a set by `imblearn.datasets.fetch_datasets`, which keeps all 27 for the next time.

    Parameters
    ----------
    name : str
        Short name of the dataset here.
    data_name : str
        Name there, such as ``abalone_19`` (4,177 rows, imbalance ratio 130).

    Raises
    ------
    UserError
        When there is no such set, or when it cannot be fetched.
    """
    known = list(MAP_NAME_ID)
    if data_name not in known:
        near = difflib.get_close_matches(data_name, known, n=1, cutoff=0.0)[0]
        raise UserError(
            f"`dataset.data_name` must be one of {', '.join(f'`{each}`' for each in known)}. "
            f"Received: `{data_name}`. The nearest is `{near}`."
        )
    what = f"The imbalanced-learn set `{data_name}`"
    with fetching(what, server="zenodo.org", kept_in=f"{get_data_home()}/zenodo"):
        try:
            bunch = datasets.fetch_datasets(filter_data=(data_name,))[data_name]
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{what} cannot be read ({error}); remove the folder `{get_data_home()}/zenodo` "
                "and run this again."
            ) from error
    return dataset_of_arrays(bunch.data, bunch.target, name=name, origin=_ORIGIN.format(data_name))
