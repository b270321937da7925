"""Of many classes a training keeps margins an epoch, and they score as the whole table does."""

import numpy as np
import pytest

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.metrics.confusion import counts_of
from focalsweep.metrics.objective import OBJECTIVES
from focalsweep.models.linear import linear
from focalsweep.training.class_counts import MOST_BY_PAIR
from focalsweep.training.member import Member, MemberKey, View
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer

CLASSES, EPOCHS, TRAINED = MOST_BY_PAIR + 6, 2, 280
WITH_DECISIONS = [choice for choice in OBJECTIVES.values() if choice.uses_decisions]


def build(n_features):
    return linear(n_features=n_features, n_classes=CLASSES)


def record(trainer, **more):
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(420) % CLASSES).astype(np.int32)
    centres = rng.normal(size=(CLASSES, 8))
    view = View(
        name="fold",
        features=(centres[labels] + 0.3 * rng.normal(size=(420, 8))).astype(np.float32),
        labels=labels,
        n_train=TRAINED,
        natural_counts=np.bincount(labels[:TRAINED], minlength=CLASSES),
        weights=rng.uniform(0.5, 2.0, 420).astype(np.float32) if more.pop("weighted") else None,
    )
    made = trainer(build_model=build, views=[view], optimizer=Optimizer(), batch_size=32, **more)
    member = Member(
        key=MemberKey("study", 0, 0, 0),
        view=0,
        recipe=Recipe.plain(LossPoint.cross_entropy(CLASSES)),
        schedule=EPOCHS,
        learning_rate=0.05,
        weight_decay=0.0,
        epochs=EPOCHS,
    )
    ((found,),) = made.train([[member]], size=1)
    return found


@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
@pytest.mark.parametrize("trainer", [PopulationTrainer, OneByOneTrainer])
def test_margins_score_as_the_whole_table_does(trainer, weighted):
    pairs = record(trainer, weighted=weighted, counts_pairs=True)
    margins = record(trainer, weighted=weighted)
    assert pairs.confusion.shape == (EPOCHS, CLASSES, CLASSES)
    assert margins.confusion.shape == (EPOCHS, 3, CLASSES)
    assert pairs.failure is margins.failure is None
    np.testing.assert_array_equal(pairs.log_loss, margins.log_loss)
    for choice in WITH_DECISIONS:
        expected = choice.utility(confusion=counts_of(pairs.confusion))
        found = choice.utility(confusion=counts_of(margins.confusion))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    assert 0.05 < WITH_DECISIONS[0].utility(confusion=counts_of(margins.confusion))[-1] < 1.0


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 2), (4, 3, 2, 2), (2, 100, 100)])
def test_whole_tables_and_labels_are_left_as_they_are(shape):
    table = np.arange(np.prod(shape)).reshape(shape)
    assert counts_of(table) is table
