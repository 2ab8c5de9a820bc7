"""Steps, where a connector meets storage: sync, check, scan, refresh, prune.

Each module is plain functions over a `Workspace`; `tasks/steps.py` makes Prefect tasks of them.
May import core, connectors, storage; prefect only in steps.py and reporting.py.
"""
