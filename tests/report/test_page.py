from __future__ import annotations

from html.parser import HTMLParser

import pytest

from focalsweep.report.page import SECTIONS, render_plot, render_report
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.wording import percent, rows_words

VOID = {"meta", "br", "rect", "circle", "path"}


class Page(HTMLParser):
    """Collect what the tests ask about, and check that every tag is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.scripts = 0
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "a":
            self.targets.append(named["href"])
        if "src" in named or tag == "link":
            self.loaded.append(str(named))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(usual) -> Page:
    return Page(render_report(usual.result, usual.trials))


LABELS = {
    "labelled": True,
    "arms": ("binary_cross_entropy", "pos_weighted", "binary_focal"),
    "chosen": "binary_focal",
}
CASES = {
    "usual": {},
    "everything": {"everything": True},
    "two classes, holdout": {"classes": 2, "kind": "holdout"},
    "thirty classes": {"classes": 30},
    "log-loss, no references": {"objective": "log_loss", "references": False},
    "cross-entropy kept": {"decision": "keep_cross_entropy", "chosen": "cross_entropy"},
    "no focal arm": {"arms": ("cross_entropy", "class_weighted"), "chosen": "class_weighted"},
    "one arm": {"arms": ("cross_entropy",), "chosen": "cross_entropy"},
    "labels": LABELS,
    "labels, log-loss": {**LABELS, "objective": "log_loss"},
    "labels, one arm": {**LABELS, "arms": ("asymmetric",), "chosen": "asymmetric"},
    "more labels than a heatmap has rows": {**LABELS, "classes": 55, "everything": True},
}


def test_the_page_says_that_precision_and_recall_are_shown_for_the_rarest_classes(make_result):
    made = make_result(classes=14, everything=True)
    text = Page(render_report(made.result, made.trials)).text
    assert "Precision and recall are drawn for the rarest 6 classes of 14." in text
    assert "Only the rarest 12 of the 14 classes are shown." in text
    few = make_result(classes=4, everything=True)
    assert "the rarest" not in Page(render_report(few.result, few.trials)).text


def test_under_costs_the_page_speaks_of_the_decision_layer(make_result):
    made = make_result(objective="cost", everything=True)
    text = Page(render_report(made.result, made.trials)).text
    assert "both with the decision layer" in text
    assert "loss beyond the decision layer (both with it)" in text
    assert "smallest expected cost" in text


@pytest.mark.parametrize("case", CASES)
def test_the_page_is_whole_and_loads_nothing(make_result, case):
    made = make_result(**CASES[case])
    page = Page(render_report(made.result, made.trials))
    assert page.open == []
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert all(target.startswith("#") for target in page.targets)
    assert {target[1:] for target in page.targets} <= set(page.ids)


def test_where_too_little_was_tried_the_page_recommends_and_settles_nothing(make_result):
    made = make_result(decision="budget_too_small", chosen="cross_entropy", everything=True)
    verdict = made.result.verdict.model_copy(update={"confidence": None, "text": "Too little."})
    result = made.result.model_copy(update={"verdict": verdict})
    text = Page(render_report(result, made.trials)).text
    for words in ("recommended", "ot better by an amount", "Not enough data", "Keep cross", "orse"):
        assert words not in text
    assert "The arm of the code to paste with the numbers of the search on all rows" in text
    assert "Cannot be told from what was tried." in text


def test_plotly_is_inlined_once_and_every_plot_is_drawn(usual, page):
    plots = all_plots(usual.result, usual.trials)
    assert page.scripts == 1 + len(plots) + 1
    for plot in plots:
        assert f"plot-{plot.key}" in page.ids
        assert f"figure-{plot.key}" in page.ids
        assert plot.reading in page.text


def test_the_verdict_comes_before_everything_else(usual, page):
    verdict = page.text.index(usual.result.verdict.text)
    assert "Use focal loss" in page.text[:verdict]
    assert verdict < page.text.index("How sure is that?") < page.text.index("The arms")
    assert page.text.index("The arms") < page.text.index("What to paste")
    assert "97%" in page.text


@pytest.mark.parametrize(
    "words",
    [
        "Is focal loss better than everything else? Yes, better.",
        "Are the rivals better than cross-entropy? Cannot be told from this data.",
        "No, not better by an amount that counts.",
        "class_weighted_tuned (7 of 10), cross_entropy (3 of 10)",
        "logistic regression reference, not an arm",
        "focal_gamma_alpha : Two classes: it equals the tau arm.",
        "Class ERL (5 rows) was dropped: dataset.rare_classes is drop.",
        "focalsweep sweep --config-name quickstart dataset=yeast",
        "tensorflow 2.21.0",
        "search 71.3 s",
        "2b1c9d0e",
        "moved to the posterior of the data (focal_gamma_tau)",
        "Only ratios between classes can be known",
    ],
)
def test_the_page_says(page, words):
    assert words in page.text


def test_numbers_of_the_page_are_those_of_the_result(usual, page):
    assert usual.result.dataset.sha256 in page.text
    assert usual.result.snippet.split("\n")[0] in page.text
    for arm in usual.result.arms:
        assert f"{arm.decision_score:.3f}" in page.text
        for name, value in arm.best.parameters.items():
            assert f"{name} {value:.4g}" in page.text
    for facts in usual.result.dataset.classes:
        assert facts.name in page.text


def test_a_copied_scalar_alpha_is_called_a_factor(make_result):
    made = make_result(arms=("cross_entropy", "focal_folklore"), chosen="cross_entropy")
    page = Page(render_report(made.result, made.trials))
    assert "like the 0.25 of focal, gamma 2 and alpha 0.25, is such a factor" in page.text


def test_names_of_the_user_are_text_and_never_code(make_result):
    names = ("<script>alert(1)</script>", "</pre>\"'&", "{{ 7 * 7 }}", "</script><b>")
    made = make_result(class_names=names)
    source = render_report(made.result, made.trials)
    plots = all_plots(made.result, made.trials)
    page = Page(source)
    assert page.scripts == 1 + len(plots) + 1
    assert page.open == []
    assert "<script>alert" not in source
    for name in names:
        assert name in page.text


def test_a_backtick_name_is_set_as_code_without_becoming_markup(usual):
    verdict = usual.result.verdict.model_copy(update={"text": "Set `a<b>` to 1."})
    result = usual.result.model_copy(update={"verdict": verdict})
    assert "Set <code>a&lt;b&gt;</code> to 1." in render_report(result, usual.trials)


def test_the_same_result_gives_the_same_page(usual):
    assert render_report(usual.result, usual.trials) == render_report(usual.result, usual.trials)


def test_a_plot_of_its_own_loads_the_script_beside_it(usual):
    plot = all_plots(usual.result, usual.trials)[0]
    page = Page(render_plot(plot))
    assert page.loaded == ["{'src': 'plotly.min.js'}"]
    assert f"figure-{plot.key}" in page.ids


def test_without_a_commit_the_page_says_so(usual):
    page = Page(render_report(usual.result.model_copy(update={"commit": None}), usual.trials))
    assert "not run from a checkout" in page.text


def test_sections_stand_in_order_and_only_where_there_is_something_to_say(usual, full):
    # Classes are told one by one, or labels: no result has both.
    keys = [section.key for section in SECTIONS if section.key != "labels"]
    whole = Page(render_report(full.result, full.trials))
    assert [key for key in whole.ids if key in keys] == keys
    bare = Page(render_report(usual.result, usual.trials))
    missing = {"probabilities", "folklore", "detectable", "priors", "gradient", "suspects"}
    assert set(keys) - set(bare.ids) == missing
    assert {target[1:] for target in bare.targets} & missing == set()


@pytest.mark.parametrize(
    "words",
    [
        "The smallest class has 9 rows: one of five folds has one or two to test on.",
        "focal_gamma_tau : any gamma in [0, 2.3] is within noise (0.016) of the best.",
        "Copying gamma 2 and alpha 0.25 costs 0.034 macro-F1 (0.011 to 0.057) here.",
        "23 minority rows: differences below 0.091 cannot be seen.",
        "balanced: best is",
        "73 labels (4.9%) are contradicted",
        "5 rows have the same columns as another row and another label",
        "The next 40",
        "about 210",
        "called class b1",
        "10% of training rows",
    ],
)
def test_a_full_page_says(full, words):
    assert words in Page(render_report(full.result, full.trials)).text


def test_what_could_not_be_corrected_says_why(make_result):
    made = make_result(arms=("cross_entropy", "smote"), chosen="smote", everything=True)
    text = Page(render_report(made.result, made.trials)).text
    assert "Synthetic rows have no known shares. (smote)" in text


@pytest.fixture(scope="module")
def label_page(few_labels) -> Page:
    return Page(render_report(few_labels.result, few_labels.trials))


@pytest.mark.parametrize(
    "words",
    [
        "1,080 rows, 3 labels, mean ratio 37",
        "labels a row (cardinality) 0.925",
        "of all labels (density) 31%",
        "mean imbalance ratio 37",
        "rows without label 75",
        "rarest label in a training fold",
        "against binary cross-entropy",
        "with fitted thresholds",
        "at threshold 0.5",
        "every label counting the same",
        "Weight of rows with a label, against its frequency",
        "Gamma of each label, against its frequency",
        "Recall of each label at threshold 0.5, by arm",
        "F1 of each label with fitted thresholds, by arm",
        "What became of each label's test rows, binary cross-entropy, with fitted thresholds",
        "Precision and recall, class c2 (9 rows)",
        "one logit a label",
        "the positive weight, alpha of rows with a label over alpha of rows without it",
    ],
)
def test_a_page_of_labels_says(label_page, words):
    assert words in label_page.text


def test_a_page_of_labels_leaves_out_what_only_classes_have(few_labels):
    page = Page(render_report(few_labels.result, few_labels.trials))
    assert {"labels", "data", "gradient", "probabilities"} <= set(page.ids)
    assert not {"classes", "priors", "suspects"} & set(page.ids)
    assert not any("confusion" in name for name in page.ids)
    assert "argmax" not in page.text
    assert "decision weights" not in page.text


def test_recall_and_counts_of_labels_are_those_of_the_result(few_labels):
    result = few_labels.result
    text = Page(render_report(result, few_labels.trials)).text
    chosen = next(arm for arm in result.arms if arm.name == result.verdict.arm)
    for label, facts in zip(chosen.labels, result.dataset.classes, strict=True):
        found = label.decision.tp / (label.decision.tp + label.decision.fn)
        assert f"{facts.name} {facts.count} {rows_words(label.decision.tp)} " in text
        assert percent(found) in text


def test_curves_of_the_rarest_twelve_classes_are_enough(make_result):
    made = make_result(classes=20, everything=True)
    names = [facts.name for facts in sorted(made.result.dataset.classes, key=lambda f: f.count)]
    rarest = set(names[:12])
    arms = tuple(
        arm.model_copy(
            update={"precision_recall": tuple(c for c in arm.precision_recall if c.name in rarest)}
        )
        for arm in made.result.arms
    )
    page = Page(render_report(made.result.model_copy(update={"arms": arms}), made.trials))
    drawn = [name for name in page.ids if name.startswith("plot-precision-recall")]
    assert len(drawn) == 6
    for name in names[:6]:
        assert f"Precision and recall, {name}" in page.text


def test_why_there_are_fewer_folds_stands_with_the_evidence(usual):
    why = "4 outer folds instead of 5, so that each tests every class."
    evaluation = usual.result.evaluation.model_copy(update={"reasons": (why,)})
    told = usual.result.model_copy(update={"evaluation": evaluation})
    assert why in Page(render_report(told, usual.trials)).text
