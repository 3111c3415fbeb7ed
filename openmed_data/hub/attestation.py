"""The verdict of a validation as an in-toto statement about one manifest, and so about the exact bytes it names.

The statement is a verification summary (https://slsa.dev/spec/v1.0/verification_summary) in an in-toto statement
(https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md). It is not signed: it ties the verdict to the
bytes, not to a person. It holds no time, so that equal builds give equal statements.
"""

import hashlib
import json
from typing import Any

from openmed_data._version import __version__
from openmed_data.manifest import NAME as MANIFEST
from openmed_data.report.model import NAME as REPORT
from openmed_data.report.model import Report

NAME = "validation/verdict.intoto.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/verification_summary/v1"


def statement(report: Report, digest: str, report_bytes: bytes, repo: str) -> str:
    """Return the statement that a report passed for the manifest with SHA-256 `digest`, as it goes into `repo`.

    Examples
    --------
    >>> from openmed_data.kinds import Kind
    >>> report = Report("toy", Kind.SFT, "ab" * 32, "", {}, (), passed=True, expectations=3)
    >>> subject_of(json.loads(statement(report, "ab" * 32, b"{}", "owner/toy"))) == "ab" * 32
    True
    >>> report_of(json.loads(statement(report, "ab" * 32, b"{}", "owner/toy"))) == hashlib.sha256(b"{}").hexdigest()
    True
    """
    thresholds = [
        [one.check, figure.name, figure.minimum, figure.maximum, str(figure.severity)]
        for one in report.results
        for figure in one.figures
    ]
    policy = hashlib.sha256(json.dumps(thresholds, separators=(",", ":")).encode()).hexdigest()
    predicate = {
        "verifier": {"id": "openmed-data", "version": {"openmed-data": __version__, **report.versions}},
        "resourceUri": f"hf://datasets/{repo}",
        "policy": {"uri": f"validation/{REPORT}#checks", "digest": {"sha256": policy}},
        "inputAttestations": [
            {"uri": f"validation/{REPORT}", "digest": {"sha256": hashlib.sha256(report_bytes).hexdigest()}}
        ],
        "verificationResult": "PASSED" if report.passed else "FAILED",
        "verifiedLevels": [f"OPENMED_DATA_{one.check.upper()}" for one in report.results if not one.not_run],
    }
    subject = [{"name": MANIFEST, "digest": {"sha256": digest}}]
    document = {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
    return json.dumps(document, indent=2) + "\n"


def subject_of(document: Any) -> str | None:
    """Return the SHA-256 of the manifest that a statement says passed; None where it says no such thing."""
    match document:
        case {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://slsa.dev/verification_summary/v1",
            "subject": [{"name": "manifest.json", "digest": {"sha256": str() as digest}}],
            "predicate": {"verificationResult": "PASSED"},
        }:
            return digest
        case _:
            return None


def report_of(document: Any) -> str | None:
    """Return the SHA-256 of the report that a statement rests on; None where it names none."""
    match document:
        case {
            "predicate": {
                "inputAttestations": [{"uri": "validation/report.json", "digest": {"sha256": str() as digest}}]
            }
        }:
            return digest
        case _:
            return None
