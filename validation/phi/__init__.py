"""Identifiers of persons (HIPAA Safe Harbor) in texts: find them, take them out."""

from .check import CHECK, Action, PhiSettings
from .columns import scan_columns
from .kinds import SAFE_HARBOR, Finding, IdentifierType, Level, Profile
from .ner import scan_with_model
from .redact import redact
from .scanner import FRAME_SCHEMA, scan, scan_frame

__all__ = [
    "CHECK",
    "FRAME_SCHEMA",
    "SAFE_HARBOR",
    "Action",
    "Finding",
    "IdentifierType",
    "Level",
    "PhiSettings",
    "Profile",
    "redact",
    "scan",
    "scan_columns",
    "scan_frame",
    "scan_with_model",
]
