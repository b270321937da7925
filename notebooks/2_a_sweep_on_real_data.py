# %% [markdown]
# # A sweep on real data
#
# Glass: 214 rows, 9 oxides, 6 kinds of glass, from 76 rows to 9. Which loss should a network be trained
# with? One command answers; this notebook reads what it leaves in its run folder. The budget here is
# small on purpose (under a minute on a quiet machine): `make sweep` has a larger one.

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import pandas as pd

from focalsweep.cli import main
from focalsweep.report.frames import arms_frame, classes_frame, folds_frame, trials_frame
from focalsweep.report.write import read_result

plt.rcParams.update({"figure.figsize": (6.5, 3.2), "figure.dpi": 80, "axes.grid": True})

# %% [markdown]
# In a terminal this is `focalsweep sweep dataset=glass evaluation=quick ...`.

# %%
run = Path(mkdtemp()) / "glass"
settings = [
    "trials=8",
    "epochs=20",
    "evaluation=quick",
    "evaluation.folds=4",
    "references=false",
    "tracking=none",
]
arms = "arms=[cross_entropy,class_weighted_tuned,focal_folklore,focal_gamma_tau]"
status = main(["sweep", "dataset=glass", arms, *settings, f"hydra.run.dir={run}"])

# %% [markdown]
# ## The verdict
#
# `result.json` is the whole result, and `read_result` reads it back.

# %%
result = read_result(run)
print(result.verdict.decision)
print(result.verdict.text)

# %% [markdown]
# ## Arms
#
# Scores on rows that no search has seen, with decision weights, and their 95% intervals. Where intervals
# are this wide, an order of points is not an order of losses.

# %%
scores = arms_frame(result).set_index("arm")
scores[["argmax_score", "decision_score", "decision_low", "decision_high", "difference"]].round(3)

# %%
middle = scores["decision_score"]
ends = [middle - scores["decision_low"], scores["decision_high"] - middle]
figure, axes = plt.subplots()
axes.errorbar(middle, scores.index, xerr=ends, fmt="o", capsize=3)
_ = axes.set(xlabel=f"{result.objective}, 95% interval")
# %% [markdown]
# ## What the search found
#
# `trials.csv` has one row a trial. Fold `all` is the search on all rows, which gives the pasted numbers;
# the others are the searches inside the outer folds.

# %%
trials = trials_frame(run / "trials.csv")
focal = trials[trials["arm"] == "focal_gamma_tau"].dropna(axis=1, how="all")
focal.head().round(4)

# %%
axes = focal.plot.scatter("gamma", "value", c="tau", colormap="viridis", colorbar=True)
_ = axes.set(title="validation score of every focal trial")
# %% [markdown]
# How far do the searches agree? If what they chose is all over the place, the number itself is not to be
# trusted, even if the score is.

# %%
folds = folds_frame(result)
folds[folds["arm"] == "focal_gamma_tau"].dropna(axis=1).round(3)

# %% [markdown]
# ## Class by class
#
# Recall of each class: with which loss are the rare ones found?

# %%
recall = classes_frame(result).pivot(index=["count", "class"], columns="arm", values="recall")
recall.sort_index(ascending=False).round(2)

# %% [markdown]
# ## What these rows can show
#
# The smallest true difference that a sweep of this kind would call better 8 times in 10:

# %%
pd.Series(result.detectable.model_dump(), name="detectable").to_frame()
