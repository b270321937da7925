"""The one exception that the command line turns into a sentence and exit status 2."""


class UserError(Exception):
    """Say in one sentence what was wrong with the input, what was expected, and the way out.

    Names of settings and columns stand in backticks, and what was received is quoted:
    "`gamma` must be >= 0. Received: gamma=-1.0." Raised before anything is written.
    """


class InputError(UserError, ValueError):
    """Say the same to whoever called a function: `UserError` as Python's `ValueError`."""
