"""Confusions of many classes are written by their cells with rows, and read as whole tables."""

import json

import numpy as np
import pytest
from pydantic import BaseModel

from focalsweep.evidence.confusion_table import MOST_WHOLE, ConfusionTable


class Holder(BaseModel):
    table: ConfusionTable


def table_of(n_classes):
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 9, (n_classes, n_classes)) / 3 * (rng.random((n_classes,) * 2) < 0.02)
    cells[-1] = 0.0  # a class that nothing of was tested
    return tuple(tuple(row) for row in np.round(cells, 4).tolist())


@pytest.mark.parametrize("n_classes", [3, MOST_WHOLE, MOST_WHOLE + 1, 600])
def test_what_is_written_is_what_is_read(n_classes):
    holder = Holder(table=table_of(n_classes))
    assert Holder.model_validate_json(holder.model_dump_json(indent=2)) == holder
    assert holder.model_dump()["table"] == holder.table
    assert Holder(table=()).table == ()


def test_few_classes_are_written_whole_and_many_in_a_line_each():
    few = json.loads(Holder(table=table_of(3)).model_dump_json())["table"]
    assert np.shape(few) == (3, 3)
    many = json.loads(Holder(table=table_of(600)).model_dump_json())["table"]
    assert len(many) == 600
    assert all(isinstance(line, str) for line in many)
    cells = dict(cell.split(":") for cell in many[5].split())
    row = table_of(600)[5]
    assert {int(code): float(rows) for code, rows in cells.items()} == {
        code: rows for code, rows in enumerate(row) if rows
    }


def test_six_hundred_classes_take_kilobytes():
    assert len(Holder(table=table_of(600)).model_dump_json(indent=2)) < 200_000
