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

## Rules that differ

- `alpha` is 1 by default; Keras has 0.25, which is a factor of the learning rate.
- Label smoothing enters after the focal factor: `(1 - p_t)^gamma` looks at the true class, the
  smoothed target only at the logarithms.
- `BinaryFocalCrossentropy(alpha=...)` weighs without a second argument.
- Half-precision predictions are computed in float32.
- Values are checked in eager calls, and in the first rows of what `fit` is given; shapes, dtypes
  and the model's last layer always. In a compiled graph a class code that does not exist gives NaN.

```python
from focalsweep.losses import SparseCategoricalFocalCrossentropy

loss = SparseCategoricalFocalCrossentropy(alpha=[0.5, 1.0, 4.0], gamma=2.0, from_logits=True)
assert float(loss([0], [[-500.0, 500.0, 0.0]])) == 500.0
```
"""
