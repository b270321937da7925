"""A prepared view of an experiment: verdict and arms, the columns and charts that decide.

MLflow's page opens a view that is stored as JSON in an experiment tag when its address carries
the view's key. The format is not documented (read in the pages of MLflow 3.17); a page that does
not understand it falls back to its ordinary table, so nothing depends on this. It has no box plot:
that stands on the compare page only, which keeps what is selected to itself.
"""

from __future__ import annotations

import json
from typing import Any

VIEW_KEY = "arms"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_KEY}"

_WIDTHS = {
    "tags.`recommended`": 120,
    "metrics.`score`": 90,
    "metrics.`score_low`": 90,
    "metrics.`score_high`": 90,
    "metrics.`difference`": 100,
    "metrics.`argmax_score`": 110,
    "params.`best.gamma`": 100,
    "params.`best.tau`": 100,
    "params.`best.epochs`": 100,
    "params.`best.learning_rate`": 130,
}
_BARS = ("score", "difference", "argmax_score")
_LINES = ("best_so_far", "validation_score")
_ACROSS = ("score", "argmax_score", "balanced_accuracy", "mcc")
"""Metrics of the parallel coordinates; parameters stand before them."""
_OWN, _OTHERS, _SWEEP = "Arms", "Model metrics", "sweep"


def arms_view() -> str:
    """Return the view as JSON; rows stay in the order of start: verdict first, best arm next."""
    charts = [_chart("BAR", metric) for metric in _BARS]
    charts += [_chart("LINE", metric) for metric in _LINES] + [_parallel()]
    return json.dumps(
        {
            "selectedColumns": list(_WIDTHS),
            "columnOrder": list(_WIDTHS),
            "columnWidths": _WIDTHS,
            "searchFilter": "tags.kind != 'trial'",
            "runsHiddenMode": "FIRST_20_RUNS",
            "compareRunCharts": charts,
            "compareRunSections": [
                {
                    "uuid": name,
                    "name": name,
                    "display": name == _OWN,
                    "isReordered": False,
                    "deleted": False,
                    "isGenerated": name != _OWN,
                }
                for name in (_OWN, _OTHERS, _SWEEP)
            ],
            "isAccordionReordered": True,
        }
    )


def _chart(kind: str, metric: str) -> dict[str, Any]:
    chart: dict[str, Any] = {
        "uuid": f"arms-{metric}",
        "type": kind,
        "metricKey": metric,
        "metricSectionId": _OWN,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }
    if kind == "LINE":
        chart |= {
            "lineSmoothness": 0,
            "scaleType": "linear",
            "xAxisScaleType": "linear",
            "xAxisKey": "step",
            "yAxisKey": "metric",
            "yAxisExpressions": [],
            "selectedXAxisMetricKey": "",
            "ignoreOutliers": False,
            "useGlobalXaxisKey": True,
            "useGlobalLineSmoothing": True,
            "range": {},
        }
    return chart


def _parallel() -> dict[str, Any]:
    """Return parallel coordinates over names that every arm has: a run that lacks one is left out.

    So references, which have a score only, do not show here.
    """
    return {
        "uuid": "arms-parallel",
        "type": "PARALLEL",
        "metricSectionId": _OWN,
        "selectedParams": ["best.gamma", "best.epochs"],
        "selectedMetrics": list(_ACROSS),
        "showAllRuns": False,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }
