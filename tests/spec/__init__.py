"""The vendors' specifications, read in place, as judges: of what the sandbox answers and of what the connectors ask.

`openapi.py` and `stone.py` are the readers. May import anything; nothing of a specification is copied here.
"""
