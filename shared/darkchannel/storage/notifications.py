"""Which created objects MinIO announces, and to which of its AMQP targets: one target a stage.

A target is configured by MinIO's environment, a bucket's notification by a request that names the target.
https://github.com/minio/minio/tree/master/docs/bucket/notifications
"""

from collections.abc import Iterable, Mapping

from miniopy_async.notificationconfig import (
    NotificationConfig,
    PrefixFilterRule,
    QueueConfig,
    SuffixFilterRule,
)

from darkchannel import pipeline
from darkchannel.pipeline import Stage

# Named one by one: `s3:ObjectCreated:*` also fires when tags or retention change.
EVENTS = (
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
)


def target_of(stage: Stage) -> str:
    """The id of a stage's target in MinIO's environment and ARNs."""
    return stage.name.upper()


COMPOSE_URL = "${RABBITMQ_URL:-amqp://${RABBITMQ_USER}:${RABBITMQ_PASSWORD}@rabbitmq:5672/}"
"""The broker as compose.yaml knows it: one's own, or the bundled one."""

TARGETS = tuple(target_of(stage) for stage in pipeline.STAGES)


def environment(url: str) -> dict[str, str]:
    """The environment MinIO needs to publish to ``url`` (amqp://user:password@host:port/), one target a stage.

    One wrong value silently drops every target, hence ``missing``.
    """
    return {
        f"MINIO_NOTIFY_AMQP_{name}_{target_of(stage)}": value
        for stage in pipeline.STAGES
        for name, value in {
            "ENABLE": "on",
            "URL": url,
            "EXCHANGE": pipeline.EXCHANGE,
            "EXCHANGE_TYPE": "direct",
            "ROUTING_KEY": stage.name,
            "DURABLE": "on",
            "DELIVERY_MODE": "2",
            "PUBLISHING_CONFIRMS": "on",
        }.items()
    }


def environment_lines(url: str) -> str:
    """``environment`` as lines of an environment file; those of infra/minio/notify.env, for compose's own ``url``."""
    return "".join(f"{name}={value}\n" for name, value in environment(url).items())


def targets(arns: Iterable[str]) -> dict[str, str]:
    """Our targets among the ARNs a server lists, by id. An ARN is ``arn:minio:sqs:{region}:{id}:amqp``."""
    found = {arn.split(":")[-2]: arn for arn in arns if arn.endswith(":amqp")}
    return {target: found[target] for target in TARGETS if target in found}


def missing(arns: Iterable[str]) -> list[str]:
    """Our targets that a server which lists ``arns`` does not have."""
    found = targets(arns)
    return [target for target in TARGETS if target not in found]


def merged(existing: NotificationConfig, bucket: str, arns: Mapping[str, str]) -> NotificationConfig:
    """A bucket's notifications with ours brought up to date and everybody else's left as they were.

    ``arns`` are our targets by id; raises KeyError where one that this bucket needs is not there.
    """
    others = [queue for queue in existing.queue_config_list or [] if not targets([queue.queue])]
    ours = [_queue(stage, arns[target_of(stage)]) for stage in pipeline.STAGES if stage.bucket == bucket]
    return NotificationConfig(
        cloud_func_config_list=existing.cloud_func_config_list,
        queue_config_list=others + ours,
        topic_config_list=existing.topic_config_list,
    )


def announced(existing: NotificationConfig, bucket: str) -> list[Stage]:
    """The stages of a bucket whose notification is not there as it should be."""
    have = {_identity(queue) for queue in existing.queue_config_list or []}
    return [
        stage
        for stage in pipeline.STAGES
        if stage.bucket == bucket and (target_of(stage), stage.prefix, stage.suffix, frozenset(EVENTS)) not in have
    ]


def _queue(stage: Stage, arn: str) -> QueueConfig:
    return QueueConfig(
        arn,
        list(EVENTS),
        config_id=stage.queue,
        prefix_filter_rule=PrefixFilterRule(stage.prefix) if stage.prefix else None,
        suffix_filter_rule=SuffixFilterRule(stage.suffix) if stage.suffix else None,
    )


def _identity(queue: QueueConfig) -> tuple[str, str, str, frozenset[str]]:
    prefix, suffix = queue.prefix_filter_rule, queue.suffix_filter_rule
    return (
        next(iter(targets([queue.queue])), queue.queue),
        prefix.value if prefix else "",
        suffix.value if suffix else "",
        frozenset(queue.events),
    )
