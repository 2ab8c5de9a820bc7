"""The documents are true: what they show is run, what they point to is there."""
