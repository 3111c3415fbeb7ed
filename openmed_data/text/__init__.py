"""Text: normalisation and repair shared by builders and checks."""
