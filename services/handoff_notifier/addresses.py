"""Which URLs may be called, and at which addresses: a job chooses its webhook, so it must not reach our own network."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from threading import Thread
from urllib.parse import urlsplit

from yarl import URL

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host, for a port. Raises OSError where it has none."""

PORTS = frozenset({80, 443, 8080, 8443})
USUAL = {"http": 80, "https": 443}

NOT_PUBLIC = tuple(
    IPv4Network(network)
    for network in (
        # https://www.iana.org/assignments/iana-ipv4-special-registry/
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and where clouds give away credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "240.0.0.0/4",  # reserved, and broadcast
        # https://www.iana.org/assignments/multicast-addresses/
        "224.0.0.0/4",
        # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        "168.63.129.16/32",  # the host below a machine on Azure
    )
)
# https://www.iana.org/assignments/ipv6-address-space/: all else is loopback, private, local, multicast, unallocated or
# an IPv4 address in disguise (mapped, compatible, NAT64).
GLOBAL_UNICAST = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        # https://www.iana.org/assignments/iana-ipv6-special-registry/
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)

_HOST_NAME = re.compile(r"(?=.{1,254}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENTRY = re.compile(r"(?P<host>\[[^\]]+\]|[^:/@\[\]\s]+)(:(?P<port>[0-9]+))?")


class Forbidden(Exception):
    """The address is not called. The message names the host, never the path or the query, which may hold a token."""


class SystemResolver:
    """What the system's resolver says, which is asked so often at once; for one loop.

    A name server that does not answer holds a thread for long, whoever has given it up meanwhile. So each has a thread
    of its own, and one for which the process does not wait when it ends.
    """

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError where the name has no address."""
        await self._room.acquire()
        loop, found = asyncio.get_running_loop(), Future[Sequence[str]]()
        found.set_running_or_notify_cancel()  # from here on nobody can stop it

        def work() -> None:
            try:
                found.set_result(_look_up(host, port))
            except Exception as error:
                found.set_exception(error)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._room.release)

        try:
            Thread(target=work, name=f"dns-{host}", daemon=True).start()
        except RuntimeError as error:
            self._room.release()
            raise OSError("no thread for the lookup") from error
        return await asyncio.wrap_future(found)


def _look_up(host: str, port: int) -> Sequence[str]:
    flags = socket.AI_ADDRCONFIG  # no address of a family that this machine has not
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the Internet may call."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        usual = parsed.scope_id is None and parsed in GLOBAL_UNICAST
        return usual and not any(parsed in network for network in NOT_PUBLIC_6)
    return not any(parsed in network for network in NOT_PUBLIC)


def parse(text: str) -> URL:
    """A URL of http or https whose host can be read in one way only. Raises Forbidden."""
    # yarl drops tabs and line breaks, as browsers do; who wrote them meant to be read differently by somebody.
    if "\\" in text or any(character.isspace() or not character.isprintable() for character in text):
        raise Forbidden("the URL holds a space, a backslash or a control character")
    try:
        url, authority = URL(text), urlsplit(text).netloc
    except ValueError:
        raise Forbidden("the URL cannot be read") from None
    if url.scheme not in USUAL or not url.raw_host:
        raise Forbidden("the URL is not https://HOST/...")
    if "@" in authority:  # yarl drops an empty user
        raise Forbidden(f"the URL holds a user name or a password for {url.raw_host}: write it without")
    if not (_is_literal(url.raw_host) or _is_name(url.raw_host)):
        raise Forbidden("the URL's host is neither a name nor an IP address in its usual form")
    return url


def shown(url: URL) -> str:
    """The host, with its port where that is not the usual one."""
    host = f"[{url.raw_host}]" if ":" in (url.raw_host or "") else f"{url.raw_host}"
    return host if url.port == USUAL[url.scheme] else f"{host}:{url.port}"


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """Not so of ``127.1``, ``0x7f.1`` and their like: the system's resolver reads them as addresses.

    As https://url.spec.whatwg.org/#ends-in-a-number-checker has it.
    """
    last = host.rstrip(".").rpartition(".")[2]
    return _HOST_NAME.fullmatch(host) is not None and not _NUMBER.fullmatch(last)


class Addresses:
    """What may be called: anything public over https, and what the operator allows, private or over http.

    ``allowed``: ``host:port``, or ``host`` alone for its ports 80 and 443; IPv6 in brackets. Raises ValueError for
    what is neither.
    """

    def __init__(self, allowed: Iterable[str], resolve: Resolve) -> None:
        self._allowed = frozenset(place for entry in allowed for place in places(entry))
        self._resolve = resolve

    def check(self, url: URL) -> None:
        """All that can be told before the host is looked up. Raises Forbidden."""
        host, port = url.raw_host or "", url.port or 0
        if self._allows(host, port):
            return
        if url.scheme != "https":
            raise Forbidden(f"{shown(url)} is called over https only{_hint(host, port)}")
        if port not in PORTS:
            raise Forbidden(f"{shown(url)}: only the ports 443, 8443, 80 and 8080 are called{_hint(host, port)}")
        # A name without a dot is one of this network; the resolver would try it with our own domain behind it.
        if not (is_public(host) if _is_literal(host) else "." in host.rstrip(".")):
            raise Forbidden(_refusal(host, port))

    async def of(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to. Raises Forbidden where one is not public, OSError where there is none."""
        found = await self._resolve(host, port)
        if not self._allows(host, port) and not all(is_public(address) for address in found):
            raise Forbidden(_refusal(host, port))
        return found

    def _allows(self, host: str, port: int) -> bool:
        return (_plain(host), port) in self._allowed


def _refusal(host: str, port: int) -> str:
    return f"{host} is not at a public address, so it is not called{_hint(host, port)}"


def _hint(host: str, port: int) -> str:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"; the operator can allow it: WEBHOOK_ALLOWED_HOSTS={place}"


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def places(entry: str) -> list[tuple[str, int]]:
    """What an entry of WEBHOOK_ALLOWED_HOSTS allows. Raises ValueError, which does not repeat it."""
    found = _ENTRY.fullmatch(entry)
    try:
        if found is None:
            raise ValueError("neither a host nor a host with its port")
        # Read as part of a URL, so that it is spelled as the host of a URL will be.
        host = _plain(parse(f"https://{found['host']}/").raw_host or "")
        ports = [int(found["port"])] if found["port"] else [80, 443]
    except (ValueError, Forbidden):
        raise ValueError("write host or host:port, a comma between two of them; one is neither") from None
    return [(host, port) for port in ports]
