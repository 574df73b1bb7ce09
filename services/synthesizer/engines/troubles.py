"""Why a request to a speech server came to no answer, in words for people.

The errors' own texts name addresses and quote what the server sent.
"""

from typing import Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

UNKNOWN_USER: Final = 407
"""Status by which a proxy asks for credentials, or for others."""


def trouble(url: URL, error: Exception, *, seconds: float, by_proxy: bool) -> str:
    """What follows the name of the server.

    ``seconds`` it had for its answer; ``by_proxy``: whether the environment may have named a proxy on the way to it.
    """
    proxy = _proxy_of(url) if by_proxy else None
    troubles = (*_PROXY_TROUBLES, *_TROUBLES) if proxy else _TROUBLES
    template = next(template for kind, template in troubles if isinstance(error, kind))
    return template.format(seconds=seconds, proxy=f"the proxy of HTTPS_PROXY, {proxy}", why=_refusal(error))


def shown(url: URL) -> str:
    """The server, for messages: no credentials, no text that was sent."""
    return url.host_port_subcomponent or ""


def _proxy_of(url: URL) -> str | None:
    """The proxy that the environment names for it; None where there is none."""
    proxy = getproxies().get(url.scheme)
    return shown(URL(proxy)) if proxy and not proxy_bypass(url.host or "") else None


def _refusal(error: Exception) -> str:
    status = error.status if isinstance(error, aiohttp.ClientHttpProxyError) else None
    return f"HTTP {status}, it wants other credentials" if status == UNKNOWN_USER else f"HTTP {status}"


_PROXY_TROUBLES = (
    (aiohttp.ClientHttpProxyError, "is not let through by {proxy} ({why})"),
    (aiohttp.ClientConnectorDNSError, "is behind {proxy}, which has no address"),
    (aiohttp.ClientProxyConnectionError, "is behind {proxy}, which takes no connection"),
    (aiohttp.ConnectionTimeoutError, "is behind {proxy}, which leads to no connection"),
)
_TROUBLES = (
    (aiohttp.ClientConnectorCertificateError, "has no valid certificate"),
    (aiohttp.ClientSSLError, "does not speak TLS"),
    (aiohttp.ClientConnectorDNSError, "has no address, or the name server does not answer"),
    (aiohttp.ConnectionTimeoutError, "takes no connection"),
    (TimeoutError, "gave no answer within {seconds:g} s"),
    (aiohttp.ClientConnectorError, "takes no connection"),
    (aiohttp.ClientResponseError, "does not answer in HTTP"),
    (Exception, "closed the connection without an answer"),
)
