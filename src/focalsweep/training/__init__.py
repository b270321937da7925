"""Training: members and views go in, records come out.

The population trainer stacks models that differ only in numbers and trains them side by side in
one compiled TensorFlow function; the one-by-one trainer is the same job through plain
`keras.Model.fit`. Both keep the `Trainer` protocol of `focalsweep.training.member`.
"""
