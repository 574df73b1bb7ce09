"""Logs: JSON lines in services, readable lines on a terminal, and no secret in either."""

import json
import logging
import sys
from collections.abc import Collection
from typing import TextIO

import structlog
from pydantic_settings import BaseSettings
from structlog.contextvars import merge_contextvars
from structlog.processors import ExceptionRenderer, JSONRenderer, StackInfoRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from darkchannel.runtime.settings import Settings, secrets_of

HIDDEN = "***"
# They tell of every request, or of what our own lines tell better.
_QUIET = {"aiormq": logging.CRITICAL, "aio_pika": logging.CRITICAL, "watchfiles": logging.WARNING}

# Without local variables: they hold documents, and secrets cut short, which no longer read as secrets.
_TRACES = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


class Redactor:
    """Renders an event and strikes out secrets, wherever in the line they stand."""

    def __init__(self, render: Processor, secrets: Collection[str]) -> None:
        self._render = render
        self._secrets: list[str] = []
        self.hide(secrets)

    def hide(self, secrets: Collection[str]) -> None:
        escaped = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for secret in secrets for ascii in (True, False)}
        self._secrets = sorted({*self._secrets, *secrets, *escaped}, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        line = str(self._render(logger, name, event))
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def hide(*settings: BaseSettings) -> None:
    """From now on strike out the secrets of a service's own settings, too, which are read after ``configure``."""
    for handler in logging.getLogger().handlers:
        for render in getattr(handler.formatter, "processors", ()):
            if isinstance(render, Redactor):
                render.hide(set[str]().union(*map(secrets_of, settings)))


def _readable(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process, libraries' too, to ``stream`` (standard error where none is named)."""
    stream = stream or sys.stderr
    console = settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        merge_contextvars,
        add_log_level,
        add_logger_name,
        StackInfoRenderer(),
        TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = (
        [Redactor(_readable(colors=stream.isatty()), settings.secrets)]
        if console
        else [_TRACES, Redactor(JSONRenderer(ensure_ascii=False), settings.secrets)]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, *render])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
