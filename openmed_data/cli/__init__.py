"""The command line. One module holds one command; importing it here is what registers it."""

from . import (
    build,
    card,
    describe,
    diff,
    doctor,
    export,
    listing,
    probe,
    pull,
    push,
    push_model,
    show,
    train,
    train_card,
    train_export,
    train_report,
    validate,
)
from .app import app, main

__all__ = [
    "app",
    "build",
    "card",
    "describe",
    "diff",
    "doctor",
    "export",
    "listing",
    "main",
    "probe",
    "pull",
    "push",
    "push_model",
    "show",
    "train",
    "train_card",
    "train_export",
    "train_report",
    "validate",
]
