"""Reports of a validation: JSON for machines, JUnit for CI, Markdown for a job's summary, HTML for people."""

from openmed_data.report.model import Report, Sample, read_report

__all__ = ["Report", "Sample", "read_report"]
