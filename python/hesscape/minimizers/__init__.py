"""A start in, a proven minimum out.

Imports the top of the package, and the folders up to `escapes`.
"""
