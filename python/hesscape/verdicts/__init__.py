"""Evidence of curvature in, a `CriticalPoint` out.

Imports the top of the package, and what measures: `linalg`, `derivatives`, `sparse` and `krylov`.
"""
