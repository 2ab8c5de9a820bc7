"""Tests of what connectors are made of: the client over sockets and fake transports, the driver, streams, the vault."""
