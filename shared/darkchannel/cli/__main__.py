"""``python -m darkchannel.cli``: the command where its script is not installed."""

import sys

from darkchannel.cli import main

sys.exit(main())
