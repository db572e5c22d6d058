"""Gradients and a pattern in, a sparse Hessian with errors and its proven signs out.

Imports the top of the package, `linalg` and `derivatives`.
"""
