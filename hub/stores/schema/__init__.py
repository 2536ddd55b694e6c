"""The collections as code, the same for every adapter: names, documents, indexes."""

from hub.stores.schema.collections import COLLECTIONS
from hub.stores.schema.declaration import Collection, Index, primary_key_name

__all__ = ["COLLECTIONS", "Collection", "Index", "primary_key_name"]
