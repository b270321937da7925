"""Read numbers as people write them: `$5,377.19`, `1.234,56`, `12,3 %`, `(1'234.50)`, `14:05`.

Which sign stands for decimals is found on all different values of a column: `1.234,56` says it, as
`12,5` does, and `1,234` does not. A column is read as numbers only where every value is one, in one
unit: `12 kg` beside `300 g` stays text, and so do seats, versions and telephone numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from focalsweep.data.written import Written

_SYMBOLS = "$£€¥₹₽₩₺₴₫฿₪₦₱₡₲₵₸₼₾¢￥"
_CODES = (
    "USD EUR GBP JPY CHF CNY INR BRL AUD CAD NZD SEK NOK DKK PLN CZK HUF RON TRY RUB UAH ZAR MXN "
    "KRW SGD HKD Rs kr Fr zł Kč Ft"
)
_CURRENCY = rf"(?:[A-Za-z]{{0,3}}[{_SYMBOLS}]|(?:{'|'.join(_CODES.split())})(?![^\W\d_])\.?)"
_FACTORS = {"k": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6}
_FACTORS |= {"b": 1e9, "bn": 1e9, "mrd": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_SCALES = "|".join(sorted(_FACTORS, key=len, reverse=True))

_NUMBER = re.compile(
    rf"(?P<open>\()? ?(?P<sign>[+-])? ?(?P<before>%|{_CURRENCY})? ?(?P<inner>[+-])?(?P<within>\()?"
    r" ?(?P<number>(?:\d|[.,](?=\d))(?:[\d.,' ]*[\d.,])?(?:[eE][+-]?\d+)?)"
    rf"\+? ?(?:(?P<scale>(?i:{_SCALES}))\.?(?![^\W\d_]))?"
    rf" ?(?P<unit>[^\W\d_%]|[%‰°{_SYMBOLS}])?(?P<more>[^\d()\[\]{{}}<>=:;#@&*\"|!?,+-]{{0,11}})"
    r"(?P<trail>[+-])? ?(?P<close>\))?"
)
_FORM = {
    # Groups of two are Indian: 12,34,567.
    ".": re.compile(
        r"(?:\d+|[1-9]\d{0,2}(?:(?:,\d{2,3})*,\d{3}|(?:[ ']\d{3})+))(?:\.\d*)?(?:[eE][+-]?\d+)?"
        r"|\.\d+(?:[eE][+-]?\d+)?"
    ),
    ",": re.compile(
        r"(?:\d+|[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ ']\d{3})+))(?:,\d*)?(?:[eE][+-]?\d+)?"
        r"|,\d+(?:[eE][+-]?\d+)?"
    ),
}
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f", " "),
        **dict.fromkeys("\u2019\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u2212\u2013", "-"),
    }
)
# 14:05, 2:05:09.5 PM, 100:30:00.
_CLOCK = re.compile(
    r"(?P<hours>\d{1,3}):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:\.\d{1,9})?))?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
CLOCK = "h:min"
"""The unit of times of day and of durations, which are read as days."""
_TRIED_FIRST = 50
_ENOUGH = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class WrittenNumbers:
    """Hold what a column of written numbers was found to be.

    Parameters
    ----------
    values : Series of shape (levels,), optional
        None: these are no numbers of one unit.
    written : Written
        How they are written.
    in_doubt : bool
        Whether the signs may stand for thousands or for decimals; without values, whether all are
        numbers, but not all with the same sign of decimals.
    bare : int
        Levels without the unit that others have.
    units : tuple of str
        All that were seen; several where there are no values.
    """

    values: pd.Series[Any] | None
    written: Written
    in_doubt: bool = False
    bare: int = 0
    units: tuple[str, ...] = ()


def find_numbers(levels: pd.Series[str], *, given: Written) -> WrittenNumbers | None:
    """Find how all of the levels are written as numbers; None where one of them is none.

    Parameters
    ----------
    levels : Series of shape (levels,)
        Different values of a column, stripped.
    given : Written
        What the user says; it is not doubted.

    Examples
    --------
    >>> found = find_numbers(pd.Series(["$1,234.50", "($7)"]), given=Written())
    >>> found.values.tolist(), found.written.decimal, found.written.unit
    ([1234.5, -7.0], '.', '$')
    """
    if _parts(levels.head(_TRIED_FIRST))["number"].isna().any():
        return None
    parts = _parts(levels)
    if parts["number"].isna().any():
        return None
    signs = [given.decimal] if given.decimal else [".", ","]
    fitting = [sign for sign in signs if _fits(parts["number"], sign).all()]
    if not fitting:
        either = _fits(parts["number"], ".") | _fits(parts["number"], ",")
        return WrittenNumbers(values=None, written=given, in_doubt=True) if either.all() else None
    decimal: Literal[".", ","] = "." if fitting[0] == "." else ","
    if len(fitting) > 1 and (sign := _thousands(parts["number"])):
        decimal = "." if sign == "," else ","
        fitting = [decimal]
    units = tuple(unit for unit in parts["unit"].unique() if unit)
    written = replace(given, decimal=decimal, unit=units[0] if units else "")
    scaled = bool(((parts["factor"].abs() != 1) & (parts["unit"] != CLOCK)).any())
    mixed = len(units) > 1 or (CLOCK in units and (parts["unit"] != CLOCK).any())
    if mixed or (scaled and not all(map(_is_money, units))):
        return WrittenNumbers(values=None, written=written, units=units)
    return WrittenNumbers(
        values=_values(parts, decimal),
        written=written,
        in_doubt=len(fitting) > 1 and bool(parts["number"].str.contains("[.,]", regex=True).any()),
        bare=int((parts["unit"] == "").sum()) if units and not _is_money(units[0]) else 0,
        units=units,
    )


def read_numbers(values: pd.Series[str], *, written: Written) -> pd.Series[Any]:
    """Return floats, NaN where a value is no number that is written this way."""
    decimal: Literal[".", ","] = "," if written.decimal == "," else "."
    parts = _parts(values)
    bare = CLOCK if written.unit == CLOCK else ""
    fits = _fits(parts["number"], decimal) & parts["unit"].isin({bare, written.unit})
    return _values(parts.where(fits), decimal)


def look_like_numbers(levels: pd.Series[str]) -> pd.Series[bool]:
    """Tell which of the levels are numbers of some kind, whatever their units and signs."""
    return _parts(levels)["number"].notna()


def _parts(levels: pd.Series[str]) -> pd.DataFrame:
    """Return digits with their signs, factor (negative for minus) and unit; NaN for no number."""
    alike = [" ".join(str(level).translate(_ALIKE).split()) for level in levels]
    rows = [_time(level) or _part(level) for level in alike]
    parts = pd.DataFrame(rows, columns=["number", "factor", "unit"], index=levels.index)
    return parts.astype({"number": "str", "unit": "str", "factor": "float64"})


def _time(level: str) -> tuple[str, float, str] | None:
    found = _CLOCK.fullmatch(level)
    if found is None:
        return None
    hours = int(found["hours"])
    if found["half"]:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if found["half"] in "Pp" else 0)
    seconds = 3600 * hours + 60 * int(found["minutes"]) + float(found["seconds"] or 0)
    # Whole microseconds: with either sign of decimals the same number.
    return str(round(seconds * 1e6)), 1 / 8.64e10, CLOCK


def _part(level: str) -> tuple[str | None, float, str]:
    found = _NUMBER.fullmatch(level)
    if found is None:
        return None, float("nan"), ""
    number, trail = found["number"], found["trail"]
    brackets = bool(found["open"]) + bool(found["within"])
    if brackets != bool(found["close"]) or (found["more"].strip() and not found["unit"]):
        return None, float("nan"), ""
    # "5.-" is five francs and no centimes.
    behind = trail == "-" and number[-1] not in ".,"
    minus = behind or bool(brackets) or "-" in (found["sign"], found["inner"])
    factor = _FACTORS[found["scale"].lower()] if found["scale"] else 1.0
    return number, -factor if minus else factor, _unit(found)


def _unit(found: re.Match[str]) -> str:
    behind = f"{found['unit'] or ''}{found['more'] or ''}".strip().casefold().rstrip(".")
    # One day, two days.
    if len(behind) > 2:
        behind = behind.removesuffix("s")
    before = (found["before"] or "").casefold().rstrip(".")
    return f"{before} {behind}".strip()


def _fits(numbers: pd.Series[Any], decimal: str) -> pd.Series[bool]:
    form = _FORM[decimal]
    return numbers.map(lambda each: isinstance(each, str) and form.fullmatch(each) is not None)


def _values(parts: pd.DataFrame, decimal: Literal[".", ","]) -> pd.Series[Any]:
    plain = parts["number"].str.replace(r"[ ',]" if decimal == "." else r"[ '.]", "", regex=True)
    plain = plain.str.replace(",", ".", regex=False)
    # Python's own reading takes the digits of every script, as the patterns do.
    return plain.map(float, na_action="ignore").astype("float64") * parts["factor"]


def _thousands(numbers: pd.Series[str]) -> str | None:
    """Return the sign that stands for thousands where numbers could be read either way.

    Many numbers with three digits behind the sign stand beside whole ones below 1,000: of fifty
    fractions some would end in zero and be written shorter.
    """
    for sign in (",", "."):
        signed = numbers.str.contains(sign, regex=False)
        if signed.sum() >= _ENOUGH and not signed.all():
            return (
                sign
                if not numbers.str.contains("," if sign == "." else ".", regex=False).any()
                else None
            )
    return None


def _is_money(unit: str) -> bool:
    return re.fullmatch(rf"(?i:{_CURRENCY})", unit) is not None
