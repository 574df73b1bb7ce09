"""What every test may ask for, and how properties are tried."""

import os

from hypothesis import settings

pytest_plugins = ["tests.servers"]

# No example fails for being slow on a busy machine; in CI every run tries the same examples.
settings.register_profile("darkchannel", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("darkchannel")
