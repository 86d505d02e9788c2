"""Entry point of `python -m vidstyle`."""

import sys

from vidstyle.cli import main

sys.exit(main())
