"""Signatures of an announcement: Standard Webhooks v1, and the plain ``sha256=`` header beside it."""

import base64
import hashlib
import hmac


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that let a receiver check who sent ``body``; none without a secret.

    ``webhook-signature`` follows Standard Webhooks (base64 HMAC-SHA256 of ``id.timestamp.body``; a secret
    ``whsec_...`` is base64 after its prefix), ``X-Webhook-Signature`` is ``sha256=`` and the hex HMAC of the body.
    """
    if not secret:
        return {}
    signed = f"{message_id}.{timestamp}.".encode() + body
    standard = base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
    plain = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{standard}",
        "X-Webhook-Signature": f"sha256={plain}",
    }


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()
