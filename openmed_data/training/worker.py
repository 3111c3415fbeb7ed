"""The process of one stage: ``python -m openmed_data.training.worker FOLDER``, which holds the stage's `Job`."""

import json
import os
import sys
from pathlib import Path

from openmed_data.errors import OpenMedError
from openmed_data.registry import STAGES, find
from openmed_data.training.stage import FAILURE, JOB, OUTCOME, Job, Stage


def main(folder: Path) -> int:
    """Do the work of the job in `folder` and return the exit code.

    An error raised on purpose is left in `FAILURE` for the driver; any other keeps its traceback, in the log.
    """
    job = Job.model_validate_json((folder / JOB).read_bytes())
    stage: Stage = find(STAGES, job.stage)
    first = os.environ.get("RANK", "0") == "0"
    try:
        outcome = stage.work(job)
    except OpenMedError as error:
        if first:
            said = {"type": type(error).__name__, "message": str(error), "hint": error.hint}
            (folder / FAILURE).write_text(json.dumps(said), encoding="utf-8")
        return error.exit_code
    if first:
        (folder / OUTCOME).write_text(outcome.model_dump_json(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
