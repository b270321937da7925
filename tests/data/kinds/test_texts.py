import numpy as np
import pandas as pd
import pytest

from focalsweep.data.kinds.texts import COMPONENTS, TERMS, fit_texts, is_free_text


def reviews(rows: int, *, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    """Write about one of two topics in words of their own, and in common words."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 2, rows)
    words = np.array([[f"sea{i}" for i in range(30)], [f"hill{i}" for i in range(30)]])
    common = [f"common{i}" for i in range(30)]
    text = [" ".join([*rng.choice(words[t], 5), *rng.choice(common, 5)]) for t in topic]
    return pd.Series(text, dtype="str", name="text"), topic


def test_topics_that_differ_in_words_are_apart_on_rows_never_seen() -> None:
    train, _ = reviews(400)
    rows, topic = reviews(200, seed=1)
    fitted = fit_texts(train)
    assert fitted is not None
    made = fitted.transform(rows.to_frame())
    means = [made[topic == side].mean(axis=0) for side in (0, 1)]
    separation = np.abs(means[0] - means[1]) / made.std(axis=0)
    # The strongest component tells the topics apart: two groups far apart differ by two standard
    # deviations of the whole.
    assert separation.max() > 1.8


def test_components_are_centred_with_mean_variance_one_before_the_clip() -> None:
    text, _ = reviews(400)
    fitted = fit_texts(text)
    assert fitted is not None
    made = fitted.transform(text.to_frame()).astype(np.float64)
    unclipped = made / np.sqrt(1 - (made / 3) ** 2)
    np.testing.assert_allclose(unclipped.mean(axis=0), 0, atol=1e-4)
    assert unclipped.var(axis=0).mean() == pytest.approx(1, rel=1e-3)
    assert fitted.width == COMPONENTS


def test_words_of_one_row_and_unseen_words_do_not_matter() -> None:
    text, _ = reviews(100)
    fitted = fit_texts(text)
    assert fitted is not None
    more = (text + " quite unheard of").to_frame()
    np.testing.assert_array_equal(fitted.transform(more), fitted.transform(text.to_frame()))
    assert "unheard" not in fitted.vectorizer.vocabulary_


def test_missing_text_has_a_mark_where_training_rows_miss_some() -> None:
    text, _ = reviews(100)
    gaps = text.where(np.arange(100) % 4 > 0)
    fitted = fit_texts(gaps)
    assert fitted is not None
    assert fitted.width == COMPONENTS + 1
    np.testing.assert_array_equal(fitted.transform(gaps.to_frame())[:, -1], gaps.isna())


@pytest.mark.parametrize(
    "text",
    [
        [f"word{i} other{i}" for i in range(50)],
        [None] * 50,
        ["the same words"] * 50,
        ["? !"] * 50,
    ],
)
def test_text_without_a_word_that_tells_rows_apart_is_not_used(text: list[str | None]) -> None:
    assert fit_texts(pd.Series(text, dtype="str", name="text")) is None


def test_at_most_twenty_thousand_words_are_read_and_nothing_is_made_dense() -> None:
    rows = 1_500
    text = [" ".join(f"w{i * 17 + j}" for j in range(34)) for i in range(rows)]
    fitted = fit_texts(pd.Series(text, dtype="str", name="text"))
    assert fitted is not None
    assert len(fitted.vectorizer.vocabulary_) == TERMS
    assert fitted.reduction.components.shape == (COMPONENTS, TERMS)


def test_free_text_has_more_than_thirty_values_of_three_words_on_average() -> None:
    sentences = [f"one two {i}" for i in range(31)]
    assert is_free_text(sentences)
    assert not is_free_text(sentences[:30])
    assert not is_free_text([*sentences[:30], "two words"])
    assert is_free_text([*sentences[:30], "these make up for it", "two words"])
