"""The warehouse: the landing zone, the drain that lands it in DuckDB, and the questions asked of it.

Others use the modules by name; in a notebook, `from storage.warehouse import ask` and `ask("freshness")` will do.
May import core, duckdb and msgspec; pandas only where a DataFrame is asked for, late.
"""

from storage.warehouse.asking import ask

__all__ = ["ask"]
