"""Where rows come from: local files, a Hub dataset at a pinned revision, or a builder's bundled sample."""

from openmed_data.sources.resolve import Source, SourceFile, Upstream, resolve

__all__ = ["Source", "SourceFile", "Upstream", "resolve"]
