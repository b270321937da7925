"""One module a kind of column: how it is fitted on training rows, and what the model gets from it.

Each has a function ``fit_*`` that returns a frozen value with ``transform`` and ``treatments``;
`focalsweep.data.preprocessing` puts them together.
"""
