"""From the command line's overrides to one typed, frozen value.

`conf/` and `sweeps/` hold the values, Hydra composes them, the pydantic models of `schema` say
what is allowed, and everything below receives plain Python values: no DictConfig leaves here.
"""
