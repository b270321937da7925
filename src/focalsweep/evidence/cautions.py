"""What makes a result less trustworthy, in sentences: the warnings of `result.json`.

Nothing here changes the verdict. Every sentence says what was seen and what would help.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from focalsweep.evidence.arm_facts import ArmResult, Search
from focalsweep.evidence.facts import ClassFacts
from focalsweep.evidence.result import ReferenceResult
from focalsweep.metrics.objective_words import amount_words

FEWEST_ROWS = 10
"""Under so many rows of a class, one of five folds has one or two to test on."""
MOST_FAILED = 0.1
"""Above this share of failed trials, the arm had a smaller budget than the others."""

_RATES = ("learning_rate", "weight_decay")


def cautions(
    arms: Sequence[ArmResult],
    *,
    references: Sequence[ReferenceResult],
    classes: Sequence[ClassFacts],
    smallest_difference: float,
    regrettable_difference: float,
    multi_label: bool = False,
    judged: bool = True,
    decides: bool = True,
) -> tuple[str, ...]:
    """Collect the warnings of a sweep, those of the data first.

    Parameters
    ----------
    arms : sequence of ArmResult
        With `search`; an arm without it is checked for nothing.
    references : sequence of ReferenceResult
        The scikit-learn models.
    classes : sequence of ClassFacts
        All rows by class, or those that carry each label.
    smallest_difference, regrettable_difference : float
        Of the verdict rule: what is smaller than the first is no difference, and most of what is
        smaller than the second needs no warning.
    multi_label : bool, default False
        Whether `classes` are labels, of which rows have any number.
    judged : bool, default True
        Whether there is a verdict; where too little was tried for one, nothing is said of what the
        searches did to scores either.
    decides : bool, default True
        Whether the objective reads decisions; log-loss does not.

    Returns
    -------
    tuple of str
        Empty where nothing is wrong.
    """
    rules = ("thresholds" if multi_label else "decision rules") if decides else None
    searched = [(arm.name, arm.search) for arm in arms if arm.search is not None]
    found = [
        _few_positives(classes) if multi_label else _few_rows(classes),
        _network(
            arms,
            references,
            smallest=smallest_difference,
            # A network that had too few trials is not yet known to be the problem.
            regrettable=regrettable_difference if judged else math.inf,
            rules=rules,
        ),
        *_edges(searched),
        _plateau(searched),
        _failed(searched),
        _overfitted(searched, least=regrettable_difference) if judged else None,
        _worse(searched, least=regrettable_difference, rules=rules) if judged else None,
    ]
    return tuple(sentence for sentence in found if sentence)


_Searched = Sequence[tuple[str, Search]]


def _few_rows(classes: Sequence[ClassFacts]) -> str | None:
    smallest = min(classes, key=lambda facts: facts.count)
    if smallest.count >= FEWEST_ROWS:
        return None
    return (
        f"The class `{smallest.name}` has {smallest.count} rows: its scores are mostly noise; more "
        "rows of it, or joining it with another class, would help more than any loss."
    )


def _few_positives(labels: Sequence[ClassFacts]) -> str | None:
    rarest = min(labels, key=lambda facts: facts.count)
    if rarest.count >= FEWEST_ROWS:
        return None
    return (
        f"The label `{rarest.name}` is on {rarest.count} rows: its scores are mostly noise; more "
        "rows with it, or leaving it out of `dataset.target`, would help more than any loss."
    )


def _network(
    arms: Sequence[ArmResult],
    references: Sequence[ReferenceResult],
    *,
    smallest: float,
    regrettable: float,
    rules: str | None,
) -> str | None:
    if not references:
        return None
    best = max(references, key=lambda reference: reference.score)
    # References have no decision layer: argmax stands against argmax.
    ahead = best.score - max(arm.argmax_score for arm in arms)
    if ahead <= smallest:
        return None
    problem = "the network is the problem and not the loss"
    if ahead <= regrettable:
        problem = "the network may matter more than the loss"
    return (
        f"{best.label} (scikit-learn) is {amount_words(ahead)} better than every arm"
        f"{f', {rules} aside' if rules else ''}: {problem}; try another `model`, more `epochs` or "
        "more `trials` first."
    )


def _edges(searched: _Searched) -> list[str]:
    arms_of: dict[str, list[str]] = {}
    for name, search in searched:
        for edge in search.at_edge:
            number = edge.rpartition(".")[0]
            owner = "optimizer" if number in _RATES else f"loss.{name}"
            arms_of.setdefault(f"{owner}.search.{edge}", []).append(name)
    sentences = []
    for key, names in arms_of.items():
        *_, number, end = key.split(".")
        side = "lower" if end == "low" else "upper"
        sentences.append(
            f"Most searches of {_list(names)} chose `{number}` at the {side} end of its range: "
            f"something better may lie beyond; widen `{key}`."
        )
    return sentences


def _plateau(searched: _Searched) -> str | None:
    names = [name for name, search in searched if search.is_plateau]
    if not names:
        return None
    return (
        f"Most trials of {_list(names)} are worth exactly the same, as they are where the rarest "
        "class is never called, or always rightly: the objective could not tell them apart, and "
        "the one with the smallest log-loss was taken; more rows of that class, or an objective "
        "that reads probabilities (`objective=log_loss`), would choose better."
    )


def _failed(searched: _Searched) -> str | None:
    names, worst = _above(searched, lambda search: search.failed_share, least=MOST_FAILED)
    if not names:
        return None
    return (
        f"Up to {worst:.0%} of the trials of {_list(names)} failed, which left fewer to learn "
        "from; lower `optimizer.search.learning_rate.high`."
    )


def _overfitted(searched: _Searched, *, least: float) -> str | None:
    names, worst = _above(searched, lambda search: search.optimism, least=least)
    if not names:
        return None
    return (
        f"Inner scores of {_list(names)} are up to {amount_words(worst)} better than the scores on "
        "test rows: the search fitted validation noise, so read test scores only; fewer trials "
        "or more `evaluation.inner_folds` would help."
    )


def _worse(searched: _Searched, *, least: float, rules: str | None) -> str | None:
    names = [name for name, search in searched if search.worse_than_control]
    if not names:
        return None
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{_list(names)} {verb} worse than cross-entropy by more than {amount_words(least)} on "
        f"average{f', {rules} fitted on both sides' if rules else ''}: what was searched there "
        "seems to do harm; "
        "the differences say how sure that is."
    )


def _above(
    searched: _Searched, read: Callable[[Search], float], *, least: float
) -> tuple[list[str], float]:
    """Return the arms whose number exceeds `least`, and the largest of these numbers."""
    found = {name: read(search) for name, search in searched if read(search) > least}
    return list(found), max(found.values(), default=0.0)


def _list(names: Sequence[str]) -> str:
    """Name all arms; a long list ends in a count."""
    shown = [f"`{name}`" for name in names[:4]]
    if len(names) > len(shown):
        return ", ".join(shown) + f" and {len(names) - len(shown)} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"
