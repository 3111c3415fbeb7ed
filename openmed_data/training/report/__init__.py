"""The report of a run: curves of every stage as one HTML page, for `openmed-data train report`."""

from openmed_data.training.report.page import write_report

__all__ = ["write_report"]
