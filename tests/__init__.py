"""The tests, in folders by room. They may import anything; a package, so that `tests/core` never stands in for `core`.

`make test` runs what is fast; what takes seconds or starts processes is marked slow.
"""
