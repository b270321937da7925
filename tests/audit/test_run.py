"""Whole audits, as small as can be: resumed from records, and the same whatever the workers."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from focalsweep.audit import workers
from focalsweep.audit.cases import Case
from focalsweep.audit.figures import Audit
from focalsweep.audit.planted_sweeps import Claim, PlantedSweep
from focalsweep.audit.records import Item, read_record, write_record
from focalsweep.audit.run import AuditSize, run_audit
from focalsweep.audit.truth import TrueScores
from focalsweep.errors import UserError

TINY = Case(
    name="tiny",
    sentence="too few rows for any answer",
    overrides=(
        "arms=[cross_entropy,class_weighted,focal_folklore,focal_gamma]",
        "dataset.rows=120",
        "dataset.ratio=4",
        "trials=2",
        "epochs=2",
        "evaluation.folds=2",
        "evaluation.repeats=1",
        "evaluation.inner_folds=2",
        "evaluation.refit_seeds=2",
    ),
)
SIZE = AuditSize(null_sweeps=0, sweeps_a_case=1, truth_seeds=2, fresh_rows=500)


def audited(folder: Path, *, jobs: int = 1, size: AuditSize = SIZE) -> tuple[Audit, str]:
    said = io.StringIO()
    audit = run_audit(
        folder, size=size, cases=[TINY], jobs=jobs, console=Console(file=said, width=100)
    )
    return audit, said.getvalue()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audit]:
    folder = tmp_path_factory.mktemp("audit")
    return folder, audited(folder)[0]


def same(one: Audit, other: Audit) -> None:
    pd.testing.assert_frame_equal(one.verdicts, other.verdicts)
    pd.testing.assert_frame_equal(one.truths, other.truths)
    pd.testing.assert_frame_equal(one.regret, other.regret)
    assert (one.type_one, one.power, one.wrong) == (other.type_one, other.power, other.wrong)


@pytest.mark.slow
def test_two_workers_find_what_one_finds(first, tmp_path):
    folder, audit = first
    same(audited(tmp_path, jobs=2)[0], audit)
    for record in (folder / "records").iterdir():
        assert (tmp_path / "records" / record.name).read_text() == record.read_text()


def test_a_second_call_trains_nothing(first, monkeypatch):
    folder, audit = first

    def never(*args, **given):
        raise AssertionError("trained again")

    monkeypatch.setattr(workers.Worker, "run", never)
    again, said = audited(folder)
    same(again, audit)
    assert "3 of 3 are recorded already." in said
    assert not (folder / "studies").exists()


def test_a_larger_audit_runs_what_is_missing_and_another_size_of_truth_is_noticed(
    first, monkeypatch
):
    folder, _ = first
    ran = []

    class Stopped(Exception):
        pass

    def stop(worker, item, **given):
        ran.append(item.name)
        raise Stopped

    monkeypatch.setattr(workers.Worker, "run", stop)
    for size in (replace(SIZE, sweeps_a_case=2), replace(SIZE, fresh_rows=501)):
        with pytest.raises(Stopped):
            audited(folder, size=size)
    assert ran == ["tiny-sweep-1", "tiny-truth-10000"]


def test_jobs_below_one_are_refused(tmp_path):
    with pytest.raises(UserError, match="`jobs` must be >= 1"):
        audited(tmp_path, jobs=0)


SWEEP = PlantedSweep(
    case="tiny",
    seed=3,
    decision="keep_cross_entropy",
    arm="cross_entropy",
    best_validation="focal_gamma",
    detectable=None,
    claims=(Claim(question="?", outcome="undecided", mean=0.1 + 0.2),),
)
TRUTH = TrueScores(case="tiny", seed=4, scores={"a": 1 / 3}, focal_gain=0.1, rival_gain=-0.2)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (Item(case=TINY, seed=3), SWEEP),
        (Item(case=TINY, seed=4, fresh_rows=10), TRUTH),
    ],
    ids=["sweep", "truth"],
)
def test_a_record_comes_back_as_it_was_while_the_item_is_the_same(tmp_path, item, found):
    assert read_record(tmp_path, item) is None
    write_record(tmp_path, item, found)
    assert read_record(tmp_path, item) == found
    longer = replace(TINY, overrides=(*TINY.overrides, "dataset.overlap=0.31"))
    assert read_record(tmp_path, replace(item, case=longer)) is None
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["fingerprint"] == item.fingerprint()
