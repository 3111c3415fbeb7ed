"""The command line. One module holds one command; importing it here is what registers it."""

from . import build, card, describe, diff, listing, probe, pull, push, show, train, validate
from .app import app, main

__all__ = [
    "app",
    "build",
    "card",
    "describe",
    "diff",
    "listing",
    "main",
    "probe",
    "pull",
    "push",
    "show",
    "train",
    "validate",
]
