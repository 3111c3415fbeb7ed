"""Repairs and normal forms of source text, shared by builders and checks."""
