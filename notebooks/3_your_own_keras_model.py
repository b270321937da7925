# %% [markdown]
# # Your own Keras model
#
# `model._target_` is the dotted path of any function that returns a Keras model. It is called with
# `n_features` and `n_classes` and what else you set, and the model must end in logits: no softmax, because
# every loss here is computed from logits. The one of this notebook stands in `my_model.py` beside it:

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from pathlib import Path

print(Path("my_model.py").read_text())

# %%
import keras

import my_model

keras.utils.set_random_seed(0)  # the numbers below are then the same each time
model = my_model.wide_and_deep(n_features=9, n_classes=6)
model.summary()

# %% [markdown]
# ## A short sweep
#
# `model=` takes the function. On the command line it is its dotted path, the file beside you:
# `focalsweep sweep dataset=glass model=linear model._target_=my_model.wide_and_deep +model.units=16`.

# %%
from importlib.resources import files

import pandas as pd

import focalsweep

glass = pd.read_csv(files("focalsweep.data.bundled") / "glass.csv")
target = glass.columns[-1]
found = focalsweep.sweep(
    glass.drop(columns=target),
    glass[target],
    arms=["cross_entropy", "focal_gamma"],
    trials=2,
    epochs=5,
    evaluation="quick",
    model={"_target_": "my_model.wide_and_deep", "units": 16},
    overrides=["references=false"],
    progress=False,
)

# %% [markdown]
# Two trials of five epochs decide nothing; this shows that it runs, and how.

# %%
found.arms[["arm", "argmax_score", "decision_score", "difference"]].round(3)

# %% [markdown]
# ## Train it with the loss that was chosen
#
# `best_loss` is a Keras loss with the chosen numbers in it, ready for any model.

# %%
numbers = found.preprocess(glass.drop(columns=target))
codes = glass[target].astype("category").cat.codes.to_numpy()
model.compile(optimizer="adam", loss=found.best_loss("focal_gamma", sparse=True))
history = model.fit(numbers, codes, epochs=3, verbose=0)
[round(value, 3) for value in history.history["loss"]]

# %% [markdown]
# `best_model` is the sweep's own: trained on all rows with the recommended loss. `predict` goes from raw
# columns to classes.

# %%
found.predict(glass.drop(columns=target))[:5]
