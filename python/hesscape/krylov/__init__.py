"""Products with a Hessian in, the ends and the density of its spectrum out.

Imports the top of the package, `linalg`, `derivatives` and `sparse`.
"""
