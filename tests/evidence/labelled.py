"""One outer fold of multi-label data whose logits are given."""

import numpy as np
from scipy.special import expit

from focalsweep.evidence.refit import Chosen
from focalsweep.losses import binary_arms as families
from focalsweep.losses.recipe import Recipe
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Folds, Scope
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, View

COUNTS = np.array([[50, 50], [80, 20], [92, 8]])
N_TRAIN = 100


def draw_labels(rows, *, seed, spread=1.5):
    """Return the true logits of each label and labels that are drawn from them."""
    rng = np.random.default_rng(seed)
    z = np.log(COUNTS[:, 1] / COUNTS[:, 0]) + rng.normal(scale=spread, size=(rows, 3))
    return z, (rng.random(z.shape) < expit(z)).astype(np.int8)


def labelled_fold(
    *, point=None, logits=lambda z: z, n_test=400, n_inner=600, n_seeds=2
) -> tuple[Chosen, Folds]:
    """Make a chosen point that puts out ``logits(z)`` of the true logits z."""
    point = point or SigmoidPoint.cross_entropy(3)
    test_z, test = draw_labels(n_test, seed=1)
    inner_z, inner = draw_labels(n_inner, seed=2)
    train = (np.arange(N_TRAIN)[:, None] < COUNTS[:, 1]).astype(np.int8)
    views = [
        View(
            name=name,
            features=np.zeros((N_TRAIN + len(labels), 1), np.float32),
            labels=np.concatenate([train, labels]),
            n_train=N_TRAIN,
            natural_counts=COUNTS,
        )
        for name, labels in (("0/refit", test), ("0/inner-0", inner))
    ]
    members = [
        Member(
            key=MemberKey("arm/0", 0, fold, 1),
            view=view,
            recipe=Recipe.plain(point),
            schedule=1,
            learning_rate=1e-3,
            weight_decay=0.0,
            epochs=1,
        )
        for view, fold in ((0, -1), (1, 0))
    ]
    scope = Scope(name="0", counts=COUNTS, inner=(1,), refit=0)
    chosen = Chosen(
        arm=Arm(name="arm", label="", family="focal", make_loss=families.binary_cross_entropy),
        scope=scope,
        trial=Trial(number=0, parameters={}, outcome=Outcome(value=0.5, epochs=1, curve=(0.5,))),
        recipe=Recipe.plain(point),
        point=point,
        failed_trials=0,
        inner_logits=logits(inner_z).astype(np.float32),
        inner_labels=inner,
        inner_members=(members[1],),
        test_logits=np.stack([logits(test_z)] * n_seeds).astype(np.float32),
        test_labels=test,
        refit_members=(members[0],) * n_seeds,
    )
    return chosen, Folds(views=tuple(views), scopes=(scope,))
