"""Training stages: one file each, with its recipe."""
