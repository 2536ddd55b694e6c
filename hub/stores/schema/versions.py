"""Data that a hub cannot use, said in a sentence; the same for every adapter."""

from __future__ import annotations


class SchemaError(Exception):
    """The store cannot be used, and why; nothing in it was changed."""


class NewerSchema(SchemaError):
    """The data was written by a later version of the hub."""


def newer(present: int, known: int) -> NewerSchema:
    """The version of the data, and the newest that this hub knows."""
    return NewerSchema(
        f"This data was written by a newer hub (schema {present}, this one knows {known}). "
        "Start that version, or restore a backup."
    )
