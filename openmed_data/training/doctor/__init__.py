"""What this machine, this recipe and these builds would come to, found out before an hour of a GPU is spent."""

from openmed_data.training.doctor.examine import examine
from openmed_data.training.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
