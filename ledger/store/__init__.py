"""The store: one append-only log on SQLAlchemy Core, for SQLite and PostgreSQL alike."""

from ledger.store.factory import StoreFactory

__all__ = ["StoreFactory"]
