"""The contract that every connector keeps, checked against its sandbox; a new connector needs no line here.

`checks.py` holds the checks, `rig.py` what they run on; `test_mutants.py` shows that the checks notice defects.
"""
