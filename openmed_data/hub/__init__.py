"""Builds on the Hugging Face Hub: `push` writes one whole or not at all, `pull` fetches and verifies one.

``huggingface_hub`` is imported by the functions that need it, not with these modules.
"""
