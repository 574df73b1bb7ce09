"""The ``darkchannel`` command. This module stays light: it runs before every ``--help``."""


def main() -> int:
    """Entry point of the console script; returns its exit code."""
    import signal

    from darkchannel.cli.app import run

    # Either gives back what is under way before the command ends; watch and serve have ways of their own.
    # A shell that starts it in the background would have it ignore the first, and with it the second.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    return run()
