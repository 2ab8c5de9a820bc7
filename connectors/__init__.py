"""One file per platform: the listing of this folder is the list of what we support.

A connector is values and pure functions; what they are made of is in `connectors/sdk`.
May import core; httpx only in sdk/client.py, prefect only in sdk/vault.py; never storage.
"""
