"""How many of the frames that a writer is given stand in its file."""

from services.merger.containers import Stream


class Frames:
    """Counts the frames of a book; those that begin after its end fall out."""

    def __init__(self, stream: Stream) -> None:
        """Raises ValueError where the frames of ``stream`` do not hold its samples, or it has none."""
        self._stream = stream
        self._needed = -(-(stream.delay + stream.samples) // stream.frame)
        if stream.samples <= 0 or self._needed > stream.frames:
            raise ValueError(f"{stream.frames} frames do not hold the {stream.samples} samples of the book")
        self._added = 0

    @property
    def written(self) -> int:
        return min(self._added, self._needed)

    @property
    def is_full(self) -> bool:
        """Whether the last frame of the book is there."""
        return self._added >= self._needed

    def take(self, keep: int, held: int) -> int:
        """How many of the ``held`` frames of a section are to be written where ``keep`` of them are added.

        Raises ValueError where it holds fewer.
        """
        if not 0 <= keep <= held:
            raise ValueError(f"the section holds {held} frames, not the {keep} asked for")
        before = self.written
        self._added += keep
        return self.written - before

    def finish(self) -> None:
        """Raises ValueError where the frames added are not those of the stream."""
        if self._added != self._stream.frames:
            raise ValueError(f"{self._added} frames were added to a book of {self._stream.frames}")
