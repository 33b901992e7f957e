"""`python -m specnet` is the `specnet` command."""

import sys

from specnet.cli import main

sys.exit(main())
