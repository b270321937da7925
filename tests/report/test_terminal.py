from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from focalsweep.evidence.facts import Diagnosis
from focalsweep.report.frames import leading_arms
from focalsweep.report.terminal import print_data_summary, print_result

RUN_DIR = Path("runs/quickstart-yeast-with-a-rather-long-name-that-does-not-fit-eighty-columns")


def printed(made, *, width=80, ui="make ui") -> str:
    console = Console(file=io.StringIO(), width=width)
    print_data_summary(console, made.result.dataset, smallest_per_fold=(5, 5, 6))
    print_result(console, made.result, RUN_DIR, ui=ui)
    return console.file.getvalue()


@pytest.mark.parametrize("case", [{}, {"classes": 30}, {"classes": 2}, {"references": False}])
def test_everything_fits_eighty_columns_except_what_must_stay_whole(make_result, case):
    made = make_result(**case)
    text = printed(made)
    whole = {*made.result.snippet.splitlines(), f"Report: {RUN_DIR}/report.html"}
    assert [line for line in text.splitlines() if len(line) > 80 and line not in whole] == []


def test_a_pipe_sees_no_colour_codes(usual):
    assert "\x1b" not in printed(usual)


def test_a_terminal_sees_the_snippet_in_colours(usual):
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    print_result(console, usual.result, RUN_DIR)
    assert "\x1b" in console.file.getvalue()


def test_the_snippet_is_printed_whole_and_unboxed(usual):
    assert usual.result.snippet.rstrip("\n") in printed(usual, width=40)


def test_every_arm_has_its_scores_interval_and_difference(usual):
    text = printed(usual)
    for arm in usual.result.arms:
        assert arm.name in text
        assert f"{arm.argmax_score:.3f}" in text
        assert f"{arm.decision_score:.3f}" in text
        assert f"{arm.decision_interval.low:.3f} to {arm.decision_interval.high:.3f}" in text
        if arm.difference:
            assert f"{arm.difference.mean:+.3f}" in text
    assert "Failed trials: 2 of cross_entropy" in text


def test_the_verdict_stands_in_a_panel_after_the_table(usual):
    text = printed(usual)
    assert text.index("logistic regression") < text.index("Use focal loss") < text.index("Paste")
    assert "97%" in text


def test_log_loss_has_no_column_for_decision_weights(make_result):
    text = printed(make_result(objective="log_loss", chosen="cross_entropy"))
    assert "weights  " not in text.split("arm ")[1].split("\n")[0]
    assert "log-loss (lower is better)" in text
    assert "decision_weights" not in text


def test_text_of_the_user_is_never_read_as_markup(make_result):
    names = ("[red]alarm[/red]", "[/]", "c", "d")
    text = printed(make_result(class_names=names))
    assert "[red]alarm[/red]" in text
    assert "[/]" in text


def test_many_classes_are_cut_in_the_middle_and_counted(make_result):
    made = make_result(classes=30)
    console = Console(file=io.StringIO(), width=80)
    print_data_summary(console, made.result.dataset)
    text = console.file.getvalue()
    ordered = sorted(made.result.dataset.classes, key=lambda facts: -facts.count)
    assert "... 10 more ..." in text
    assert ordered[0].name in text
    assert ordered[-1].name in text
    assert f"{made.result.dataset.smallest_training_class} rows" in text


def test_an_imbalance_profile_is_stated_in_both_directions(usual):
    facts = usual.result.dataset.model_copy(update={"profile": "exp", "factor": 50.0})
    console = Console(file=io.StringIO(), width=80)
    print_data_summary(console, facts)
    assert "max/min 50, min/max 0.02" in console.file.getvalue()


def test_the_ui_is_not_offered_where_nothing_was_tracked(usual):
    assert "make ui" in printed(usual)
    assert "Runs:" not in printed(usual, ui=None)


def test_a_stream_of_ascii_only_can_be_written_to(make_result):
    made = make_result(class_names=("a" * 50, "b", "c", "d"))
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, width=80)
    print_data_summary(console, made.result.dataset)
    print_result(console, made.result, RUN_DIR)
    stream.flush()
    assert b"Use focal loss" in stream.buffer.getvalue()


def test_the_summary_ends_with_the_two_most_important_sentences_of_the_diagnosis(usual):
    sentences = ("The classes barely overlap.", "Balanced `a` [b].", "Not as important.")
    diagnosis = Diagnosis(classes=(), duplicates=0, conflicting=0, sampled_rows=9, text=sentences)
    console = Console(file=io.StringIO(), width=80)
    print_data_summary(
        console, usual.result.dataset.model_copy(update={"diagnosis": diagnosis, "notes": ()})
    )
    assert console.file.getvalue().splitlines()[-2:] == list(sentences[:2])


def test_many_arms_are_summed_up_without_losing_the_leading_ones(crowded):
    text = printed(crowded)
    table = text.split("the point chosen")[1].split(" more arms, lower on validation rows: ")[0]
    first_words = {line.split()[0] for line in table.splitlines() if line.strip()}
    named = [arm.name for arm in crowded.result.arms if arm.name in first_words]
    assert len(named) == 12
    assert {arm.name for arm in leading_arms(crowded.result)} <= set(named)
    assert f"{len(crowded.result.arms) - 12} more arms" in text
    assert (
        f"Failed trials: {2 * len(crowded.result.arms)} in {len(crowded.result.arms)} arms" in text
    )
    assert all(arm.name in text for arm in crowded.result.arms)
    whole = {*crowded.result.snippet.splitlines(), f"Report: {RUN_DIR}/report.html"}
    assert [line for line in text.splitlines() if len(line) > 80 and line not in whole] == []


def test_cautions_and_the_detectable_difference_follow_the_verdict(full):
    text = " ".join(printed(full).split())
    verdict = text.index(full.result.verdict.text[:20])
    for sentence in (*full.result.warnings, full.result.detectable.text):
        assert verdict < text.index(sentence) < text.index("Paste this:")


def test_labels_are_summed_up_by_how_they_lie(few_labels):
    text = " ".join(printed(few_labels).split())
    assert "1,080 rows, 8 columns, 3 labels" in text
    assert "A row carries 0.925 labels on average (cardinality)" in text
    assert "31% of all labels (density)" in text
    assert "Mean imbalance ratio 37" in text
    assert "Rows without any label: 75 (6.9%)" in text
    assert "Rarest label in the training rows of each fold: 5, 5, 6 rows." in text


def test_the_table_of_arms_speaks_of_thresholds(few_labels):
    text = printed(few_labels)
    assert "at 0.5" in text
    assert "at fitted" in text
    assert "argmax" not in text
    assert "pos_weight" in text


def test_many_labels_fit_eighty_columns(many_labels):
    text = printed(many_labels)
    whole = {*many_labels.result.snippet.splitlines(), f"Report: {RUN_DIR}/report.html"}
    assert [line for line in text.splitlines() if len(line) > 80 and line not in whole] == []
    assert "... 20 more ..." in text
