"""Give free text as a few numbers: TF-IDF of its words, reduced by a singular value decomposition.

Words that two training rows or more have, the most frequent 20,000 of them, are weighted by TF-IDF
(scikit-learn's `TfidfVectorizer`) and reduced to at most 50 components (`TruncatedSVD`, which
never makes the table dense). Components are centred and divided by one number for all of them, so
that their mean variance is 1 and they keep their weights among each other.

Whether a column of text is free text or a category is a rule on the column alone, which reads no
labels: free text has more than 30 different values, of three words or more on average.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from focalsweep.data.kinds.categories import MOST_LEVELS
from focalsweep.data.kinds.reduction import Reduction, fit_reduction
from focalsweep.data.kinds.treatment import Treatment

TERMS = 20_000
COMPONENTS = 50
FEWEST_WORDS = 3
_FEWEST_ROWS_A_TERM = 2
_LONGEST = 20_000
"""Characters of a value that are read: beyond a few thousand words TF-IDF hardly changes."""

_WORD = re.compile(r"(?u)\b\w+\b")


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """Hold the treatment of one column of free text.

    Parameters
    ----------
    name : any
        Of the column.
    vectorizer : TfidfVectorizer
        Words and their weights.
    reduction : Reduction
        From weighted words to components.
    flagged : bool
        Whether a column that marks missing text is given out.
    """

    name: Any
    vectorizer: TfidfVectorizer
    reduction: Reduction
    flagged: bool

    @property
    def width(self) -> int:
        """Columns made."""
        return self.reduction.width + self.flagged

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return components and the mark of missing text, (rows, columns made)."""
        column = features[self.name]
        made = self.reduction.transform(self.vectorizer.transform(_documents(column)))
        if not self.flagged:
            return made
        return np.hstack([made, column.isna().to_numpy(np.float32)[:, None]])

    def treatments(self) -> list[Treatment]:
        """Describe the column."""
        words = (
            f"TF-IDF of {len(self.vectorizer.vocabulary_):,} words, reduced to "
            f"{self.reduction.width} components"
        )
        if self.flagged:
            words += "; a mark where it is missing"
        return [Treatment(name=str(self.name), kind="text", treatment=words, made=self.width)]


def fit_texts(column: pd.Series[Any]) -> Texts | None:
    """Fit on training rows; None where no word is in two of them.

    Parameters
    ----------
    column : Series of shape (training rows,)
        Text, possibly missing.
    """
    documents = _documents(column)
    vectorizer = new_vectorizer()
    if not _has_repeated_word(vectorizer.build_analyzer(), documents):
        return None
    weighted = vectorizer.fit_transform(documents)
    reduction = fit_reduction(weighted, components=COMPONENTS)
    if reduction is None:
        return None
    return Texts(
        name=column.name,
        vectorizer=vectorizer,
        reduction=reduction,
        flagged=bool(column.isna().any()),
    )


def is_free_text(values: Sequence[str]) -> bool:
    """Tell free text from categories.

    Parameters
    ----------
    values : sequence of str
        The different values of the column, over whichever rows are known.
    """
    if len(values) <= MOST_LEVELS:
        return False
    words = sum(len(_WORD.findall(value)) for value in values)
    return words >= FEWEST_WORDS * len(values)


def new_vectorizer(terms: Sequence[str] | None = None) -> TfidfVectorizer:
    """Make the vectorizer of this module, to be fitted.

    Parameters
    ----------
    terms : sequence of str, optional
        Its words, where they are known; its ``idf_`` is then all that it lacks.
    """
    return TfidfVectorizer(
        vocabulary=terms,
        max_features=TERMS,
        min_df=_FEWEST_ROWS_A_TERM,
        token_pattern=_WORD.pattern,
        sublinear_tf=True,
        dtype=np.float32,
    )


def _documents(column: pd.Series[Any]) -> list[str]:
    """Return text a row, empty where it is missing."""
    return [
        "" if missing else str(value)[:_LONGEST]
        for value, missing in zip(column.astype("object"), column.isna(), strict=True)
    ]


def _has_repeated_word(analyze: Any, documents: Iterable[str]) -> bool:
    """Tell whether two rows share a word: without one, `TfidfVectorizer` refuses to be fitted."""
    seen: set[str] = set()
    for document in documents:
        words = set(analyze(document))
        if not seen.isdisjoint(words):
            return True
        seen |= words
    return False
