"""Signatures of a message: Standard Webhooks v1, and the plain ``sha256=`` header beside it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What a receiver checks ``body`` by: who sent it, when (seconds since 1970), and whether it came before.

    ``webhook-signature`` has one ``v1,`` and base64 HMAC-SHA256 of ``id.timestamp.body`` for each secret, in their
    order, the newest first. Its key is what ``whsec_`` stands before, decoded, or else the secret's own characters.
    ``X-Webhook-Signature`` is ``sha256=`` and the hex HMAC-SHA256 of the body alone, by the newest secret as it is
    written, ``whsec_`` included. Without secrets there is neither; the id and the time always go.

    ``message_id`` is ours, never a sender's text. Raises ValueError as ``check`` does.
    """
    named = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if not secrets:
        return named
    signed = f"{message_id}.{timestamp}.".encode() + body
    standard = (base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode() for secret in secrets)
    plain = hmac.new(secrets[0].encode(), body, hashlib.sha256).hexdigest()
    return named | {
        "webhook-signature": " ".join(f"v1,{signature}" for signature in standard),
        "X-Webhook-Signature": f"sha256={plain}",
    }


def check(secret: str) -> None:
    """Raises ValueError, which never holds any of it, where a receiver could not verify what this secret signs."""
    _key(secret)


def _key(secret: str) -> bytes:
    key = _decoded(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else _encoded(secret)
    if not key:
        raise ValueError("a secret is empty: give it at least 24 random bytes")
    return key


def _encoded(secret: str) -> bytes:
    """The environment may hold bytes that are no text."""
    try:
        return secret.encode()
    except UnicodeEncodeError:
        raise ValueError("a secret is not UTF-8: write it in ASCII letters and digits") from None


def _decoded(text: str) -> bytes:
    """Secrets are passed around without their padding, too."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise ValueError(
            f"a secret starts with {PREFIX} and is not base64 after it: copy it whole, or make one with"
            f' echo "{PREFIX}$(openssl rand -base64 32)"'
        ) from None
