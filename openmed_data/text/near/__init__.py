"""Texts that say nearly the same: MinHash candidates, each confirmed by its true Jaccard similarity."""

from openmed_data.text.near.differences import Difference, difference
from openmed_data.text.near.find import Duplicates, Kind, find_duplicates

__all__ = ["Difference", "Duplicates", "Kind", "difference", "find_duplicates"]
