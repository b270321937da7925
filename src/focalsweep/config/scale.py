"""The scale of a sweep: the numbers that its length depends on, and what is given up for time.

Everything that a time limit changes is a value of the config, so what was carried out can be typed
again, without a limit, and gives the same numbers. What is given up follows from the config alone:
no score takes part, and all arms that remain have the same budget.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import ceil
from typing import Annotated, Any

from focalsweep.config.arm_schema import Family
from focalsweep.config.schema import SweepConfig
from focalsweep.config.values import Lax, Value

FEWEST_INNER_FOLDS = 2
"""A trial is valued on rows that its model was not trained on, so there are two parts at least."""


class Scale(Value):
    """Hold what can be given up, in the order in which it is.

    As a stored value it says what a sweep carried out, and is read back when one goes on.
    """

    repeats: int
    """Times that the outer folds are drawn."""
    refit_seeds: int
    """Final fits in each outer fold."""
    inner_folds: int
    """Folds that value a trial."""
    folds: int
    """Outer folds a repeat; 1 for a holdout."""
    references: bool
    """Whether scikit-learn models are scored beside the arms."""
    arms: Annotated[tuple[str, ...], Lax]
    """Losses that are compared."""
    trials: int
    """Trials an arm and search after which the search ends."""


_KEYS: Mapping[str, str] = {
    "repeats": "evaluation.repeats",
    "refit_seeds": "evaluation.refit_seeds",
    "inner_folds": "evaluation.inner_folds",
    "folds": "evaluation.folds",
    "references": "references",
    "arms": "arms",
    "trials": "stop_after",
}
"""The key of the config that sets each number."""

_ANSWERED_BY = {"trials": ("trials", "stop_after")}
"""Where other keys than its own say that a number is the user's wish."""


def smaller(whole: Scale, config: SweepConfig, *, held: Collection[str] = ()) -> Iterator[Scale]:
    """Yield the scale and then smaller ones, down to the least that still pays for a verdict.

    Given up are first repeats, then refit seeds, inner folds, outer folds, the reference rows,
    whole arms from the last to the first, and last trials. What stays in any case is what a verdict
    asks for (`verdict.fewest_*`): cross-entropy, the first focal arm and the first other rival,
    enough outer folds and enough trials.

    Parameters
    ----------
    whole : Scale
        What was asked for, as the data allow it.
    config : SweepConfig
        Families of the arms, and the verdict's thresholds.
    held : collection of str
        Keys of the config that the user set himself, which stay as they are; a group such as
        ``evaluation`` holds all keys in it.
    """
    yield whole
    scale = whole
    for name in _KEYS:
        if _is_held(name, held):
            continue
        while (less := _less(name, scale, config)) is not None:
            scale = scale.model_copy(update={name: less})
            yield scale


def _less(name: str, scale: Scale, config: SweepConfig) -> Any | None:
    """Return the next smaller value of one part of the scale; None at its least."""
    if name == "references":
        return False if scale.references else None
    if name == "arms":
        needed = _needed({arm: config.loss[arm].family for arm in scale.arms})
        last = next((arm for arm in reversed(scale.arms) if arm not in needed), None)
        return None if last is None else tuple(arm for arm in scale.arms if arm != last)
    rule = config.verdict
    least = {
        # Few rows or groups of a class allow few folds, and repeats then make up for them.
        "repeats": ceil(rule.fewest_folds / scale.folds),
        "refit_seeds": 1,
        "inner_folds": FEWEST_INNER_FOLDS,
        "folds": ceil(rule.fewest_folds / scale.repeats),
        "trials": max(ceil(rule.fewest_share * config.trials), rule.fewest_tried + 1),
    }[name]
    value: int = getattr(scale, name)
    # Trials are given up in whole rounds, so that a search that goes on begins at one.
    step = config.trials_per_round if name == "trials" else 1
    less = (value - 1) // step * step
    return less if less >= least else None


def _needed(families: Mapping[str, Family]) -> set[str]:
    """Name the arms without which a question of the verdict falls away, the first of each side."""
    sides: dict[str, str] = {}
    for name, family in families.items():
        # Suspect labels are looked for only because the user asked.
        side = family if family in ("cross_entropy", "focal", "labels") else "rival"
        sides.setdefault(side, name)
    return set(sides.values())


def _is_held(name: str, held: Collection[str]) -> bool:
    keys = _ANSWERED_BY.get(name, (_KEYS[name],))
    return any(key in held or key.partition(".")[0] in held for key in keys)


def exceeds(scale: Scale, other: Scale) -> bool:
    """Tell whether a scale does everything that another does, and more."""
    pairs = [(getattr(scale, name), getattr(other, name)) for name in _KEYS]
    return scale != other and all(
        set(new) >= set(old) if isinstance(new, tuple) else new >= old for new, old in pairs
    )


def changes(whole: Scale, carried_out: Scale) -> dict[str, Any]:
    """Return the values of the config that turn the first scale into the second, by dotted key."""
    return {
        key: getattr(carried_out, name)
        for name, key in _KEYS.items()
        if getattr(carried_out, name) != getattr(whole, name)
    }


def scaled(config: SweepConfig, changed: Mapping[str, Any]) -> SweepConfig:
    """Return the config with these values, as if they had been typed and nothing had limited it."""
    content = config.model_dump(mode="json", by_alias=True)
    content |= {"minutes": None, "about_minutes": None}
    for key, value in changed.items():
        *parents, leaf = key.split(".")
        inside = content
        for parent in parents:
            inside = inside[parent]
        inside[leaf] = value
    content["loss"] = {name: content["loss"][name] for name in content["arms"]}
    return SweepConfig.model_validate(content)


def typed(changed: Mapping[str, Any]) -> list[str]:
    """Write the changes as overrides of the command line; with them nothing else limits a sweep.

    Examples
    --------
    >>> typed({"evaluation.repeats": 1, "arms": ("cross_entropy", "focal_gamma")})
    ['evaluation.repeats=1', 'arms=[cross_entropy,focal_gamma]', 'about_minutes=null']
    """

    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return f"[{','.join(value)}]" if isinstance(value, tuple) else str(value)

    return [*(f"{key}={text(value)}" for key, value in changed.items()), "about_minutes=null"]


def in_words(whole: Scale, carried_out: Scale) -> str:
    """Say what was given up: "1 repeat instead of 2, no reference rows, without `ldam`"."""
    words = {
        "repeats": "repeat",
        "refit_seeds": "refit seed",
        "inner_folds": "inner fold",
        "folds": "outer fold",
        "trials": "trial",
    }
    parts = []
    for name in _KEYS:
        was, now = getattr(whole, name), getattr(carried_out, name)
        if was == now:
            continue
        if name == "references":
            parts.append("no reference rows")
        elif name == "arms":
            left_out = [f"`{arm}`" for arm in was if arm not in now]
            parts.append(f"without {', '.join(left_out)}")
        else:
            parts.append(f"{now} {words[name]}{'' if now == 1 else 's'} instead of {was}")
    return ", ".join(parts)
