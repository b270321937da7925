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
from tempfile import mkdtemp

print(Path("my_model.py").read_text())

# %%
import my_model

model = my_model.wide_and_deep(n_features=9, n_classes=6)
model.summary()

# %% [markdown]
# ## A short sweep
#
# In a terminal: `focalsweep sweep dataset=glass model._target_=my_model.wide_and_deep ...`. Keys of the
# chosen model that your function does not take are removed with `~`, those of its own are added with `+`.

# %%
from focalsweep.cli import main
from focalsweep.report.frames import arms_frame
from focalsweep.report.write import read_result

own = ["model._target_=my_model.wide_and_deep", "+model.units=16"]
own += ["~model.hidden", "~model.activation", "~model.dropout", "~model.normalization"]
settings = ["trials=2", "epochs=5", "evaluation=quick", "references=false", "tracking=none"]
run = Path(mkdtemp()) / "own"
arms = "arms=[cross_entropy,focal_gamma]"
status = main(["sweep", "dataset=glass", *own, arms, *settings, f"hydra.run.dir={run}"])

# %% [markdown]
# Two trials of five epochs decide nothing; this shows that it runs, and how.

# %%
result = read_result(run)
arms_frame(result)[["arm", "argmax_score", "decision_score", "difference"]].round(3)

# %% [markdown]
# ## Train it with the loss that was chosen
#
# What the sweep prints under "Paste this" is plain Keras. With the chosen numbers of the focal arm:

# %%
import numpy as np

from focalsweep.losses import CategoricalFocalCrossentropy

best = next(arm.best for arm in result.arms if arm.name == "focal_gamma")
focal = CategoricalFocalCrossentropy(alpha=best.alpha, gamma=best.gamma, from_logits=True)
rng = np.random.default_rng(0)
x = rng.normal(size=(120, 9)).astype("float32")
y = np.eye(6, dtype="float32")[np.arange(120) % 6]
model.compile(optimizer="adam", loss=focal)
history = model.fit(x, y, epochs=3, verbose=0)
[round(value, 3) for value in history.history["loss"]]
