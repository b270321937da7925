"""Read the dataset that a config names, whichever source it is of."""

from __future__ import annotations

from focalsweep.config.schema import DatasetConfig
from focalsweep.config.target import build
from focalsweep.data.callable import dataset_of_returned
from focalsweep.data.dataset import Dataset
from focalsweep.data.source_key import from_source
from focalsweep.errors import UserError


def read_dataset(config: DatasetConfig) -> Dataset:
    """Call the source with its keys, and check what it returns.

    Raises
    ------
    UserError
        When the source cannot be used, or needs more memory than there is.
    """
    source = config.target
    try:
        returned = build(config)
    except MemoryError as error:
        raise UserError(
            f"`dataset` must fit into memory. Received: {error} by `{source}`; give fewer rows or "
            "columns."
        ) from error
    with from_source("dataset._target_", source):
        return dataset_of_returned(returned, name=config.name, origin=source)
