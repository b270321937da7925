"""Numbers that the user gives by class: what decisions cost, and how frequent classes will be.

Lists are in the order of the classes and mappings are by name; both become plain tuples in the
order of the classes, or one sentence that names the class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from focalsweep.config.suggest import expectation
from focalsweep.data.class_names import class_called
from focalsweep.errors import UserError

COSTS = "decision.costs"
PRIORS = "decision.priors"

# Shares are typed by hand: 0.33 three times is meant to be all.
_ROUNDING = 0.02

Row = tuple[float, ...]
T = TypeVar("T")


def cost_matrix(
    given: Sequence[Row] | Mapping[str, float | Mapping[str, float]],
    *,
    class_names: Sequence[str],
) -> tuple[Row, ...]:
    """Return what deciding column for a row of class row costs, shape (classes, classes).

    Parameters
    ----------
    given : sequence of rows, or mapping from true class
        A row is one number a decided class; in a mapping also one number for every wrong decision,
        or numbers by decided class. A right decision that is not named costs 0.
    class_names : sequence of str
        In the order of the codes.

    Raises
    ------
    UserError
        When a class or number is missing, unknown or too many; or when right decisions cost more
        than wrong ones, as gains given for costs do.
    """
    if isinstance(given, Mapping):
        given = _by_class(given, class_names, at=COSTS)
        _complete(given, class_names, at=COSTS)
        rows = [_cost_row(given[name], code, class_names) for code, name in enumerate(class_names)]
    else:
        _right_length(given, class_names, at=COSTS, what="row")
        for name, row in zip(class_names, given, strict=True):
            _right_length(row, class_names, at=COSTS, what=f"number in the row of `{name}`")
        rows = [tuple(row) for row in given]
    costs = np.array(rows)
    right = np.diag(costs)
    wrong = np.where(np.eye(len(costs), dtype=bool), -np.inf, costs).max(axis=1)
    if (dearest := np.flatnonzero(right > wrong)).size:
        raise UserError(
            f"`{COSTS}` must be costs, not gains. Received: a right decision on "
            f"`{class_names[dearest[0]]}` that costs {right[dearest[0]]:g}, more than every wrong "
            "one; change the sign of all numbers if they are gains."
        )
    return tuple(rows)


def class_shares(
    given: Sequence[float] | Mapping[str, float],
    *,
    class_names: Sequence[str],
    counts: NDArray[np.integer | np.floating],
    scenario: str,
) -> Row:
    """Return the share of each class under a scenario, shape (classes,), of sum 1.

    Parameters
    ----------
    given : sequence of numbers, or mapping from class
        In (0, 1), of sum 1. Classes that a mapping does not name share the rest as in the data.
    class_names : sequence of str
        In the order of the codes.
    counts : array of shape (classes,)
        Rows a class in the data, or what they weigh.
    scenario : str
        Its name, for messages.

    Raises
    ------
    UserError
        When a class is unknown, a number too many or missing, or the shares cannot be shares.
    """
    at = f"{PRIORS}.{scenario}"
    if isinstance(given, Mapping):
        given = _by_class(given, class_names, at=at)
        named = np.array([name in given for name in class_names])
        shares = np.array([given.get(name, 0.0) for name in class_names])
    else:
        _right_length(given, class_names, at=at, what="share")
        named = np.ones(len(class_names), dtype=bool)
        shares = np.array(given, dtype=np.float64)
    for name, share in zip(np.array(class_names)[named], shares[named], strict=True):
        if not 0 < share < 1:
            raise UserError(
                f"`{at}` must hold shares > 0 and < 1. Received: {share:g} for `{name}`."
            )
    total = float(shares.sum())
    if named.all():
        if abs(total - 1) > _ROUNDING:
            raise UserError(
                f"`{at}` must hold shares that add up to 1. Received: a sum of {total:g} over "
                f"{_listed(class_names)}."
            )
        return tuple((shares / total).tolist())
    if total >= 1:
        raise UserError(
            f"`{at}` must leave a share to {_listed(np.array(class_names)[~named])}. Received: "
            f"a sum of {total:g} for the other classes."
        )
    rest = np.where(named, 0, counts)
    return tuple((shares + (1 - total) * rest / rest.sum()).tolist())


def _cost_row(row: float | Mapping[str, float], code: int, class_names: Sequence[str]) -> Row:
    right = class_names[code]
    if not isinstance(row, Mapping):
        return tuple(0.0 if name == right else row for name in class_names)
    at = f"{COSTS}.{right}"
    with_right = {right: 0.0, **_by_class(row, class_names, at=at)}
    _complete(with_right, class_names, at=at)
    return tuple(with_right[name] for name in class_names)


def _by_class(given: Mapping[str, T], class_names: Sequence[str], *, at: str) -> dict[str, T]:
    """Return the mapping by the names of the data: `true` is the class `True`, and 1.0 is 1."""
    found: dict[str, T] = {}
    for name, each in given.items():
        called = class_called(name, class_names)
        if called is None:
            raise UserError(
                f"`{at}` names the class `{name}`, which the data do not have; "
                f"{expectation(name, class_names)}."
            )
        if called in found:
            raise UserError(
                f"`{at}` must name each class once. Received: `{called}` twice; remove one of them."
            )
        found[called] = each
    return found


def _complete(given: Mapping[str, object], class_names: Sequence[str], *, at: str) -> None:
    missing = [name for name in class_names if name not in given]
    if missing:
        raise UserError(
            f"`{at}` must name every class of {_listed(class_names)}. Received: nothing for "
            f"{_listed(missing)}."
        )


def _right_length(
    given: Sequence[object], class_names: Sequence[str], *, at: str, what: str
) -> None:
    if len(given) != len(class_names):
        raise UserError(
            f"`{at}` must have one {what} for each of the {len(class_names)} classes in the order "
            f"{_listed(class_names)}. Received: {len(given)}."
        )


def _listed(names: Sequence[str] | NDArray[np.str_]) -> str:
    return ", ".join(f"`{name}`" for name in names)
