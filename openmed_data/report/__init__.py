"""Reports of a validation: JSON for machines, JUnit for CI, Markdown for a job's summary, HTML for people."""

from openmed_data.report.github import annotations
from openmed_data.report.model import Report, Sample, read_report
from openmed_data.report.writing import edited, write_report

__all__ = ["Report", "Sample", "annotations", "edited", "read_report", "write_report"]
