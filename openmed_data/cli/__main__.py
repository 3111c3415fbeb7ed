"""``python -m openmed_data.cli``: the command without its script."""

from openmed_data.cli import main

if __name__ == "__main__":
    main()
