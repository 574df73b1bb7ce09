"""The services that are installed: each registers under one entry-point group."""

from collections.abc import Sequence
from importlib.metadata import entry_points

from darkchannel.errors import Permanent
from darkchannel.runtime.service import Service

GROUP = "darkchannel.services"


def load(names: Sequence[str]) -> tuple[Service, ...]:
    """The installed services of these names. Raises Permanent for a name that none has, or what it lacks."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    found: list[Service] = []
    for name in dict.fromkeys(names):
        if name not in points:
            raise Permanent(f"there is no service {name}: choose from {', '.join(sorted(points))}")
        try:
            found.append(points[name].load())
        except ImportError as error:
            missing = error.name or error
            raise Permanent(f"{name} lacks {missing}: pip install 'darkchannel[{name}]'") from error
    return tuple(found)
