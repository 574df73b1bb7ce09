"""What the commands that run the pipeline in this process have in common."""

from pathlib import Path

from darkchannel.runtime import logs, settings


def prepare(folder: Path | None) -> Path:
    """Quiet the services' logs, and return the folder of the objects: the one named, else the settings'.

    Logs go to standard error; where LOG_LEVEL says nothing, only errors do: the command itself tells the rest.
    """
    chosen = settings.load()
    quiet = {} if "log_level" in chosen.model_fields_set else {"log_level": "error"}
    logs.configure(chosen.model_copy(update=quiet))
    return (folder or chosen.darkchannel_folder).expanduser().resolve()
