"""Dialogues that a language model writes, each grounded in a passage, checked, and judged."""
