"""Doors: the command line `integrations` (later the web console and the webhook receiver).

May import core, connectors, storage and tasks; flows and deployments late, inside functions; typer, rich, plotext.
Nothing heavy is imported before a command needs it, so that help and lists come at once.
"""
