"""The broker's plan, as it follows from the pipeline."""

import pytest

from darkchannel import pipeline
from darkchannel.messaging import topology


def test_each_stage_has_one_bound_queue_that_keeps_poison_aside() -> None:
    plan = topology.plan()
    for stage in pipeline.STAGES:
        (queue,) = [queue for queue in plan.queues if queue.name == stage.queue]
        assert queue.arguments["x-queue-type"] == "quorum"
        assert queue.arguments["x-dead-letter-routing-key"] == stage.service
        assert topology.Binding(pipeline.EXCHANGE, stage.queue, stage.name) in plan.bindings
        assert topology.Binding(topology.DEAD, topology.dead_queue(stage.service), stage.service) in plan.bindings


def test_a_waiting_message_returns_under_the_key_it_came_with() -> None:
    plan = topology.plan((0.25,))
    (queue,) = [queue for queue in plan.queues if queue.name == "darkchannel.retry.0.25"]
    assert queue.arguments["x-message-ttl"] == 250
    assert queue.arguments["x-dead-letter-exchange"] == pipeline.EXCHANGE
    assert "x-dead-letter-routing-key" not in queue.arguments


def test_names_are_unique_and_bindings_lead_to_what_is_declared() -> None:
    plan = topology.plan((30, 30.0, 300))
    queues, exchanges = [q.name for q in plan.queues], [e.name for e in plan.exchanges]
    assert len(queues) == len(set(queues))
    assert len(exchanges) == len(set(exchanges))
    assert {binding.queue for binding in plan.bindings} == set(queues)
    assert {binding.exchange for binding in plan.bindings} == set(exchanges)


def test_a_queue_of_no_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="is no work queue"):
        topology.stage_of("darkchannel.dead.splitter")


def test_letters_are_kept_however_often_they_are_looked_at() -> None:
    plan = topology.plan()
    for service in topology.SERVICES:
        (queue,) = [queue for queue in plan.queues if queue.name == topology.dead_queue(service)]
        assert queue.arguments["x-delivery-limit"] == topology.KEPT_LIMIT


def test_a_dead_letter_queue_of_no_service_is_refused() -> None:
    with pytest.raises(ValueError, match="these do: splitter, synthesizer"):
        topology.dead_queue("speak")
