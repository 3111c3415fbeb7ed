"""The process of one stage: ``python -m openmed_data.training.worker FOLDER``, which holds the stage's `Job`."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from openmed_data.errors import BuildError, OpenMedError
from openmed_data.registry import STAGES, find
from openmed_data.training.stage import FAILURE, JOB, OUTCOME, Job, Stage


def main(folder: Path) -> int:
    """Do the work of the job in `folder` and return the exit code.

    What went wrong is left in `FAILURE` for the driver, by the first process that fails: launchers end the others, and
    have the last word in the log. An error that was not raised on purpose keeps its traceback there, too.
    """
    job = Job.model_validate_json((folder / JOB).read_bytes())
    stage: Stage = find(STAGES, job.stage)
    first = os.environ.get("RANK", "0") == "0"
    try:
        outcome = stage.work(job)
    except OpenMedError as error:
        _say(folder, type(error).__name__, str(error), error.hint)
        return error.exit_code
    except Exception as error:
        _say(folder, BuildError.__name__, f"{type(error).__name__}: {error}", "")
        raise
    if first:
        (folder / OUTCOME).write_text(outcome.model_dump_json(), encoding="utf-8")
    return 0


def _say(folder: Path, kind: str, message: str, hint: str) -> None:
    with suppress(FileExistsError), (folder / FAILURE).open("x", encoding="utf-8") as file:
        json.dump({"type": kind, "message": message, "hint": hint}, file)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
