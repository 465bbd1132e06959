"""Where a build is written: a folder of this machine, or a bucket."""

from datakit.io.stores.holder import Holder
from datakit.io.stores.open import open_store
from datakit.io.stores.store import WORK, Store

__all__ = ["WORK", "Holder", "Store", "open_store"]
