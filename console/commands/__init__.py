"""The commands: their names, arguments and help, nothing else. What they do is in the modules of `console`.

All of this is imported to show any help, so it may import typer only; each command imports its work when it runs.
"""
