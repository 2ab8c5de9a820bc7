"""The connectors, as pure functions: no network, no storage."""
