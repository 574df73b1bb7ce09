"""The ``darkchannel`` command. This module stays light: it runs before every ``--help``."""


def main() -> int:
    """Entry point of the console script; returns its exit code."""
    from darkchannel.cli.app import run

    return run()
