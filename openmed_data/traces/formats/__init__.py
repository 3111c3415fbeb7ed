"""One module for each trace format; see `openmed_data.traces.format.Format`."""
