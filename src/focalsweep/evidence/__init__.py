"""Evidence: what chosen points score on rows that chose nothing, and what that proves.

`refit` trains the chosen points, `predictions` decides with them, `assess` scores every arm, and
`verdict` says what follows. The statistics stand in modules of their own.
"""
