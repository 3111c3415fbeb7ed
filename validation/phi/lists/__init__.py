"""Word lists of the rules: one file each, read by :mod:`openmed_data.validation.phi.words`."""
