"""A `CriticalPoint` in, a way down out.

Imports the top of the package, and the folders up to `verdicts`.
"""
