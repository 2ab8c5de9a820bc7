"""Words and rules: pure functions and frozen values.

No I/O, no clock, no randomness, no Prefect, no database: what is needed of those arrives as a parameter.
May import the standard library, msgspec and cryptography; every other room may import this one.
"""
