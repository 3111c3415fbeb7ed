"""Identifiers of persons (HIPAA Safe Harbor) in texts: find them, mask them, take them out."""

from .kinds import SAFE_HARBOR, Finding, IdentifierType, Level, Profile
from .scanner import scan, scan_frame

__all__ = ["SAFE_HARBOR", "Finding", "IdentifierType", "Level", "Profile", "scan", "scan_frame"]
