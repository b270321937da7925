"""Read dates as people write them, with or without a time of day.

`31/12/2024 14:05`, `12/31/2024 2:05 PM`, `31.12.2024`, `Dec 31, 2024`, `31-Dec-24`, `20241231
140509`, `Tue, 31 Dec 2024 14:05:09 +0100`, `31/Dec/2024:14:05:09`. The time is taken
out first, so that what is left is a date of one of four forms; a column may mix them, and times in
any time zone are brought to UTC. Months have their names in English, German, French, Spanish,
Italian, Portuguese or Dutch.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
import pandas as pd

Order = Literal["dmy", "mdy", "ymd"]

_ZONES: dict[str, float] = {"UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7}
_ZONES |= {
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
}
_ZONES |= {
    "BST": 1,
    "MSK": 3,
    "IST": 5.5,
    "SGT": 8,
    "HKT": 8,
    "JST": 9,
    "KST": 9,
    "AEST": 10,
    "AEDT": 11,
}
_MONTHS = {
    name: 1 + place
    for place, names in enumerate(
        (
            "january jan januar janvier janv januari enero ene gennaio gen janeiro",
            "february feb februar février févr fév februari febrero febbraio fevereiro fev",
            "march mar märz mär mrz mars maart mrt marzo março",
            "april apr avril avr abril abr aprile",
            "may mai mei mayo maggio mag maio",
            "june jun juni juin junio giugno giu junho",
            "july jul juli juillet juil julio luglio lug julho",
            "august aug août augustus agosto ago",
            "september sept sep septembre septiembre settembre setembro set",
            "october oct oktober okt octobre octubre ottobre ott outubro out",
            "november nov novembre noviembre novembro",
            "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
        )
    )
    for name in names.split()
}
_MONTH = r"(?P<{}>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?(?![^\W\d_])"

# 20241231 140509, 14h05, and the points of 31.12.2024 14.05.
_COMPACT = re.compile(r"^(\d{8})[T _-]?(\d\d)(\d\d)(\d\d)?(?!\d)")
_HOURS = re.compile(r"(?<![\d.])(\d{1,2}) ?h ?(\d\d)\b|(?<=\d{4} )(\d{1,2})\.(\d\d)(\.\d\d)?(?!\S)")
# The marks of East Asia, of pictures (2024:12:31), of files and of databases, as the usual ones.
_USUAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]"), r"\1-\2-\3 "),
    (re.compile(r"(\d{1,2}) ?[时時시] ?(\d{1,2}) ?[分분](?: ?(\d{1,2}) ?[秒초])?"), r"\1:\2:\3"),
    (re.compile(r"^(\d{4})\. (\d{1,2})\. (\d{1,2})\.?"), r"\1-\2-\3 "),
    (re.compile(r"^(\d{4}):(\d\d):(\d\d)(?!\S)"), r"\1-\2-\3"),
    (
        re.compile(r"^(\d{4}-\d\d-\d\d)[T _-](\d\d)[-.](\d\d)[-.](\d\d)(?=\.|$)"),
        r"\1 \2:\3:\4",
    ),
    (re.compile(r"(?<=[A-Za-z]-\d\d )(\d\d)\.(\d\d)\.(\d\d)"), r"\1:\2:\3"),
    (re.compile(r"(?<=.)(?:\([^)]*\)|\[[^]]*\]| [A-Z][a-z]+/[A-Z]\w+)$"), ""),
)
_TIME = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})(?:(?= ?[AaPp]\.? ?[Mm]\b)"
    r"|:(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)"
    r"(?: ?(?P<half>[AaPp])\.? ?[Mm]\b\.?)?"
    rf"(?: ?(?:Z\b|(?P<zone>{'|'.join(_ZONES)})\b"
    r"|(?:UTC|GMT)?(?P<ahead>[+-]\d\d?)(?P<past>:?\d\d)?(?!\d)|UTC|GMT))?"
)
_WORDS = re.compile(
    r"\b(?:at|um|uhr|à|kl|klo|alle|om|of|the|del?|"
    r"mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b[.,]?"
)
_DATE = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/. ]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})(?P<between>[-/. ])(?P<two>\d{1,2})(?P=between)(?P<year_last>\d{4}|\d\d)"
    rf"|(?P<day_named>\d{{1,2}})(?:st|nd|rd|th)?\.?[-/ ]*{_MONTH.format('behind')}[-/, ]*"
    r"(?P<year_behind>\d{4}|\d\d)"
    rf"|{_MONTH.format('ahead')}[-/ ]*(?P<day_ahead>\d{{1,2}})(?:st|nd|rd|th)?[-/, ]+"
    r"(?P<year_ahead>\d{4}|\d\d)"
    rf"|(?P<year_first>\d{{4}})[-/ ]{_MONTH.format('inner')}[-/ ](?P<day_inner>\d{{1,2}})"
)
_DIGITS = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}([T ]\d{1,2}:\d\d(:\d\d)?)?")
_TRIED_FIRST = 200
_PIVOT = 69


def find_dates(levels: pd.Series[str]) -> dict[Order, pd.Series[Any]]:
    """Return the dates by each order of day and month in which all of the levels are dates.

    Parameters
    ----------
    levels : Series of shape (levels,)
        Different values of a column, stripped.

    Returns
    -------
    dates : dict of str to Series of shape (levels,)
        In UTC, without time zone. Empty: these are no dates. Two orders with equal dates: it does
        not matter; with different ones: it cannot be told.

    Examples
    --------
    >>> found = find_dates(pd.Series(["31/12/2024 2:05 PM", "01/02/2024"]))
    >>> {order: str(dates[0]) for order, dates in found.items()}
    {'dmy': '2024-12-31 14:05:00'}
    """
    some = levels.iloc[:: max(1, len(levels) // _TRIED_FIRST)]
    orders: list[Order] = [
        order for order in ("dmy", "mdy", "ymd") if read_dates(some, order=order).notna().all()
    ]
    read = {order: read_dates(levels, order=order) for order in orders}
    return {order: dates for order, dates in read.items() if dates.notna().all()}


def read_dates(values: pd.Series[str], *, order: Order) -> pd.Series[Any]:
    """Return dates without time zone, in UTC; NaT where a value is none.

    Parameters
    ----------
    values : Series of shape (values,)
        Text.
    order : {"dmy", "mdy", "ymd"}
        Of three short numbers, and of day and month where a year of four digits comes last.
    """
    read = _alike(values, order=order)
    others = values[read.isna()]
    rows = [_parts(str(value), order) for value in others]
    columns = ["year", "month", "day", "hours"]
    parts = pd.DataFrame(rows, columns=columns, index=others.index, dtype="float64")
    days = pd.to_datetime(parts[columns[:3]], errors="coerce").astype("datetime64[us]")
    read[read.isna()] = days + pd.to_timedelta((parts["hours"] * 3.6e9).round(), unit="us")
    return read


def look_like_dates(levels: pd.Series[str]) -> pd.Series[bool]:
    """Tell which levels are dates, with the day or the month first."""
    return read_dates(levels, order="dmy").notna() | read_dates(levels, order="mdy").notna()


def order_in_words(order: Order) -> str:
    """Say an order.

    Examples
    --------
    >>> order_in_words("mdy")
    'month, day, year'
    """
    names = {"d": "day", "m": "month", "y": "year"}
    return ", ".join(names[letter] for letter in order)


def _alike(values: pd.Series[str], *, order: Order) -> pd.Series[Any]:
    """Return at once those that are written like the first, where it is all digits; NaT else."""
    first = _DIGITS.fullmatch(str(values.iloc[0])) if len(values) else None
    if first is None or order == "ymd":
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    mark, time, seconds = first.groups()
    form = mark.join(("%d", "%m", "%Y") if order == "dmy" else ("%m", "%d", "%Y"))
    if time:
        form += f"{time[0]}%H:%M" + (":%S" if seconds else "")
    return pd.to_datetime(values, format=form, errors="coerce").astype("datetime64[us]")


def _parts(value: str, order: Order) -> tuple[float, float, float, float]:
    none = (np.nan, np.nan, np.nan, np.nan)
    text = " ".join(value.split())
    for pattern, usual in _USUAL:
        text = pattern.sub(usual, text)
    text = text.strip(" []:")
    text = _COMPACT.sub(lambda m: f"{m[1]} {m[2]}:{m[3]}:{m[4] or '00'}", text)
    text = _HOURS.sub(lambda m: ":".join(p.strip(".") for p in m.groups() if p), text)
    time = _TIME.search(text)
    if time is not None:
        text = f"{text[: time.start()].rstrip(' T,_:')} {text[time.end() :]}"
    date = _DATE.fullmatch(_WORDS.sub("", text.lower()).strip(" ,"))
    if date is None:
        return none
    hours = 0.0 if time is None else _hours(time)
    found = date.groupdict()
    if found["year"]:
        if not found["mark"] and (time is None or len(found["month"] + found["day"]) != 4):
            return none
        return float(found["year"]), float(found["month"]), float(found["day"]), hours
    if found["one"]:
        if time is None and len(found["year_last"]) == 2 and not _plain_short_date(found):
            return none
        numbers = (found["one"], found["two"], found["year_last"])
        if order == "ymd" and len(found["year_last"]) == 4:
            return none
        named = dict(zip(order, numbers, strict=True))
        return _year(named["y"].zfill(2)), float(named["m"]), float(named["d"]), hours
    name = found["behind"] or found["ahead"] or found["inner"]
    year = found["year_behind"] or found["year_ahead"] or found["year_first"]
    day = found["day_named"] or found["day_ahead"] or found["day_inner"]
    return _year(year), float(_MONTHS[name]), float(day), hours


def _hours(time: re.Match[str]) -> float:
    """Return hours since midnight, in UTC where there is a zone; NaN for no time of day."""
    hour, minute = int(time["hour"]), int(time["minute"] or 0)
    second = float(f"{time['second'] or 0}.{time['fraction'] or 0}")
    if time["half"]:
        if not 1 <= hour <= 12:
            return np.nan
        hour = hour % 12 + (12 if time["half"] in "Pp" else 0)
    if hour > 24 or (hour == 24 and (minute or second)) or minute > 59 or second >= 61:
        return np.nan
    east = float(_ZONES.get(time["zone"] or "", 0))
    if time["ahead"]:
        past = int((time["past"] or "0").lstrip(":")) / 60
        east = int(time["ahead"]) + (-past if time["ahead"][0] == "-" else past)
    return hour - east + minute / 60 + second / 3600


def _year(digits: str) -> float:
    """Return the year; of two digits as C's `strptime` reads them."""
    if len(digits) == 4:
        return float(digits)
    return float(digits) + (2000 if int(digits) < _PIVOT else 1900)


def _plain_short_date(found: dict[str, str | Any]) -> bool:
    """Tell a date of three short numbers from versions and scores: `31.12.24`, and not `1.2.10`."""
    return found["between"] == "/" or len(found["one"]) == len(found["two"]) == 2
