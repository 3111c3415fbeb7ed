"""Identifiers of persons (HIPAA Safe Harbor) in texts: find them, mask them, take them out."""

from .fields import Leaf, leaves, scan_leaves
from .kinds import SAFE_HARBOR, Finding, IdentifierType, Level, Profile
from .redact import Action, mask, redact
from .scanner import FRAME_SCHEMA, scan, scan_frame

__all__ = [
    "FRAME_SCHEMA",
    "SAFE_HARBOR",
    "Action",
    "Finding",
    "IdentifierType",
    "Leaf",
    "Level",
    "Profile",
    "leaves",
    "mask",
    "redact",
    "scan",
    "scan_frame",
    "scan_leaves",
]
