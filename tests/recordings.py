"""A short recording of a call, as an uploader brings it."""

import io
import wave
from functools import cache


@cache
def clip(seconds: int = 2) -> bytes:
    """A WAV of silence at the rate of telephones."""
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(2 * 8_000 * seconds))
    return body.getvalue()
