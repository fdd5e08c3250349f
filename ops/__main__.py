"""`python -m ops`: the command without its installed entry point."""

import sys

from ops.command import main

sys.exit(main())
