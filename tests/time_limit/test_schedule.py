"""The plan that is carried out: the largest that fits, or what was begun."""

import time
from types import SimpleNamespace

import keras
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.config.scale import smaller
from focalsweep.data.read_dataset import read_dataset
from focalsweep.deadline import Deadline
from focalsweep.errors import UserError
from focalsweep.prepare import prepare
from focalsweep.time_limit import schedule as module
from focalsweep.time_limit.pace import (
    OPERATIONS_A_SECOND,
    Pace,
    _multiplications,
    counted_pace,
    scale_of,
    visits,
)
from focalsweep.time_limit.round_clock import RoundClock
from focalsweep.time_limit.schedule import minutes_for, schedule

DATA = ("tracking=none", "dataset=synthetic", "dataset.rows=300", "dataset.ratio=3", "model=linear")


@pytest.fixture(scope="module")
def dataset():
    return read_dataset(compose_sweep("quickstart", DATA).config.dataset)


def plan_of(dataset, *overrides):
    return prepare(compose_sweep("quickstart", [*DATA, *overrides]).config, dataset=dataset)


@pytest.fixture
def timed(monkeypatch):
    """Let every visit take as long as a test says, and everything else its share."""

    def visits_take(seconds):
        monkeypatch.setattr(
            module,
            "timed_pace",
            lambda plan, steps: Pace(
                plan=plan, row_seconds=seconds, reference_seconds=0.1, evidence_seconds=0.01
            ),
        )

    return visits_take


def test_a_limit_that_everything_fits_into_gives_up_nothing(dataset, timed):
    timed(1e-9)
    plan = plan_of(dataset)
    found = schedule(plan, dataset, deadline=Deadline(minutes=30))
    assert found.plan is plan
    assert (found.given_up, found.again) == (None, [])


def test_the_largest_scale_that_ends_in_time_is_carried_out(dataset, timed):
    plan = plan_of(dataset)
    timed(6 * 60 / sum(visits(plan, scale_of(plan))))
    found = schedule(plan, dataset, deadline=Deadline(minutes=5))
    assert found.carried_out.repeats == 1
    assert found.pace.seconds(found.carried_out) <= 300
    ladder = list(smaller(found.asked, plan.config))
    larger = ladder[ladder.index(found.carried_out) - 1]
    assert found.pace.seconds(larger) > 299
    assert scale_of(found.plan) == found.carried_out
    assert found.given_up.startswith("1 repeat instead of 2")
    assert found.messages[-1].startswith("To end within 5 min: 1 repeat instead of 2")


def test_what_passed_before_counts(dataset, timed):
    plan = plan_of(dataset)
    timed(3 * 60 / sum(visits(plan, scale_of(plan))))
    begun = Deadline(minutes=5, started=time.monotonic() - 200)
    assert schedule(plan, dataset, deadline=Deadline(minutes=5)).given_up is None
    assert schedule(plan, dataset, deadline=begun).given_up is not None


def test_less_than_the_least_is_refused_with_a_number_that_suffices(dataset, timed):
    plan = plan_of(dataset)
    timed(600 * 60 / sum(visits(plan, scale_of(plan))))
    with pytest.raises(UserError, match=r"`minutes=1` is less than the least that pays") as refused:
        schedule(plan, dataset, deadline=Deadline(minutes=1))
    assert "1 repeat instead of 2" in str(refused.value)
    enough = float(str(refused.value).split("give `minutes=")[1].split("`")[0])
    found = schedule(plan, dataset, deadline=Deadline(minutes=enough))
    assert found.carried_out == list(smaller(found.asked, plan.config))[-1]


def test_a_sweep_that_goes_on_carries_out_what_it_began(dataset, timed):
    plan = plan_of(dataset)
    begun = list(smaller(scale_of(plan), plan.config))[3]
    timed(1e-9)
    for deadline in (Deadline(), Deadline(minutes=30)):
        found = schedule(plan, dataset, deadline=deadline, begun=begun)
        assert found.carried_out == scale_of(found.plan) == begun


def test_counted_work_is_the_same_on_every_machine_and_leaves_alone_what_was_typed(dataset):
    plan = plan_of(dataset, "about_minutes=0.01")
    one, other = (schedule(plan, dataset, deadline=Deadline()) for _ in range(2))
    assert one.carried_out == other.carried_out == list(smaller(one.asked, plan.config))[-1]
    assert "`about_minutes=null` does everything" in one.messages[-1]
    held = schedule(plan, dataset, deadline=Deadline(), held={"evaluation", "arms", "trials"})
    assert held.carried_out == held.asked.model_copy(update={"references": False})


def test_with_minutes_the_work_is_not_counted_too(dataset, timed):
    timed(1e-9)
    plan = plan_of(dataset, "about_minutes=0.01")
    assert schedule(plan, dataset, deadline=Deadline(minutes=30)).given_up is None


def test_visits_are_those_that_models_make(dataset):
    plan = plan_of(dataset, "tracking=none")
    search, refit = visits(plan, scale_of(plan))
    views = plan.folds.views
    trained = scored = 0
    for scope in plan.folds.scopes:
        trained += sum(views[view].n_train for view in scope.inner)
        scored += sum(len(views[view].eval_labels) for view in scope.inner)
    each = len(plan.arms) * plan.budget.epochs
    assert search == pytest.approx(each * 12 * (trained + scored / 3), rel=0.01)
    outer = sum(views[scope.refit].n_train for scope in plan.folds.outer)
    kept = views[plan.folds.whole].n_train
    assert refit == pytest.approx(each * (trained + 3 * outer + kept), rel=0.01)


def test_larger_models_and_rows_count_for_more(dataset):
    small = counted_pace(plan_of(dataset)).row_seconds
    wide = plan_of(dataset, "model=mlp", "model.hidden=[512,512]")
    assert counted_pace(wide).row_seconds > 20 * small


def test_layers_of_models_inside_count_and_frozen_ones_do_not(dataset, tmp_path):
    columns = plan_of(dataset).folds.views[0].features.shape[1]

    def counted(filters):
        inside = keras.Sequential([keras.Input((columns, 1)), keras.layers.Conv1D(filters, 3)])
        rows = keras.Input((columns,))
        made = inside(keras.layers.Reshape((columns, 1))(rows))
        body = keras.Model(rows, keras.layers.GlobalAveragePooling1D()(made))
        assert _multiplications(body) == (columns - 2) * 4 * filters
        body.save(path := tmp_path / f"{filters}.keras")
        plan = plan_of(dataset, "model=frozen_features", f"model.embedding={path}")
        return counted_pace(plan).row_seconds

    of_the_head = 6 * 396 * dataset.n_classes / OPERATIONS_A_SECOND
    assert counted(400) - counted(4) == pytest.approx(of_the_head)


@pytest.mark.parametrize(("seconds", "minutes"), [(50, 1.0), (100, 1.9), (600, 11.0)])
def test_an_advised_limit_leaves_a_little(seconds, minutes):
    assert minutes_for(seconds) == pytest.approx(minutes)


class Clock:
    def __init__(self, monkeypatch):
        self.now = 1000.0
        for name in ("focalsweep.time_limit.round_clock", "focalsweep.deadline"):
            # Not `time.monotonic` itself, which every thread that waits looks at.
            monkeypatch.setattr(f"{name}.time", SimpleNamespace(monotonic=lambda: self.now))


def test_rounds_are_given_up_when_the_machine_becomes_slower(dataset, timed, monkeypatch):
    plan = plan_of(dataset)
    timed(240 / sum(visits(plan, scale_of(plan))))
    clock = Clock(monkeypatch)
    planned = schedule(plan, dataset, deadline=Deadline(minutes=5, started=clock.now))
    assert planned.given_up is None
    a_round = planned.pace.search_seconds(planned.carried_out) / 12
    rounds = RoundClock(planned)
    asked = []
    for slower in (1.0, 1.0, 3.0, 3.0):
        clock.now += slower * a_round
        asked.append(rounds.has_time())
        if not asked[-1]:
            break
    assert asked[:2] == [True, True]
    while asked[-1]:
        clock.now += 3.0 * a_round
        asked.append(rounds.has_time())
    # What was left at that moment is enough for the refits and all that follows, at that pace.
    after = 3 * planned.pace.seconds_after_search(planned.carried_out)
    assert planned.deadline.left() >= after
    assert len(asked) < 12
    assert rounds.minutes_for_all() > 10


def test_without_a_limit_there_is_always_time(dataset):
    plan = plan_of(dataset)
    rounds = RoundClock(schedule(plan, dataset, deadline=Deadline()))
    assert rounds.has_time()
    assert rounds.has_time_for_references()
    assert rounds.minutes_for_all() is None


def test_no_steps_are_timed_where_a_busy_machine_has_used_the_time_up(dataset, monkeypatch):
    plan, asked = plan_of(dataset), []

    def paced(plan, *, steps):
        asked.append(steps)
        return Pace(plan=plan, row_seconds=1e-9, reference_seconds=0.0, evidence_seconds=0.0)

    monkeypatch.setattr(module, "timed_pace", paced)
    for passed in (5, 60):
        started = time.monotonic() - passed
        schedule(plan, dataset, deadline=Deadline(minutes=2, started=started))
    assert asked == [True, False]
