"""Many points in, a table of verdicts out.

Imports the top of the package, and the folders up to `minimizers`.
"""
