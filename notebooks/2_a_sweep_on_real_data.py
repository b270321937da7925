# %% [markdown]
# # A sweep on real data
#
# Glass: 214 rows, 9 oxides, 6 kinds of glass, from 76 rows to 9. Which loss should a network be trained
# with? One call answers; the rest of this notebook reads the answer. The budget here is small on purpose
# (under a minute on a quiet machine): what you leave out of the call is as in `make sweep`, which has a
# larger one.

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from importlib.resources import files

import matplotlib.pyplot as plt
import pandas as pd

import focalsweep
from focalsweep.report.frames import classes_frame, folds_frame

plt.rcParams.update({"figure.figsize": (6.5, 3.2), "figure.dpi": 80, "axes.grid": True})
glass = pd.read_csv(files("focalsweep.data.bundled") / "glass.csv")
target = glass.columns[-1]
glass[target].value_counts()

# %%
found = focalsweep.sweep(
    glass.drop(columns=target),
    glass[target],
    arms=["cross_entropy", "class_weighted_tuned", "focal_folklore", "focal_gamma_tau"],
    trials=8,
    epochs=20,
    evaluation="quick",
    overrides=["evaluation.folds=5", "references=false"],
    progress=False,
)

# %% [markdown]
# ## The verdict

# %%
print(found.verdict)

# %% [markdown]
# ## Arms
#
# Scores on rows that no search has seen, with decision weights, and their 95% intervals. Where intervals
# are this wide, an order of points is not an order of losses.

# %%
scores = found.arms.set_index("arm")
scores[["argmax_score", "decision_score", "decision_low", "decision_high", "difference"]].round(3)

# %%
middle = scores["decision_score"]
ends = [middle - scores["decision_low"], scores["decision_high"] - middle]
figure, axes = plt.subplots()
axes.errorbar(middle, scores.index, xerr=ends, fmt="o", capsize=3)
_ = axes.set(xlabel=f"{found.result.objective}, 95% interval")
# %% [markdown]
# ## What the search found
#
# `found.trials` has one row a trial. Fold `all` is the search on all rows, which gives the pasted numbers;
# the others are the searches inside the outer folds.

# %%
trials = found.trials
focal = trials[trials["arm"] == "focal_gamma_tau"].dropna(axis=1, how="all")
focal.head().round(4)

# %%
axes = focal.plot.scatter("gamma", "value", c="tau", colormap="viridis", colorbar=True)
_ = axes.set(title="validation score of every focal trial")
# %% [markdown]
# How far do the searches agree? If what they chose is all over the place, the number itself is not to be
# trusted, even if the score is.

# %%
folds = folds_frame(found.result)
folds[folds["arm"] == "focal_gamma_tau"].dropna(axis=1).round(3)

# %% [markdown]
# ## Class by class
#
# Recall of each class: with which loss are the rare ones found?

# %%
recall = classes_frame(found.result).pivot(index=["count", "class"], columns="arm", values="recall")
recall.sort_index(ascending=False).round(2)

# %% [markdown]
# ## What these rows can show
#
# The smallest true difference that a sweep of this kind would call better 8 times in 10:

# %%
pd.Series(dict(found.result.detectable or {}), name="detectable", dtype="object").to_frame()

# %% [markdown]
# ## To paste
#
# The loss of the verdict's arm, as code and as an object. `found.to_html("report.html")` writes the whole
# report; `focalsweep.load("runs/...")` gives the same object for a sweep of the command line.

# %%
print(found.snippet)
