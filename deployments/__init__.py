"""When and where: which flows are deployed, on what schedules, served here or by a work pool elsewhere.

`definitions.py` is the one place that says what there is; serve.py, schedules.py and prefect.yaml follow it.
May import core, tasks and flows, and prefect.
"""
