"""What the platform files are made of: words, paging, rate-limit dialects, OAuth 2, the client, the vault.

Everything here is shared by all platforms; nothing here knows one.
May import core; httpx only in client.py, prefect only in vault.py.
"""
