from __future__ import annotations

import pytest

from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.plots.style import arm_styles, plain, shade, short


def test_arms_of_a_family_share_a_colour_and_differ_in_symbol(make_result):
    arms = make_result(
        arms=("cross_entropy", "class_weighted", "class_weighted_tuned", "effective_number"),
        chosen="class_weighted",
    ).result.arms
    styles = [arm_styles(arms)[arm.name] for arm in arms[1:]]
    assert len({style.colour for style in styles}) == 1
    assert len({style.symbol for style in styles}) == 3
    assert len({style.dash for style in styles}) == 3


def test_labels_are_escaped_because_plotly_reads_html():
    assert plain("<b>&") == "&lt;b&gt;&amp;"
    assert plain("one two three", width=7) == "one two<br>three"
    assert plain("", width=7) == "(empty)"


def test_long_class_names_are_cut():
    assert short("a" * 50, most=10) == "a" * 9 + "…"


def test_shade_keeps_the_colour():
    assert shade("#d55e00", 0.5) == "rgba(213, 94, 0, 0.5)"


@pytest.mark.parametrize("classes", [2, 4, 30])
def test_every_plot_has_its_own_key_a_sentence_and_no_background(make_result, classes):
    made = make_result(classes=classes)
    plots = all_plots(made.result, made.trials)
    assert len({plot.key for plot in plots}) == len(plots) >= 9
    for plot in plots:
        assert plot.reading.endswith(".")
        assert plot.figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        assert plot.figure.layout.height > 0
        assert len(plot.figure.data) > 0
