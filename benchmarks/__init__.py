"""How fast, against what: the engine beside a bare script and beside a peer, in the same run.

Each contestant works in a process of its own, fresh for each sync; what it landed is counted afterwards.
May import anything; nothing imports it.
"""
