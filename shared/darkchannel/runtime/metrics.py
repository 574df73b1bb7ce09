"""What a service counts, in a registry of its own: two services in one test share nothing."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
# From a notification's lookup to a long section's encoding.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "darkchannel_messages", "Messages settled", ("stage", "settlement"), registry=self.registry
        )
        self.seconds = Histogram(
            "darkchannel_handling_seconds",
            "Seconds from taking a message to its settlement, waits included",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("darkchannel_in_flight", "Messages under way", ("stage",), registry=self.registry)
        self.waits = Counter(
            "darkchannel_waits",
            "Waits for something that was out of reach",
            ("where",),
            registry=self.registry,
        )
        self.speech_cache = Counter(
            "darkchannel_speech_cache",
            "Lookups of speech, by where it was found: memory, store or, where it had to be spoken, miss",
            ("engine", "result"),
            registry=self.registry,
        )
        self.engine_up = Gauge(
            "darkchannel_engine_up",
            "Whether a speech engine can speak, as its last look and its last speech showed",
            ("engine",),
            registry=self.registry,
        )
        self.rounds = Counter("darkchannel_rounds", "Rounds of a service", ("round", "result"), registry=self.registry)

    def expose(self) -> bytes:
        """The text that Prometheus scrapes: https://prometheus.io/docs/instrumenting/exposition_formats/"""
        return generate_latest(self.registry)
