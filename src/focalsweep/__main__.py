"""Run ``python -m focalsweep``."""

import sys

from focalsweep.cli import main

sys.exit(main())
