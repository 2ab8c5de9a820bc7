"""Every platform simulated on this machine, for the demo and the tests: a second reading of the vendors' documents.
A platform is one file (or folder) named after it; `sandbox/platform.py` tells how one is written.
May import: core; of the outside starlette and uvicorn (server), httpx (transport). Never a connector."""
