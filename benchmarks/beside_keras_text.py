"""The text around the tables of `docs/losses_beside_keras.md`."""

PAGE = """\
# The losses beside Keras's own

`focalsweep.losses` has the names, arguments and reductions of `keras.losses`. Where Keras's focal
losses are right, both give the same numbers; where they are wrong, this page shows by how much.

The tables are what both gave, side by side, in {versions}. A test holds this
page to a new run; `python -m benchmarks.beside_keras` writes it again.

## Where both agree

Largest differences, as the next power of ten: of losses relative to themselves, of gradients
relative to the largest of their row (losses and gradients below 1e-3 count as 1e-3).

{agreements}

Keras takes logarithms of probabilities, which lose digits near 1. Ours stay within 1e-5 of the same
formulas in 64 bits, for logits up to 1000.

## Where Keras is wrong

{differences}

*Gradient* is that of the first logit, the true class's. "Silent" means that a loss came back.

## What they cost

A loss with its gradient as a multiple of Keras's focal loss, and a whole training step of a network
with 2 x 64 units as a multiple of the step with cross-entropy, in a TensorFlow graph and compiled
by XLA (`python -m benchmarks --losses`, two cores):

| rows x outputs | targets | alone | alone, XLA | step | step, XLA |
|---|---|---|---|---|---|
| 128 x 5 | one-hot | 1.05 | 1.02 | 1.11 | 1.02 |
| 128 x 5 | codes | 1.05 | 0.98 | 1.10 | 1.03 |
| 128 x 5 | binary | 0.96 | 1.05 | 1.01 | 1.02 |
| 1024 x 10 | one-hot | 0.89 | 1.02 | 1.05 | 1.05 |
| 1024 x 10 | codes | 0.91 | 0.87 | 1.07 | 1.02 |
| 1024 x 10 | binary | 1.12 | 1.05 | 1.18 | 1.07 |
| 128 x 1000 | one-hot | 0.53 | 0.73 | 1.07 | 0.95 |
| 128 x 1000 | codes | 0.53 | 0.49 | 0.98 | 0.90 |
| 128 x 1000 | binary | 0.74 | 1.29 | 1.14 | 1.21 |
| 4096 x 100 | one-hot | 0.43 | 0.60 | 1.06 | 1.05 |
| 4096 x 100 | codes | 0.42 | 0.39 | 0.91 | 0.89 |
| 4096 x 100 | binary | 0.70 | 1.29 | 1.03 | 1.26 |

Two runs of one line differ by up to 0.1. Batches with soft or smoothed targets take a longer way
than one-hot ones. The binary loss computes both sides of every label, so that soft labels are
exact; with a hundred outputs or more on so small a network, steps show that. Peak memory of a call
on 16384 x 1000 is 0.23 to 0.74 times that of Keras's focal loss.

## Rules that differ

- `alpha` is 1 by default; Keras has 0.25, which is a factor of the learning rate.
- Label smoothing enters after the focal factor: `(1 - p_t)^gamma` looks at the true class, the
  smoothed target only at the logarithms.
- `BinaryFocalCrossentropy(alpha=...)` weighs without a second argument.
- Half-precision predictions are computed in float32.
- Saved models, `.keras` or `.h5`, load after `import focalsweep` (or `focalsweep.losses`), without
  `custom_objects`. Without it they are refused, whereas Keras would take its own loss of the same
  `name` from an `.h5` file: so the names of ours begin with `focalsweep_`, and one that you give
  does where it is Keras's. Files saved by older versions load, and are renamed so.
- Values are checked in eager calls, and in the first rows of what `fit` is given; shapes, dtypes
  and the model's last layer always. In a compiled graph a class code that does not exist gives NaN.

```python
from focalsweep.losses import SparseCategoricalFocalCrossentropy

loss = SparseCategoricalFocalCrossentropy(alpha=[0.5, 1.0, 4.0], gamma=2.0, from_logits=True)
assert float(loss([0], [[-500.0, 500.0, 0.0]])) == 500.0
```
"""
