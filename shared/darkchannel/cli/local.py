"""What the commands that run services, or speak to the broker, in this process have in common."""

from pathlib import Path

from darkchannel import keys
from darkchannel.cli.exits import Usage
from darkchannel.runtime import logs, settings
from darkchannel.runtime.settings import Settings


def quieten(chosen: Settings) -> None:
    """Send logs to standard error; where LOG_LEVEL says nothing, only errors: the command itself tells the rest."""
    quiet = {} if "log_level" in chosen.model_fields_set else {"log_level": "error"}
    logs.configure(chosen.model_copy(update=quiet))


def prepare(folder: Path | None) -> Path:
    """Quiet the services' logs, and return the folder of the objects: the one named, else the settings'.

    The inbox is made: a person may copy into it as soon as its name is printed. Raises Usage where it cannot be.
    """
    chosen = settings.load()
    quieten(chosen)
    root = (folder or chosen.darkchannel_folder).expanduser().resolve()
    try:
        (root / keys.INBOX).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Usage(f"{root / keys.INBOX} cannot be made: {error.strerror}") from error
    return root
