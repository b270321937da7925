"""Say in sentences what an inspection found, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence

from focalsweep.evidence.facts import DatasetFacts
from focalsweep.metrics.objective_words import NOTHING
from focalsweep.report.inspection import Cost, Inspection, PlannedEvaluation
from focalsweep.report.task_words import TaskWords, words_of
from focalsweep.report.wording import duration, number, percent

_KINDS = {
    "number": "numbers",
    "boolean": "booleans",
    "date": "dates",
    "category": "categories",
    "text": "texts",
}
"""Kinds of columns in the plural, where it differs."""

_MEMORY_WORDS = {
    "base": "the program with its libraries",
    "table": "the table as read",
    "views": "preprocessed rows of all folds",
    "index": "row numbers of models in training",
    "chunks": "models in training",
    "records": "validation counts of one round",
    "logits": "predictions of the final fits",
}


def task_words(data: DatasetFacts) -> TaskWords:
    """Return the words for classes or for labels."""
    return words_of("single_label" if data.multi_label is None else "multi_label")


def column_sentence(inspection: Inspection) -> str:
    """Sum the columns up: how many of which kind, and how many the model gets."""
    if not inspection.columns:
        return f"The model gets {inspection.model_columns:,} columns."
    kinds = ", ".join(
        f"{count:,} {kind if count == 1 else _KINDS.get(kind, kind)}"
        for kind, count in inspection.kinds.items()
    )
    unused = sum(column.made == 0 for column in inspection.columns)
    return (
        f"{inspection.data.columns:,} columns ({kinds}) become {inspection.model_columns:,} for "
        "the model"
        + (f"; {unused:,} of them {'is' if unused == 1 else 'are'} not used." if unused else ".")
    )


def evaluation_sentences(plan: PlannedEvaluation, words: TaskWords) -> list[str]:
    """Say how scores would be made and what the rarest class is left with."""
    if plan.kind == "nested":
        times = f"{plan.repeats} times " if plan.repeats > 1 else ""
        how = (
            f"Nested: rows are split {times}into {plan.folds} outer folds of about "
            f"{_typical(plan.test_rows):,} test rows, and the whole search runs inside each."
        )
    else:
        how = (
            f"Holdout: one test split of {plan.test_rows[0]:,} rows; the search runs on the other "
            f"{plan.training_rows[0]:,}."
        )
    few, most = min(plan.smallest_rows), max(plan.smallest_rows)
    spread = f"{few:,}" if few == most else f"{few:,} to {most:,}"
    return [
        how,
        f"A trial is valued on {plan.inner_folds} inner folds; the chosen point is trained again "
        f"with {plan.refit_seeds} {_plural('seed', plan.refit_seeds)} and scored on the test rows.",
        f"{words.smallest}: {spread} training {_plural('row', most)} "
        f"{'in each outer fold' if plan.kind == 'nested' else 'outside the test split'}.",
    ]


def cost_sentences(cost: Cost) -> list[str]:
    """Say how many models a sweep would train, how long that takes, how much memory it takes."""
    return [
        f"{cost.models:,} models: {cost.arms} {_plural('arm', cost.arms)} with {cost.trials} "
        f"{_plural('trial', cost.trials)} in every search, up to {cost.epochs} "
        f"{_plural('epoch', cost.epochs)} at batches of {cost.batch_size:,} rows; "
        + (
            "models of this kind train one after another."
            if cost.one_by_one
            else f"{_alone(cost)}{cost.chunk_size} models train side by side."
        ),
        _time_sentence(cost),
        f"About {gibibytes(cost.memory.total)} of memory at the peak, estimated from the sizes of "
        "rows, models and predictions.",
    ]


def time_words(cost: Cost) -> str:
    """Say the time of training in two words, or that there is none."""
    return NOTHING if cost.seconds is None else duration(max(cost.seconds, 0.1))


def memory_rows(cost: Cost) -> list[tuple[str, int]]:
    """Return the terms of the peak in words, the largest first."""
    terms = [(words, getattr(cost.memory, key)) for key, words in _MEMORY_WORDS.items()]
    return sorted(terms, key=lambda term: -term[1])


def gibibytes(size: int) -> str:
    """Write a size in the unit that a person would use.

    Examples
    --------
    >>> gibibytes(1_200 * 2**20), gibibytes(5 * 2**20), gibibytes(9_000)
    ('1.2 GiB', '5 MiB', '< 1 MiB')
    """
    if size < 2**20:
        return "< 1 MiB"
    if size < 1000 * 2**20:
        return f"{size / 2**20:.0f} MiB"
    return f"{size / 2**30:.1f} GiB"


def share_of_rows(count: int, data: DatasetFacts) -> str:
    """Write a class's rows as a share of all rows; a row with several labels counts for each."""
    return percent(count / data.rows)


def imbalance_words(data: DatasetFacts) -> tuple[str, str]:
    """Return the name and the value of the number that says how imbalanced the data are."""
    if data.multi_label is None:
        return "imbalance ratio (largest over smallest class)", number(data.imbalance_ratio)
    return "mean imbalance ratio", number(data.multi_label.mean_imbalance_ratio)


def _time_sentence(cost: Cost) -> str:
    if cost.seconds is None:
        return "How long that takes was not measured (`--no-timing`)."
    return (
        f"About {time_words(cost)} at most, from steps and fits that were timed just now: "
        "training, reference rows, evidence and report; reading the data comes on top."
        + (
            f" The loss of {_names(cost.compiled_anew)} is compiled anew for every trial: that "
            "takes seconds each, which are not in this time."
            if cost.compiled_anew
            else ""
        )
    )


def _alone(cost: Cost) -> str:
    """Name the arms whose models train one after another in a sweep where others need not."""
    if not cost.alone:
        return ""
    return f"models of {_names(cost.alone)} train one after another, of all others "


def _names(arms: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in arms)


def _typical(rows: Sequence[int]) -> int:
    return round(sum(rows) / len(rows))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
