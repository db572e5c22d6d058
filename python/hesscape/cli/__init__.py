"""Words of a command line in, reports and tables out.

Imports the package as its users do.
"""
