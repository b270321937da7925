"""Read a column of text as what it is: numbers, dates, categories or free text.

The decision looks at all different values of the column and at nothing else: no label is read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.categories import (
    FEWEST_ROWS_A_LEVEL,
    HASHED_COLUMNS,
    MOST_LEVELS,
)
from focalsweep.data.kinds.texts import FEWEST_WORDS, is_free_text
from focalsweep.data.written import Record, Written
from focalsweep.data.written_dates import Order, find_dates, look_like_dates, order_in_words
from focalsweep.data.written_numbers import (
    CLOCK,
    WrittenNumbers,
    find_numbers,
    look_like_numbers,
)

# Written for "missing" in public tables, beside the empty field, NA, NaN and null.
PLACEHOLDERS = frozenset(
    {"", "?", "-", "--", "\u2013", "—", ".", "*", "missing", "unknown", "none", "na", "n/a", "n.a."}
    | {"nan", "null", "nat", "<na>", "#n/a", "#div/0!", "#value!", "#ref!", "#num!"}
    | {"0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000"}  # of databases
)
"""In lower case."""
_ISO_DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?"
# From this share of numbers on, the other levels are probably no names.
_MOSTLY = 0.9
_FEW_UNITS = 5
_FEW_LEVELS = 50


def text_column(
    column: pd.Series[Any], *, name: str, record: Record, given: Written
) -> pd.Series[Any]:
    """Return floats, dates, categories with text levels, or free text (dtype ``str``).

    Parameters
    ----------
    column : Series of shape (rows,)
        Text, possibly missing.
    name : str
        For notes.
    record : Record
        What was decided is added here.
    given : Written
        What the user says of the table.
    """
    # What the text is is decided on its distinct values: few, where they are levels.
    codes, uniques = pd.factorize(column)
    levels = pd.Series([str(level).strip() for level in uniques], dtype="str")
    if levels.empty:
        return pd.Series(np.nan, index=column.index)
    blank = levels.str.lower().isin(PLACEHOLDERS)
    known = levels[~blank]
    if not known.empty:
        read = _numbers(known, name=name, record=record, given=given)
        kind = "numbers"
        if read is None:
            read, kind = _dates(known, name=name, record=record, given=given), "dates"
        if read is not None:
            if blank.any():
                rows = int(np.isin(codes, np.flatnonzero(blank)).sum())
                shown = ", ".join(f"'{level}'" for level in levels[blank][:3])
                record.notes[f"Placeholders among {kind} treated as missing"].append(
                    f"`{name}` ({rows:,} rows: {shown})"
                )
            return _spread(read.reindex(levels.index), codes, like=column)
        _mostly_something(known, name=name, record=record)
    names, merged = np.unique(levels.to_numpy(dtype=object).astype(str), return_inverse=True)
    coded = np.append(merged, -1)[codes]
    if is_free_text(list(names)):
        record.notes[
            f"Read as free text, because it has more than {MOST_LEVELS} different values of "
            f"{FEWEST_WORDS} words or more on average"
        ].append(f"`{name}` ({len(names):,} values)")
        values = np.array([*names, None], dtype=object)[coded]
        return pd.Series(values, index=column.index, dtype="str")
    if len(names) > MOST_LEVELS:
        what = (
            f"Categories with more than {MOST_LEVELS} levels, hashed to {HASHED_COLUMNS} columns "
            f"where more than {MOST_LEVELS} of them have {FEWEST_ROWS_A_LEVEL} training rows"
        )
        if np.bincount(codes[codes >= 0]).max() < FEWEST_ROWS_A_LEVEL:
            what = "Text that hardly repeats, as names and numbers of rows do, so it is not used"
        record.notes[what].append(f"`{name}` ({len(names):,} levels)")
    categories = pd.Index(names, dtype="str")
    return pd.Series(pd.Categorical.from_codes(coded, categories=categories), index=column.index)


def _spread(
    levels: pd.Series[Any], codes: NDArray[np.intp], *, like: pd.Series[Any]
) -> pd.Series[Any]:
    """Return the value of each row; code -1 is none."""
    return pd.Series(levels.reindex(codes).array, index=like.index)


def _numbers(
    levels: pd.Series[str], *, name: str, record: Record, given: Written
) -> pd.Series[Any] | None:
    padded = levels[levels.str.fullmatch(r"0\d+")]
    if len(padded) and levels.str.fullmatch(r"\d+").all():
        record.notes["Digits with leading zeros, read as codes and not as numbers"].append(
            f"`{name}` (`{padded.iloc[0]}`)"
        )
        return None
    plain = pd.to_numeric(levels, errors="coerce").astype("float64")
    # With decimal commas, 1.234 is no plain number.
    if plain.notna().all() and not (
        given.decimal == "," and levels.str.contains(".", regex=False).any()
    ):
        return plain
    found = find_numbers(levels, given=given)
    if found is None or found.values is None:
        if found is not None:
            _unread(found, levels, name=name, record=record, given=given)
        return None
    record.written[name] = found.written
    if found.written.unit == CLOCK:
        record.notes["Times of day and durations read as days"].append(f"`{name}`")
    elif found.written.decimal == ",":
        record.notes["Text with decimal commas read as numbers"].append(f"`{name}`")
    elif not found.in_doubt:
        record.notes["Text read as numbers, without units and signs of thousands"].append(
            f"`{name}`"
        )
    _doubts(found, levels, name=name, record=record)
    return found.values


def _unread(
    found: WrittenNumbers,
    levels: pd.Series[str],
    *,
    name: str,
    record: Record,
    given: Written,
) -> None:
    """Say why numbers are read as names."""
    if found.in_doubt:
        other = "," if given.decimal == "." else "."
        example = next((level for level in levels if other in level), levels.iloc[0])
        record.warnings[
            "Numbers with decimal points where `dataset.decimal` says commas, or the reverse, so "
            "that they are read as names"
            if given.decimal
            else "Numbers of which some have decimal points and others decimal commas, so that "
            "they are read as names; write them in one way"
        ].append(f"`{name}` (`{example}`)")
    # Seats such as 12A have units by this reading: only what would be lost is worth a word.
    elif len(levels) > MOST_LEVELS and len(found.units) <= _FEW_UNITS:
        shown = ", ".join(f"`{unit}`" for unit in found.units)
        record.warnings[
            "Numbers in different units, so that they are read as names; bring them to one unit"
        ].append(f"`{name}` ({shown})")


def _doubts(found: WrittenNumbers, levels: pd.Series[str], *, name: str, record: Record) -> None:
    """Say what the column itself cannot tell."""
    if found.in_doubt and found.values is not None:
        example = int(levels.str.contains("[.,]", regex=True).to_numpy().argmax())
        record.warnings[
            "Numbers in which a comma or point may stand for thousands or for decimals; "
            "`dataset.decimal='.'` or `','` says which of them stands for decimals"
        ].append(f"`{name}` (`{levels.iloc[example]}` read as {found.values.iloc[example]:g})")
    if found.bare:
        record.warnings[
            "Numbers of which some lack the unit of the others, read in this unit"
        ].append(
            f"`{name}` ({found.bare:,} of {len(levels):,} different values without "
            f"`{found.written.unit}`)"
        )


def _mostly_something(levels: pd.Series[str], *, name: str, record: Record) -> None:
    """Warn where a few words make text of numbers or dates, of which little would then be used."""
    if len(levels) <= MOST_LEVELS:
        return
    kinds = {"dates": look_like_dates}
    if not is_free_text(list(levels)):
        kinds["numbers"] = look_like_numbers
    for kind, look_alike in kinds.items():
        # Most columns are neither, which a few levels tell.
        if look_alike(levels.head(_FEW_LEVELS)).mean() < _MOSTLY / 2:
            continue
        fits = look_alike(levels)
        if _MOSTLY <= fits.mean() < 1:
            record.warnings[
                f"Nearly all values are {kind}, and the others keep them from being read as such; "
                "`dataset.missing=[WORD]` says which words mean that there is none"
            ].append(f"`{name}` (`{levels[~fits].iloc[0][:40]}`)")


def _dates(
    levels: pd.Series[str], *, name: str, record: Record, given: Written
) -> pd.Series[Any] | None:
    if levels.str.fullmatch(_ISO_DATE).all():
        iso = pd.to_datetime(levels, format="ISO8601", errors="coerce", utc=True)
        if iso.notna().all():
            return iso.dt.tz_localize(None)
    found = find_dates(levels)
    if not found:
        return None
    # What the user says decides where both fit; a clear column needs no word.
    order = given.order if given.order in found else _likely(found, levels)
    other = next((dates for each, dates in found.items() if each not in (order, "ymd")), None)
    matters = other is None or not other.equals(found[order])
    if matters:
        record.written[name] = replace(given, order=order)
        record.notes["Dates written in another order than year-month-day"].append(
            f"`{name}`, read as {order_in_words(order)}"
        )
    if matters and other is not None and not given.order:
        record.warnings[
            "Dates of which the order of day and month cannot be told; `dataset.day_first=true` or "
            "`false` says it"
        ].append(f"`{name}` (`{levels.iloc[0]}`), read as {order_in_words(order)}")
    return found[order]


def _likely(found: dict[Order, pd.Series[Any]], levels: pd.Series[str]) -> Order:
    """Return one of the orders that fit.

    Points and dashes are written with the day first, and slashes mostly not. In 24-12-31 the year
    comes first where that makes fewer different years.
    """
    first: Order = "mdy" if levels.iloc[0].count("/") > 1 else "dmy"
    order = first if first in found else next(iter(found))
    if "ymd" in found and found["ymd"].dt.year.nunique() < found[order].dt.year.nunique():
        return "ymd"
    return order
