"""Say which classes are perhaps one, or none: spellings of a word, and words for a missing label.

The target is read as it stands, so `no` and `No` are two classes, and `NA` is one. That may be
meant; where it is not, every number of a result is about another question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from focalsweep.and_more import and_more

_NO_LABEL = frozenset(
    {"na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nil", "none", "null", "missing", "?"}
)
_SHOWN = 5


def class_name_warnings(
    names: Sequence[str], labels: NDArray[np.integer], *, column: str
) -> tuple[str, ...]:
    """Return a sentence for each group of names alike, and one for words that may mean "none".

    Parameters
    ----------
    names : sequence of str
        Of the classes.
    labels : int array of shape (rows,)
        Codes; nothing is said of rows with several labels, (rows, labels).
    column : str
        Of the target, for messages.

    Examples
    --------
    >>> class_name_warnings(["No", "no", "<30", ">30"], np.array([0, 1, 1, 2, 3]), column="left")
    ('`left` holds `No` (1 row), `no` (2 rows), spellings of which each is a class of its own; \
write them alike if they are one class.',)
    """
    if labels.ndim > 1:
        return ()
    counts = np.bincount(labels, minlength=len(names))
    rows = dict(zip(names, counts.tolist(), strict=True))
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_sound(name), []).append(name)
    said = [
        f"`{column}` holds {_listed(group, rows)}, spellings of which each is a class of its own; "
        "write them alike if they are one class."
        for group in alike.values()
        if len(group) > 1
    ]
    absent = [name for name in names if name.casefold() in _NO_LABEL]
    if absent:
        words = ",".join(absent)
        said.append(
            f"`{column}` holds {_listed(absent, rows)}, read as it stands, as a class; where it "
            f"means that there is no label, `dataset.missing=[{words}]` says so."
        )
    return tuple(said)


def class_called(name: str, names: Sequence[str]) -> str | None:
    """Return the class that is called so, or the only one that is called nearly so; else None.

    Examples
    --------
    >>> class_called("true", ["False", "True"]), class_called("1.0", ["1", "2"])
    ('True', '1')
    >>> class_called("no", ["No", "NO"]) is None
    True
    """
    if name in names:
        return name
    alike = [each for each in names if _sound(each) == _sound(name)]
    return alike[0] if len(alike) == 1 else None


def _sound(name: str) -> str:
    """Return the name without what people write differently: case, accents' form, separators."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", plain)
    try:
        return str(float(words))
    except ValueError:
        return words


def _listed(names: Sequence[str], rows: dict[str, int]) -> str:
    counts = {name: f"{rows[name]:,} row{'' if rows[name] == 1 else 's'}" for name in names}
    return and_more([f"`{name}` ({counts[name]})" for name in names], most=_SHOWN)
