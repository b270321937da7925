"""Say what matters in the terminal: the data before training, the answer after it.

Everything fits 80 columns and reads the same without colours, as in a pipe or a log file. Text
that came from the user (class names, paths) is never read as markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.facts import ClassFacts, DatasetFacts
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective_words import difference_words, score_words
from focalsweep.report.frames import has_rule, judged_inner_score, leading_arms
from focalsweep.report.pruning_words import pruning_sentence
from focalsweep.report.task_words import TaskWords, words_of
from focalsweep.report.wording import (
    axis_words,
    chosen_words,
    decision_tone,
    decision_words,
    difference_interval,
    label_sentences,
    number,
    objective_interval,
    percent,
)

_TONES = {"change": "green", "keep": "blue", "unsure": "yellow"}
_MOST_CLASSES = 20
_MOST_ARMS = 12
"""Rows of the table of arms; the rest is summed up in one line."""
_MOST_SENTENCES = 2
"""Of the diagnosis, before training; the page has all of them."""
_BAR = 24
_ARM_WIDTH = 20
"""Characters of an arm's chosen numbers, which are wrapped here to keep their indent."""
_DIFFERENCE_WIDTH = 20
"""The same of the interval of a difference, which may be in words."""
_MOST_FAILED = 6
"""Arms whose failed trials are named one by one."""


def print_data_summary(
    console: Console, facts: DatasetFacts, *, smallest_per_fold: Sequence[int] = ()
) -> None:
    """Print classes or labels, the imbalance, what the smallest is left with, what limits any loss.

    Parameters
    ----------
    console : Console
        Where to print.
    facts : DatasetFacts
        The data as the sweep sees it.
    smallest_per_fold : sequence of int
        Training rows of the smallest class, one number an outer fold; empty prints the minimum
        alone.
    """
    words = words_of("single_label" if facts.multi_label is None else "multi_label")
    console.print(
        Text.assemble(
            (facts.name, "bold"),
            f": {facts.rows:,} rows, {facts.columns:,} columns, "
            f"{len(facts.classes)} {words.things}",
        )
    )
    console.print(_class_table(facts.classes, words))
    if facts.multi_label is None:
        console.print(
            f"Imbalance ratio {number(facts.imbalance_ratio)} (largest class over smallest)."
        )
    else:
        for sentence in label_sentences(facts.multi_label, rows=facts.rows):
            console.print(Text(sentence))
    if facts.profile != "none":
        console.print(
            f"Training folds are thinned to a {facts.profile} profile: max/min "
            f"{number(facts.factor)}, min/max {number(1 / facts.factor)}."
        )
    if smallest_per_fold:
        counts = ", ".join(str(count) for count in smallest_per_fold)
        console.print(f"{words.smallest} in the training rows of each fold: {counts} rows.")
    else:
        console.print(f"{words.smallest} in a training fold: {facts.smallest_training_class} rows.")
    for sentence in facts.diagnosis.text[:_MOST_SENTENCES] if facts.diagnosis else ():
        console.print(Text(sentence))
    for note in facts.notes:
        console.print(Text(f"Note: {note}"))


def print_result(
    console: Console, result: SweepResult, run_dir: Path, *, ui: str | None = "make ui"
) -> None:
    """Print the table of arms, the verdict, what to be careful about, the snippet, where to go on.

    Parameters
    ----------
    console : Console
        Where to print.
    result : SweepResult
        What the sweep found.
    run_dir : Path
        The run folder, which holds ``report.html``.
    ui : str, optional
        The command that opens the MLflow UI; None where nothing was tracked.
    """
    words = words_of(result.task, result.objective)
    console.print()
    console.print(Text(f"{axis_words(result.objective)} on test rows, and the point chosen"))
    arms = _table_arms(result)
    console.print(_arm_table(result, arms))
    rest = [arm for arm in result.arms if arm not in arms]
    _print_rest(console, rest, words, result.objective)
    _print_failed(console, [arm for arm in result.arms if arm.failed_trials])
    if saved := pruning_sentence(result):
        console.print(Text(saved))
    for left_out in result.left_out:
        console.print(Text(f"Left out: {left_out.arm}. {left_out.reason}"))
    console.print(
        Panel(
            Text(result.verdict.text),
            title=Text(
                f" {decision_words(result.verdict.decision, result.task, result.objective)} ",
                style="bold",
            ),
            title_align="left",
            subtitle=_certainty(result),
            subtitle_align="right",
            border_style=_TONES[decision_tone(result.verdict.decision)],
            padding=(1, 2),
        )
    )
    for warning in result.warnings:
        console.print(Text(f"Caution: {warning}"))
    if result.detectable is not None:
        console.print(Text(result.detectable.text))
    console.print()
    console.print(Text("Paste this:", style="bold"))
    console.print()
    # Not a `Syntax` block: that pads and crops lines, and what is pasted must be whole.
    code = Syntax("", "python", theme="ansi_dark", background_color="default")
    console.print(code.highlight(result.snippet.rstrip("\n")), soft_wrap=True)
    console.print()
    _print_path(console, "Report:", str(run_dir / "report.html"))
    if ui is not None:
        _print_path(console, "Runs:", ui)


def _print_failed(console: Console, failed: Sequence[ArmResult]) -> None:
    """Say how many trials failed, by arm where arms are few."""
    if not failed:
        return
    named = ", ".join(f"{arm.failed_trials} of {arm.name}" for arm in failed)
    if len(failed) > _MOST_FAILED:
        named = f"{sum(arm.failed_trials for arm in failed)} in {len(failed)} arms"
    console.print(Text(f"Failed trials: {named}; reasons are in trials.csv."))


def _certainty(result: SweepResult) -> Text | None:
    """Say how sure a decision is; where nothing was settled there is none to be sure of."""
    confidence = result.verdict.confidence
    return None if confidence is None else Text(f" probability behind it: {percent(confidence)} ")


def _print_path(console: Console, name: str, text: str) -> None:
    """Print a path or command unbroken, however narrow the terminal is."""
    console.print(Text.assemble((f"{name:<8}", "bold"), text), soft_wrap=True)


def _class_table(classes: Sequence[ClassFacts], words: TaskWords) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(words.thing, overflow="fold", max_width=30)
    table.add_column(words.rows, justify="right")
    table.add_column("share", justify="right")
    table.add_column("")
    ordered = sorted(classes, key=lambda facts: -facts.count)
    hidden = len(ordered) - _MOST_CLASSES
    head = _MOST_CLASSES // 4
    largest = ordered[0].count
    for row, facts in enumerate(ordered):
        if hidden > 0 and head <= row < head + hidden:
            if row == head:
                table.add_row(f"... {hidden} more ...", "", "", "")
            continue
        bar = "#" * max(round(_BAR * facts.count / largest), 1)
        table.add_row(Text(facts.name), f"{facts.count:,}", percent(facts.share), bar)
    return table


def _table_arms(result: SweepResult) -> list[ArmResult]:
    """Return the arms of the table in the sweep's order: the leading ones and the best others."""
    kept = [arm.name for arm in leading_arms(result)]
    kept += [arm.name for arm in sorted(result.arms, key=judged_inner_score, reverse=True)]
    names = list(dict.fromkeys(kept))[:_MOST_ARMS]
    return [arm for arm in result.arms if arm.name in names]


def _print_rest(
    console: Console, rest: Sequence[ArmResult], words: TaskWords, objective: str
) -> None:
    """Sum up the arms that the table leaves out."""
    differences = [arm.difference.mean for arm in rest if arm.difference is not None]
    if not rest:
        return
    told = f"{len(rest)} more arms, lower on validation rows: {', '.join(arm.name for arm in rest)}"
    if differences:
        ends = min(differences), max(differences)
        low, high = (difference_words(value, objective) for value in ends)
        told += f"; {low} to {high} against {words.control}"
    console.print(Text(f"{told}."))


def _arm_table(result: SweepResult, arms: Sequence[ArmResult]) -> Table:
    objective, weighted = result.objective, has_rule(result)
    words = words_of(result.task, objective)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", ratio=1)
    for head in words.score_heads[: 1 + weighted]:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("against\ncross-entropy", justify="right", no_wrap=True)
    for arm in arms:
        span = arm.decision_interval if weighted else arm.argmax_interval
        scores = [score_words(arm.argmax_score, objective)]
        if weighted:
            scores.append(score_words(arm.decision_score, objective))
        table.add_row(
            _arm_cell(arm, chosen=arm.name == result.verdict.arm),
            *scores,
            objective_interval(span, objective),
            _difference_cell(arm, objective),
        )
    if result.references:
        table.add_section()
    for reference in result.references:
        scores = [score_words(reference.score, objective), *([""] if weighted else [])]
        table.add_row(
            Text.assemble(reference.label, ("\n  reference", "dim")),
            *scores,
            objective_interval(reference.interval, objective),
            "",
        )
    return table


def _arm_cell(arm: ArmResult, *, chosen: bool) -> Text:
    cell = Text(arm.name, style="bold" if chosen else "")
    for words in chosen_words(arm.best):
        for line in textwrap.wrap(words, _ARM_WIDTH):
            cell.append(f"\n  {line}", style="dim not bold")
    return cell


def _difference_cell(arm: ArmResult, objective: str) -> Text:
    if arm.difference is None:
        return Text("")
    span = difference_interval(arm.difference.interval, objective)
    if len(span) > _DIFFERENCE_WIDTH:
        span = span.replace(" to ", "\nto ")
    return Text.assemble(difference_words(arm.difference.mean, objective), (f"\n{span}", "dim"))
