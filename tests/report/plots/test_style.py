from __future__ import annotations

from typing import get_args

import pytest

from focalsweep.config.arm_schema import Family
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.plots.style import FAMILY_COLOURS, arm_styles, plain, shade, short
from focalsweep.report.wording import FAMILY_WORDS


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


def test_long_class_names_are_cut_in_the_middle_and_keep_their_ends():
    assert short("a" * 30 + "xyz", most=10) == "a" * 6 + "…xyz"
    assert short("a" * 10, most=10) == "a" * 10


def test_arms_that_share_a_colour_differ_in_symbol_or_dash(crowded):
    styles = arm_styles(crowded.result.arms)
    looks = {(style.colour, style.symbol, style.dash) for style in styles.values()}
    assert len(looks) == len(crowded.result.arms)


@pytest.mark.parametrize("family", get_args(Family))
def test_every_family_has_a_colour_and_a_name(family):
    assert FAMILY_COLOURS[family].startswith("#")
    assert FAMILY_WORDS[family]


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
