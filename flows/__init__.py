"""Stories: Prefect flows, made of tasks only. What the Prefect UI lists, schedules and runs.

Flows are async (Prefect starts those a second faster) and their tasks run in threads.
May import core and tasks, and prefect.
"""
