"""Write how a chosen point is trained, where that is more than one plain ``fit``.

Sampling, other rows and stages become a function ``train(x_train, y_train)``. An epoch of the
search always draws as many rows as there are, so where the code trains on more or fewer rows it
takes fewer or more passes: about as many steps as in the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import Template

from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.report.source_lines import number

_TREATMENTS = "focalsweep.data.resampling."

_SMOTE = "from imblearn.over_sampling import SMOTE"
_SAMPLERS: dict[str, tuple[list[str], str]] = {
    "random_over_sampling": (
        ["from imblearn.over_sampling import RandomOverSampler"],
        "RandomOverSampler(sampling_strategy=wanted, random_state=0)",
    ),
    "smote": (
        [_SMOTE],
        "SMOTE(sampling_strategy=wanted, k_neighbors=near, random_state=0)",
    ),
    "borderline_smote": (
        ["from imblearn.over_sampling import BorderlineSMOTE"],
        """BorderlineSMOTE(
        sampling_strategy=wanted, k_neighbors=near, random_state=0
    )""",
    ),
    "adasyn": (
        ["from imblearn.over_sampling import ADASYN"],
        """ADASYN(sampling_strategy=wanted, n_neighbors=near, random_state=0)
    # ADASYN refuses classes far from all others; the search took SMOTE for them.""",
    ),
    "smote_enn": (
        ["from imblearn.combine import SMOTEENN", _SMOTE],
        """SMOTEENN(
        smote=SMOTE(sampling_strategy=wanted, k_neighbors=near, random_state=0)
    )""",
    ),
}
"""imbalanced-learn's import and call for each treatment of `focalsweep.data.resampling`."""

# What is written, with $names for what differs.
_DRAW = Template('''
rng = np.random.default_rng(0)


def draw(y_train):
    """Return an epoch's rows, classes in proportion to n_k ** (1 - strength)."""
    strength = $strength
    counts = np.maximum(y_train.sum(axis=0), 1.0)
    share = (y_train @ counts**-strength).astype("float64")
    return rng.choice(len(share), size=len(share), p=share / share.sum())
''')

_TRAIN_ON_DRAWS = Template('''

def train(x_train, y_train):
    """Train on rows that are drawn anew for every epoch."""
    for _ in range($epochs):
        rows = draw(y_train)
        model.fit(x_train[rows], y_train[rows], **fit)
''')

_TRAIN_RESAMPLED = Template('''

def train(x_train, y_train):
    """Resample the training rows, and no others; then train."""
    codes = y_train.argmax(axis=1)
    classes, counts = np.unique(codes, return_counts=True)
    # Class k grows to n_k ** (1 - strength) * largest ** strength rows.
    strength = $strength
    grown = counts ** (1 - strength) * float(counts.max()) ** strength
    grown = np.maximum(counts, grown.round().astype(int))
    wanted = dict(zip(classes.tolist(), grown.tolist()))
    near = min(5, int(counts.min()) - 1)
    sampler = $sampler
    x_more, codes = sampler.fit_resample(x_train, codes)
    y_more = np.eye(len(class_names), dtype="float32")[codes]
    # As many steps as $epochs epochs of the rows as they were.
    epochs = max(1, round($epochs * len(y_train) / len(y_more)))
    model.fit(x_more, y_more, epochs=epochs, **fit)
''')

_TRAIN_CLEANED = Template('''

def train(x_train, y_train):
    """Train without rows whose label out-of-fold predictions contradict."""
    codes = y_train.argmax(axis=1)
    log_proba = np.empty(y_train.shape)
    parts = StratifiedKFold(3, shuffle=True, random_state=0)
    for seen, unseen in parts.split(x_train, codes):
        probe = keras.models.clone_model(model)
        probe.compile(type(optimizer).from_config(optimizer.get_config()), loss)
        probe.fit(x_train[seen], y_train[seen], epochs=$epochs, **fit)
        logits = keras.ops.convert_to_tensor(probe.predict(x_train[unseen]))
        log_proba[unseen] = keras.ops.convert_to_numpy(keras.ops.log_softmax(logits))
    kept = ~contradicted(codes, log_proba)
    # As many steps as $epochs epochs of all rows.
    epochs = round($epochs * len(kept) / kept.sum())
    model.fit(x_train[kept], y_train[kept], epochs=epochs, **fit)
''')

_RENEW = """
    *body, head = model.layers
    for layer in body:
        layer.trainable = False
    fresh = type(head).from_config(head.get_config())
    fresh.build(head.input.shape)
    head.set_weights(fresh.get_weights())
    # Compiling again makes the freeze count; the optimizer starts anew.
    model.compile(type(optimizer).from_config(optimizer.get_config()), loss)"""


@dataclass(frozen=True, kw_only=True)
class TrainingCode:
    """Hold the lines that train.

    Parameters
    ----------
    imports : list of str
        Libraries beside Keras and NumPy.
    numpy : bool, default True
        Whether ``np`` is needed.
    lines : list of str
        What follows ``model.compile``.
    """

    imports: list[str] = field(default_factory=list)
    numpy: bool = True
    lines: list[str]


def training_code(best: BestPoint, *, batch_size: int, class_weight: bool) -> TrainingCode:
    """Write the training of a point.

    Parameters
    ----------
    best : BestPoint
        Its rows, sampling and stages decide what is written.
    batch_size : int
        Rows a step.
    class_weight : bool
        Whether ``alpha`` goes to `fit` (in the last stage).
    """
    weights = ', "class_weight": dict(enumerate(alpha))' if class_weight else ""
    fit = f'fit = {{"batch_size": {batch_size}{weights}}}'
    treatment = (best.rows or "").removeprefix(_TREATMENTS)
    if best.switch_epoch is not None and best.switch_epoch < best.epochs:
        return _staged(best, batch_size=batch_size, class_weight=class_weight)
    # At strength 0 nothing is made; cleaning by neighbours is done at any strength.
    if treatment in _SAMPLERS and (best.sampling or treatment == "smote_enn"):
        return _resampled(best, treatment, fit=fit)
    if treatment == "without_suspects":
        return _cleaned(best, fit=fit)
    if best.sampling:
        return _drawn(best, fit=fit)
    lines = [f'fit = {{"epochs": {best.epochs}, "batch_size": {batch_size}{weights}}}']
    if treatment and treatment not in _SAMPLERS:
        lines.append(f"# The search treated training rows by {best.rows}; do so first.")
    return TrainingCode(numpy=False, lines=[*lines, "# model.fit(x_train, y_train, **fit)"])


def _drawn(best: BestPoint, *, fit: str) -> TrainingCode:
    draw = _DRAW.substitute(strength=number(best.sampling))
    return _function(fit + draw + _TRAIN_ON_DRAWS.substitute(epochs=best.epochs))


def _resampled(best: BestPoint, treatment: str, *, fit: str) -> TrainingCode:
    imports, sampler = _SAMPLERS[treatment]
    train = _TRAIN_RESAMPLED.substitute(
        strength=number(best.sampling), sampler=sampler, epochs=best.epochs
    )
    if "near" not in sampler:
        train = "".join(line for line in train.splitlines(True) if " near = " not in line)
    return _function(f"{fit}\n{train}", imports=imports)


def _cleaned(best: BestPoint, *, fit: str) -> TrainingCode:
    return _function(
        f"{fit}\n{_TRAIN_CLEANED.substitute(epochs=best.epochs)}",
        imports=[
            "from sklearn.model_selection import StratifiedKFold",
            "from focalsweep.search.confident_learning import contradicted",
        ],
    )


def _staged(best: BestPoint, *, batch_size: int, class_weight: bool) -> TrainingCode:
    switch = best.switch_epoch or 0
    last = best.epochs - switch
    lines = [f'fit = {{"batch_size": {batch_size}}}']
    if class_weight:
        lines.append('weights = {"class_weight": dict(enumerate(alpha))}')
    given = "**fit, **weights" if class_weight else "**fit"
    if best.sampling:
        lines.append(_DRAW.substitute(strength=number(best.sampling)))
    says = "the last layer anew, alone" if best.head_only else "on with class weights"
    lines += ["", "def train(x_train, y_train):", f'    """Train, then train {says}."""']
    if switch:
        lines.append(f"    model.fit(x_train, y_train, epochs={switch}, **fit)")
    if best.head_only:
        lines.append(_RENEW.lstrip("\n"))
    if best.sampling:
        lines += [
            f"    for _ in range({last}):",
            "        rows = draw(y_train)",
            f"        model.fit(x_train[rows], y_train[rows], {given})",
        ]
    else:
        lines.append(f"    model.fit(x_train, y_train, epochs={last}, {given})")
    if not best.sampling:
        lines.insert(lines.index(""), "")
    return _function("\n".join(lines) + "\n", numpy=bool(best.sampling))


def _function(text: str, *, imports: Sequence[str] = (), numpy: bool = True) -> TrainingCode:
    """Close a text that defines ``train`` with its call, for the user to uncomment."""
    lines = [*text.splitlines(), "", "", "# train(x_train, y_train)"]
    return TrainingCode(imports=list(imports), numpy=numpy, lines=lines)
