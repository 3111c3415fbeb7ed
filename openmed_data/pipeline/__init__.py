"""The build: source, stage, fit, rows, decide, shards, manifest; every step resumable, a pure function of files."""
