"""Which URLs are called: no job makes the notifier reach what is not public."""

import ipaddress
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handoff_notifier.addresses import Addresses, Forbidden, is_public, parse, shown
from services.handoff_notifier.messages import Message
from services.handoff_notifier.posting import Poster
from services.handoff_notifier.settings import NotifierSettings
from tests.network import OK, listening, rerouted, saying

PUBLIC = "8.8.4.4"
NAMES = {
    "inside.example.org": ["10.1.2.3"],
    "half.example.org": [PUBLIC, "10.1.2.3"],
    "last.example.org": [PUBLIC, "2606:4700::1", "::1"],
    "looped.example.org": ["127.0.0.1"],
    "six.example.org": ["::1"],
    "mapped.example.org": ["::ffff:10.0.0.1"],
    "scoped.example.org": ["fe80::1%eth0"],
    "cloud.example.org": ["169.254.169.254"],
    "odd.example.org": ["not an address"],
}
"""All other names have a public address, so that nothing but the check keeps them from being called."""

HOSTILE = [
    # IPv4 that is not public
    "https://127.0.0.1/",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://0.1.2.3/",
    "https://10.0.0.1/",
    "https://10.255.255.255:8443/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/",
    "https://192.0.0.192/opc/v2/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://198.18.0.1/",
    "https://198.51.100.7/",
    "https://203.0.113.7/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://168.63.129.16/",
    # other spellings of it
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0X7F000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.1./",
    "https://127.0.0.0x1/",
    "https://10.0.0.01/",
    "https://0x/",
    "https://1.2.3.4.5/",
    "https://256.1.1.1/",
    "https://①②⑦.0.0.1/",
    "https://127。0。0。1/",
    "https://１２７.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1%00.example.org/",
    "https://[127.0.0.1]/",
    # IPv6 that is not public, or IPv4 in disguise
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:8.8.4.4]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[2606:4700::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/latest/",
    "https://[ff02::1]/",
    "https://[100::1]/",
    "https://[5f00::1]/",
    "https://[v1.fe80::]/",
    "https://[::1/",
    # names
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://ⓛocalhost/",
    "https://minio:8080/",
    "https://rabbitmq/",
    "https://inside.example.org/",
    "https://INSIDE.example.org./",
    "https://half.example.org/",
    "https://last.example.org/",
    "https://looped.example.org/",
    "https://six.example.org/",
    "https://mapped.example.org/",
    "https://scoped.example.org/",
    "https://cloud.example.org/",
    "https://odd.example.org/",
    "https://two..dots.example.org/",
    "https://.example.org/",
    "https://example.org../",
    "https://exa mple.org/",
    "https://exa,mple.org/",
    f"https://{'a' * 64}.example.org/",
    f"https://{'a.' * 130}example.org/",
    # ports and schemes
    "http://example.org/",
    "http://example.org:443/",
    "http://n8n/",
    "http://n8n:5679/",
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:9000/",
    "https://example.org:99999/",
    "https://example.org:443:80/",
    "https://example.org:-1/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org:443/",
    "ws://example.org/",
    "unix:///run/docker.sock",
    "//example.org/",
    "example.org/hook",
    "/hook",
    "",
    "https:",
    "https://",
    "https:///hook",
    "https:/127.0.0.1/",
    "https:127.0.0.1",
    "https://:443/",
    "https://?host=example.org",
    # who is logged in, and who is called
    "https://someone:word@example.org/",
    "https://someone@example.org/",
    "https://:word@example.org/",
    "https://example.org@127.0.0.1/",
    "https://@127.0.0.1/",
    "https://@8.8.8.8/",
    "https://:@8.8.8.8/",
    "https://example.org:443@127.0.0.1:443/",
    "https://n8n:5678@127.0.0.1/",
    r"https://127.0.0.1\@example.org/",
    r"https://example.org\@127.0.0.1/",
    r"https:\\example.org/",
    "https://example.org/\\hook",
    "https://exam\tple.org/",
    "https://example.org\n/",
    "https://example.org/\r\nHost: n8n",
    " https://example.org/",
    "https://example.org/\x00",
    "https://example.org\u2028/",
    "https://example.org／@127.0.0.1/",
]

SETTINGS = NotifierSettings(webhook_allowed_hosts=("n8n:5678", "Crm", "[fd00::7]:8080"))


async def resolve(host: str, port: int) -> Sequence[str]:
    return NAMES.get(host.lower().rstrip("."), [PUBLIC])


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    poster = Poster(SETTINGS, resolve=resolve)
    yield poster
    await poster.close()


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_refused_and_nothing_is_connected_to(
    url: str, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(saying(OK)) as listener:
        wanted = rerouted(monkeypatch, listener.port)
        answer = await poster(Message("id", url, b"{}"), {})
        assert answer.forbidden
        assert answer.status == 0
        assert not answer.again
        assert answer.note
        assert (wanted, listener.connections) == ([], 0)


async def test_what_is_allowed_does_reach_the_listener_of_these_tests(
    poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(saying(OK)) as listener:
        wanted = rerouted(monkeypatch, listener.port)
        answer = await poster(Message("id", "http://n8n:5678/", b"{}"), {})
        assert answer.accepted
        assert (wanted, listener.connections) == ([(PUBLIC, 5678)], 1)


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_refusal_names_no_path_no_query_and_no_password(url: str, poster: Poster) -> None:
    answer = await poster(Message("id", f"{url}/s3cret?token=s3cret", b"{}"), {})
    assert "s3cret" not in (answer.note or "")
    assert ":word" not in (answer.note or "")


ALLOWED = [
    ("https://example.org", "example.org"),
    ("HTTPS://Example.ORG/hook?token=1#part", "example.org"),
    ("https://example.org./", "example.org."),
    ("https://example.org:443/", "example.org"),
    ("https://example.org:8443/", "example.org:8443"),
    ("https://example.org:80/", "example.org:80"),
    ("https://example.org:8080/", "example.org:8080"),
    ("https://my_hook.example.org/", "my_hook.example.org"),
    ("https://avaliação.example.org/", "xn--avaliao-2wa9a.example.org"),
    ("https://10.example.org/", "10.example.org"),
    ("https://127.0.0.1.example.org/", "127.0.0.1.example.org"),
    ("https://example.org/#@127.0.0.1/", "example.org"),
    ("https://example.org/?to=https://127.0.0.1/", "example.org"),
    ("https://8.8.4.4/", "8.8.4.4"),
    ("https://172.32.0.1/", "172.32.0.1"),
    ("https://100.128.0.1/", "100.128.0.1"),
    ("https://[2606:4700:0:0::1]:8443/", "[2606:4700::1]:8443"),
    # by the operator
    ("http://n8n:5678/hook", "n8n:5678"),
    ("http://N8N.:5678/hook", "n8n.:5678"),
    ("https://n8n:5678/hook", "n8n:5678"),
    ("http://crm/", "crm"),
    ("https://crm/", "crm"),
    ("http://[FD00:0::7]:8080/", "[fd00::7]:8080"),
]


@pytest.mark.parametrize(("url", "receiver"), ALLOWED)
async def test_what_is_public_or_allowed_is_called(url: str, receiver: str) -> None:
    addresses = Addresses(SETTINGS.webhook_allowed_hosts, resolve)
    parsed = parse(url)
    assert shown(parsed) == receiver
    addresses.check(parsed)
    assert await addresses.of(parsed.raw_host or "", parsed.port or 0) == [PUBLIC]


async def test_an_allowed_name_may_be_private_on_its_port_and_on_no_other() -> None:
    addresses = Addresses(["inside.example.org:5678"], resolve)
    assert await addresses.of("inside.example.org", 5678) == ["10.1.2.3"]
    with pytest.raises(Forbidden, match=r"WEBHOOK_ALLOWED_HOSTS=inside\.example\.org:443"):
        await addresses.of("inside.example.org", 443)


async def test_a_refused_name_does_not_tell_where_it_leads() -> None:
    with pytest.raises(Forbidden) as refused:
        await Addresses((), resolve).of("inside.example.org", 443)
    assert "10.1.2.3" not in str(refused.value)


@pytest.mark.parametrize(
    "entry", ["http://n8n:5678", "n8n:", "n8n:port", "n8n:5678/hook", "fd00::7", "0x7f.1", "*", ""]
)
def test_an_entry_that_is_no_host_stops_the_notifier(entry: str) -> None:
    with pytest.raises(ValueError, match="write host or host:port"):
        Addresses([entry], resolve)


V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


@given(V4 | V6 | st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(ipaddress.IPv6Address))
def test_what_is_public_to_us_is_global_to_the_standard_library(address: ipaddress.IPv4Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@given(V4, st.sampled_from(["::ffff:0:0", "::", "64:ff9b::", "64:ff9b:1::"]))
def test_an_ipv4_address_in_an_ipv6_one_is_not_public(address: ipaddress.IPv4Address, prefix: str) -> None:
    assert not is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))))


@given(V4, st.integers(0, 2**80 - 1))
def test_an_ipv4_address_with_a_network_behind_it_is_not_public(address: ipaddress.IPv4Address, rest: int) -> None:
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) + (int(address) << 80) + rest)))


@given(st.text() | st.from_regex(r"https?://[^/]*(:\d+)?(/.*)?"))
def test_any_text_is_a_url_with_a_host_or_refused(text: str) -> None:
    try:
        url = parse(text)
    except Forbidden:
        return
    assert url.scheme in ("http", "https")
    assert url.raw_host
    assert shown(url)
