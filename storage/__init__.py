"""Memory: state database, warehouse, landing zone, keyring, audit, quality suites, SQL questions.

Knows core's words and no connector: what lands tells by itself where it belongs.
May import core, sqlmodel, alembic, duckdb, pandas, filelock; great_expectations in the quality module alone, late.
"""
