"""Values in, derivatives with errors out.

Imports the top of the package and `linalg`.
"""
