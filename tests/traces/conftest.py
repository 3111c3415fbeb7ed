"""Tests of trace formats share their strategies and the templates that render traces."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
