# %% [markdown]
# # What alpha and gamma do
#
# Focal loss is cross-entropy times $\alpha_y (1 - p)^\gamma$, where $p$ is the probability that the
# model gives to the true class $y$. This notebook draws what the two numbers do to the loss and to its
# gradient, and where common implementations differ.

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from focalsweep.losses import CategoricalFocalCrossentropy

plt.rcParams.update({"figure.figsize": (6.5, 3.2), "figure.dpi": 80, "axes.grid": True})

# %% [markdown]
# ## Gamma fades rows that are already right
#
# Two classes, the true one ahead by a margin $m$ in logits: $p = 1 / (1 + e^{-m})$. At gamma 0 the loss
# is cross-entropy. The larger gamma, the sooner a row that is right stops counting; a row that is very
# wrong (left) keeps its gradient of -1 at any gamma.

# %%
margins = tf.constant(np.linspace(-8, 8, 161), dtype="float32")
y_true = tf.constant([[1.0, 0.0]] * 161)
gammas = [0.0, 0.5, 1.0, 2.0, 5.0]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for gamma in gammas:
    focal = CategoricalFocalCrossentropy(gamma=gamma, from_logits=True, reduction=None)
    with tf.GradientTape() as tape:
        tape.watch(margins)
        losses = focal(y_true, tf.stack([margins, tf.zeros_like(margins)], axis=1))
    left.plot(margins, losses, label=f"gamma {gamma:g}")
    right.plot(margins, tape.gradient(losses, margins), label=f"gamma {gamma:g}")
left.set(title="loss", xlabel="margin of the true class", ylim=(0, 5))
right.set(title="gradient on the true logit", xlabel="margin of the true class")
right.legend()
figure.tight_layout()

# %% [markdown]
# Gamma 0 is cross-entropy to the last digit that matters, hard rows included:

# %%
logits = tf.random.stateless_normal((1000, 5), seed=(0, 0), stddev=20.0)
one_hot = tf.one_hot(np.arange(1000) % 5, 5)
ours = CategoricalFocalCrossentropy(gamma=0.0, from_logits=True, reduction=None)(one_hot, logits)
plain = tf.nn.softmax_cross_entropy_with_logits(one_hot, logits)
print("largest difference:", float(tf.reduce_max(tf.abs(ours - plain))))

# %% [markdown]
# ## Where Keras clips
#
# Keras turns logits into probabilities and clips them to $[10^{-7}, 1 - 10^{-7}]$. A row that is wrong by
# a gap of 17 or more then has no gradient at all: the rows that focal loss is for are lost.

# %%
rows = []
for gap in (5.0, 10.0, 15.0, 17.0, 20.0, 40.0):
    for name, loss in (
        ("Keras", keras.losses.CategoricalFocalCrossentropy(alpha=1.0, from_logits=True)),
        ("focalsweep", CategoricalFocalCrossentropy(from_logits=True)),
    ):
        z = tf.Variable([[0.0, gap, 0.0]])
        with tf.GradientTape() as tape:
            value = loss(tf.constant([[1.0, 0.0, 0.0]]), z)
        gradient = float(tape.gradient(value, z)[0, 0])
        rows.append({"wrong by": gap, "of": name, "loss": float(value), "gradient": gradient})
pd.DataFrame(rows).pivot(index="wrong by", columns="of").round(3)

# %% [markdown]
# ## The scale of alpha is a learning rate
#
# Multiply alpha by 4 and the loss and every gradient are multiplied by 4. Under SGD that is a learning
# rate four times as large; under Adam, which divides by the size of past gradients, it is nothing. So only
# the *ratios* between the alphas of classes say something, and a single alpha of 0.25 says nothing.

# %%
x = tf.random.stateless_normal((256, 4), seed=(1, 1))
labels = tf.one_hot(np.arange(256) % 3, 3)
rows = []
for optimizer in (keras.optimizers.SGD, keras.optimizers.Adam):
    for alpha, rate in ((1.0, 0.04), (0.25, 0.04), (0.25, 0.16)):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        focal = CategoricalFocalCrossentropy(alpha=alpha, from_logits=True)
        model.compile(optimizer=optimizer(learning_rate=rate), loss=focal)
        model.fit(x, labels, epochs=2, verbose=0, shuffle=False)
        first = float(model.get_weights()[0][0, 0])
        rows.append(
            {"optimizer": optimizer.__name__, "alpha": alpha, "rate": rate, "a weight": first}
        )
pd.DataFrame(rows).round(5)

# %% [markdown]
# With SGD, alpha 0.25 at rate 0.16 ends where alpha 1 at rate 0.04 does. With Adam, alpha 0.25 at the same
# rate ends where alpha 1 does.
#
# ## Label smoothing after focusing
#
# Smoothing has to enter after the focal factor. Before it, as in Keras, the smoothed classes are far from
# right and get the full weight, and focusing is undone: an easy row costs many times what it should.

# %%
easy = tf.constant([[4.6, 0.0, 0.0]])
rows = []
for smoothing in (0.0, 0.1):
    theirs = keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, from_logits=True, label_smoothing=smoothing
    )
    own = CategoricalFocalCrossentropy(from_logits=True, label_smoothing=smoothing)
    target = tf.constant([[1.0, 0.0, 0.0]])
    rows.append(
        {
            "smoothing": smoothing,
            "Keras": float(theirs(target, easy)),
            "focalsweep": float(own(target, easy)),
        }
    )
pd.DataFrame(rows)

# %% [markdown]
# ## Who pulls at the model
#
# 1,000 rows, 95% of one class, a model of medium quality. Each row pulls with the size of its gradient.
# Under cross-entropy most of the pull is the majority's, simply because it has so many rows. Gamma moves
# pull from easy rows to hard ones; alpha moves it between classes.

# %%
rng = np.random.default_rng(0)
is_rare = np.arange(1000) >= 950
true_margin = np.where(is_rare, rng.normal(-0.5, 2, 1000), rng.normal(3, 2, 1000))
difficulty = pd.cut(
    1 / (1 + np.exp(-true_margin)), [0, 0.5, 0.9, 1], labels=["wrong", "so-so", "easy"]
)
z = tf.constant(np.stack([true_margin, np.zeros(1000)], axis=1), dtype="float32")
target = tf.constant([[1.0, 0.0]] * 1000)
shares = {}
for gamma in gammas:
    focal = CategoricalFocalCrossentropy(gamma=gamma, from_logits=True, reduction="sum")
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = focal(target, z)
    pull = pd.Series(np.abs(tape.gradient(total, z)[:, 0]))
    by = {"rare class": pull[is_rare].sum() / pull.sum()}
    by |= (pull.groupby(difficulty, observed=False).sum() / pull.sum()).to_dict()
    shares[f"gamma {gamma:g}"] = by
shares = pd.DataFrame(shares).T
shares.round(2)

# %%
axes = shares[["wrong", "so-so", "easy"]].plot.bar(stacked=True, rot=0)
_ = axes.set(ylabel="share of the gradient", title="by difficulty")

# %% [markdown]
# More gamma is not better without end: at 5 nearly all of the pull is that of rows that are wrong, among
# them every mislabelled one, and everything else starves. Between "is cross-entropy" and "starves" the
# right number depends on the data, which is why it is searched: `2_a_sweep_on_real_data`.
