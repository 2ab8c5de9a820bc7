"""The command line, through its own front door. Real state, warehouse, sealing and sockets; blocks in memory."""
