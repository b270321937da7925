"""Print an audit, and say in words what it means."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.table import Table

from focalsweep.audit.cases import CASES, NULL
from focalsweep.audit.figures import Audit, Share


def print_audit(console: Console, audit: Audit) -> None:
    """Print the cases, the table of verdicts, the error rates and the regret."""
    for case in (NULL, *CASES):
        console.print(f"{case.name}: {case.sentence}", markup=False)
    console.print(_table("Verdicts: sweeps by planted case", audit.verdicts, "{:d}"))
    console.print(_table("Truth: gains on fresh rows (standard error)", _truth_words(audit.truths)))
    console.print(_table("Regret: true score given away, mean over sweeps", audit.regret, "{:.3f}"))
    for sentence in sentences(audit):
        console.print(sentence, markup=False, soft_wrap=True)


def sentences(audit: Audit) -> list[str]:
    """Say the error rates in words."""
    said = [
        f"Claims out of nothing: {_words(audit.type_one)} null sweeps ended in a claim for either "
        "twin.",
        f"Wrong claims: {_words(audit.wrong)} planted questions were answered `better` where the "
        "true gain is not above the smallest difference that counts.",
    ]
    if audit.power is None:
        said.append(
            "Power: no case's true difference was as large as what its sweeps said they could see."
        )
    else:
        said.append(
            f"Power: {_words(audit.power)} questions whose true difference is at least what the "
            "sweep said it could see were answered `better`."
        )
    wins = audit.focal_wins
    said.append(
        f"Focal loss truly beats every rival on: {', '.join(wins)}."
        if wins
        else "Focal loss truly beats every rival on none of these cases."
    )
    return said


def _words(share: Share) -> str:
    return f"{share.hits} of {share.of} ({share.low:.1%} to {share.high:.1%})"


def _truth_words(truths: pd.DataFrame) -> pd.DataFrame:
    words = {
        name.replace("_", " "): [
            f"{gain:+.3f} ({error:.3f})"
            for gain, error in zip(truths[name], truths[f"{name}_error"], strict=True)
        ]
        for name in ("focal_gain", "rival_gain")
    }
    return pd.DataFrame({"best arm": truths["best_arm"], **words}, index=truths.index)


def _table(title: str, frame: pd.DataFrame, form: str = "{}") -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("case")
    for column in frame.columns:
        table.add_column(str(column).replace("_", " "), justify="right")
    for name, row in frame.iterrows():
        table.add_row(str(name), *(form.format(value) for value in row))
    return table
