"""The command ``openmed-data``, which is ``python -m openmed_data`` too."""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Import the command line and run it; an interrupt in between ends the process without a traceback."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # it may be ignored, and stays so
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from openmed_data.cli import main as run

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
