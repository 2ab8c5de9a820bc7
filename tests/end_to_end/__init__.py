"""The whole, as people run it: processes, sockets, a Prefect server, the sandbox for the world."""
