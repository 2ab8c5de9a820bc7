"""The state database: who owns what, which integrations there are and how they are, leases, budgets, audit.

Belongs here: SQLModel tables, their migrations, and the scopes through which alone they are reached.
May import core, sqlmodel (and sqlalchemy below it); alembic only in `migrations`, when it is needed.
"""
