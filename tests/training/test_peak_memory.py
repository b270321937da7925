"""The terms of the peak: each grows with what it counts and with nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from focalsweep.training.member import View
from focalsweep.training.peak_memory import BASE_BYTES, peak_memory

PLAN = {
    "table_bytes": 10_000,
    "chunk_size": 8,
    "threads": 2,
    "member_bytes": 5_000,
    "round_members": 30,
    "epochs": 4,
    "logit_rows": 100,
}
VIEW = View(
    name="0/refit",
    features=np.zeros((60, 7), np.float32),
    labels=np.zeros(60, np.int32),
    n_train=40,
    natural_counts=np.array([20, 15, 5]),
)


def peak(views=(VIEW,), **changed):
    return peak_memory(list(views), **{**PLAN, **changed})


def test_the_peak_is_the_sum_of_its_terms():
    terms = peak()
    assert terms.total == sum(vars(terms).values())
    assert terms.base == BASE_BYTES


def test_every_view_is_there_as_often_as_the_first():
    assert peak([VIEW] * 5).views == 5 * peak().views
    assert peak().views >= VIEW.features.nbytes


@pytest.mark.parametrize(
    ("argument", "terms"),
    [
        ("table_bytes", {"table"}),
        ("chunk_size", {"index", "chunks"}),
        ("threads", {"index", "chunks"}),
        ("member_bytes", {"chunks"}),
        ("round_members", {"records"}),
        ("epochs", {"records"}),
        ("logit_rows", {"logits"}),
    ],
)
def test_what_is_twice_as_large_doubles_its_own_terms_alone(argument, terms):
    once, twice = vars(peak()), vars(peak(**{argument: 2 * PLAN[argument]}))
    assert {name for name in once if twice[name] != once[name]} == terms
    assert all(twice[name] == 2 * once[name] for name in terms)


def test_labels_are_counted_one_by_one_and_classes_against_each_other():
    labels = replace(VIEW, labels=np.zeros((60, 3), np.int8))
    assert peak([labels]).records * 9 == peak().records * 12
