"""What MinIO is told to announce, derived from the pipeline table."""

from pathlib import Path

from miniopy_async.notificationconfig import NotificationConfig, QueueConfig, SuffixFilterRule

from darkchannel import keys, pipeline
from darkchannel.messaging import topology
from darkchannel.storage import notifications

ROOT = Path(__file__).parents[2]
ARNS = {target: f"arn:minio:sqs:us-east-1:{target}:amqp" for target in notifications.TARGETS}


def test_the_environment_file_of_the_bundled_minio_is_what_the_pipeline_table_says() -> None:
    written = (ROOT / "infra/minio/notify.env").read_text()

    assert written == notifications.environment_lines(notifications.COMPOSE_URL)


def test_every_target_publishes_to_the_key_that_its_stage_s_queue_is_bound_to() -> None:
    bound = {binding.queue: binding.routing_key for binding in topology.plan().bindings}
    environment = notifications.environment("amqp://broker/")

    for stage in pipeline.STAGES:
        name = notifications.target_of(stage)
        assert environment[f"MINIO_NOTIFY_AMQP_ROUTING_KEY_{name}"] == bound[stage.queue]
        assert environment[f"MINIO_NOTIFY_AMQP_EXCHANGE_{name}"] == pipeline.EXCHANGE


def test_switches_are_the_word_on_because_minio_takes_true_for_off() -> None:
    environment = notifications.environment("amqp://broker/")

    switches = [v for n, v in environment.items() if "ENABLE" in n or "DURABLE" in n or "CONFIRMS" in n]
    assert switches == ["on"] * 3 * len(pipeline.STAGES)


def test_a_server_without_one_target_is_told_which_one() -> None:
    arns = [arn for target, arn in ARNS.items() if target != "SPEAK"]

    assert notifications.missing([*arns, "arn:minio:sqs::SPEAK:webhook"]) == ["SPEAK"]
    assert notifications.missing(ARNS.values()) == []


def test_notifications_of_others_are_left_in_place_and_stale_ones_of_ours_are_replaced() -> None:
    theirs = QueueConfig("arn:minio:sqs::BILLING:amqp", ["s3:ObjectRemoved:Delete"])
    stale = QueueConfig(ARNS["SPEAK"], ["s3:ObjectCreated:*"], suffix_filter_rule=SuffixFilterRule(".txt"))
    before = NotificationConfig(queue_config_list=[theirs, stale])

    after = notifications.merged(before, keys.JOBS, ARNS)

    stages = [stage for stage in pipeline.STAGES if stage.bucket == keys.JOBS]
    assert notifications.announced(before, keys.JOBS) == stages
    assert notifications.announced(after, keys.JOBS) == []
    assert [queue.queue for queue in after.queue_config_list or []] == [
        "arn:minio:sqs::BILLING:amqp",
        *(ARNS[notifications.target_of(stage)] for stage in stages),
    ]
