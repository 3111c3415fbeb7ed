"""Pictures that show a face: the file or number that a text gives for one."""

import re
from collections.abc import Iterator

from .kinds import Candidate, IdentifierType, Level
from .words import cues

__all__ = ["PHOTO_GATE", "photos"]

PHOTO_GATE = r"(?i)\.(?:jpe?g|png|gif|bmp|tiff?|heic|webp)(?-u:\b)"
"""A row without the name of a picture file holds no picture."""
_FILE = re.compile(r"(?i)(?<![\w/.-])(?:[\w./\\:-]*[\\/])?[\w-]+\.(?:jpe?g|png|gif|bmp|tiff?|heic|webp)\b")
_FACE = re.compile(rf"(?i)\b{cues('face')}\b|face|selfie|portrait")


def photos(text: str) -> Iterator[Candidate]:
    """Yield names of picture files: level 2 where the text or the name speaks of a face or a person, else level 1."""
    for found in _FILE.finditer(text):
        person = _FACE.search(text[max(0, found.start() - 80) : found.end() + 20])
        yield Candidate(*found.span(), IdentifierType.PHOTO, Level.CONTEXT if person else Level.QUASI)
