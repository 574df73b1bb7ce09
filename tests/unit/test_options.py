from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.errors import Refused
from darkchannel.jobs.options import Options, Pauses, from_metadata, hearers, ours, resolve, without_secrets

TITLES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=400).filter(
    lambda title: title == title.strip()
)


def test_nothing_asked_for_is_the_default() -> None:
    assert resolve() == resolve({}, {}) == Options()


@given(st.lists(st.dictionaries(st.sampled_from(["series", "title", "author"]), TITLES), max_size=5))
def test_the_later_place_wins(layers: list[dict[str, str]]) -> None:
    merged = {name: value for layer in layers for name, value in layer.items()}
    assert resolve(*layers) == resolve(merged)


def test_an_unset_value_hides_no_earlier_one() -> None:
    assert resolve({"voice": "a"}, {"voice": None}).voice == "a"


@pytest.mark.parametrize("name", ["webhook_url", "webhook-url", "Webhook-URL", " webhook_url "])
def test_names_are_read_in_any_spelling(name: str) -> None:
    assert resolve({name: "https://e.org/h"}).webhook_url == "https://e.org/h"


def test_a_provider_is_an_engine() -> None:
    assert resolve({"provider": "espeak"}).engine == "espeak"


@given(TITLES)
def test_metadata_may_be_percent_encoded_since_clients_refuse_accents(title: str) -> None:
    assert resolve(from_metadata({"title": quote(title)})).title == title


@pytest.mark.parametrize("asked", ["bark,espeak", " bark , espeak ", "bark,bark,espeak", ["bark", "espeak"]])
def test_engines_are_named_in_their_order_each_once(asked: object) -> None:
    assert resolve({"engine": asked}).engine == "bark,espeak"


def test_metadata_that_is_not_ours_is_left_alone() -> None:
    assert from_metadata({"mtime": "1", "Company-Id": "7", "x": "%zz"}) == {"company_id": "7"}


def test_front_matter_keeps_the_types_of_its_values() -> None:
    assert ours({"Title": 1984, "formats": ["mp3"], "date": object()}) == {"title": 1984, "formats": ["mp3"]}


@pytest.mark.parametrize("formats", ["mp3", " MP3 ,", ["mp3"]])
def test_formats_are_a_list_or_words_with_commas(formats: object) -> None:
    assert resolve({"formats": formats}).formats == ("mp3",)


@pytest.mark.parametrize(
    ("asked", "year"),
    [("1998", "1998"), (1998, "1998"), ("1998-05-02", "1998"), ("12/03/2021", "2021"), ("maio de 2003", "2003")],
)
def test_a_date_is_kept_as_its_year(asked: object, year: str) -> None:
    assert resolve({"year": asked}).year == year


@pytest.mark.parametrize(("asked", "number"), [("3", "3"), (3, "3"), (2.5, "2.5"), ("2,5", "2.5"), (" 1.0 ", "1.0")])
def test_the_number_in_a_series_is_written_as_people_do(asked: object, number: str) -> None:
    assert resolve({"series-index": asked}).series_index == number


@pytest.mark.parametrize(
    "asked", ["sentence=0.4, chapter=3", "sentence=.4;chapter=3.0", {"sentence": 0.4, "chapter": "3"}]
)
def test_pauses_are_seconds_by_kind_and_the_others_stay(asked: object) -> None:
    assert resolve({"pauses": asked}).pauses == Pauses(sentence=0.4, chapter=3)


def test_a_description_may_have_lines_and_a_cover_a_name_with_spaces_and_accents() -> None:
    options = resolve(from_metadata({"description": "Um farol.%0A%0AUma ilha.", "cover": "capa%20do%20S%C3%A3o.jpg"}))
    assert (options.description, options.cover) == ("Um farol.\n\nUma ilha.", "capa do São.jpg")


@given(st.builds(Pauses, **{kind: st.integers(0, 40).map(lambda n: n / 4) for kind in Pauses.model_fields}))
def test_pauses_are_shown_as_they_are_asked_for(pauses: Pauses) -> None:
    assert resolve({"pauses": str(pauses)}).pauses == pauses


def test_a_number_may_be_a_title_and_words_a_number() -> None:
    options = resolve({"title": 1984, "company_id": "12"})
    assert (options.title, options.company_id) == ("1984", 12)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ({"priority": "soon"}, "priority: .*'soon'"),
        ({"engine": "bark,"}, "engine: must be auto or the name of an engine, .* such as bark,espeak"),
        ({"engine": "ES PEAK"}, "engine: must be auto or the name"),
        ({"engine": "auto,espeak"}, "engine: auto stands alone"),
        ({"engine": "espeak, auto"}, "engine: auto stands alone"),
        ({"engine": ["espeak", 1]}, "engine: must be auto or the name"),
        ({"language": "português do Brasil"}, "language: must be a language tag such as pt-BR"),
        ({"formats": "ogg,mp3"}, "formats: .*ogg cannot be made; choose from mp3"),
        ({"formats": ""}, "formats: name at least one of mp3"),
        ({"company_id": "zero"}, "company-id"),
        ({"company_id": 0}, "company-id"),
        ({"year": "98"}, "year: must be a year such as 1998"),
        ({"year": "20211"}, "year"),
        ({"year": "0101-01-01"}, "year"),
        ({"series-index": "III"}, "series-index: must be a number such as 3 or 2.5"),
        ({"series-index": "1.2.3"}, "series-index"),
        ({"description": "x" * 4_001}, "description: must have at most 4000 characters"),
        ({"cover": "../capa.jpg"}, "cover: must be the name of a picture in darkchannel-refs/covers/"),
        ({"cover": "b/capa.jpg"}, "cover"),
        ({"pauses": "verse=1"}, "pauses: must be seconds from 0 to 10 of .* \\(got verse='1'\\)"),
        ({"pauses": "scene=11"}, "pauses: .* \\(got scene='11'\\)"),
        ({"pauses": {"scene": -1}}, "pauses: .* \\(got scene=-1\\)"),
        ({"pauses": {"scene": float("nan")}}, "pauses: .* \\(got scene=nan\\)"),
        ({"pauses": "sentence=0,4"}, "pauses: .* \\(got 4=''\\)"),
        ({"pauses": "1.5"}, "pauses: .* \\(got 1.5=''\\)"),
        ({"pauses": 2}, "pauses: .* \\(got 2\\)"),
        ({"pauses": "sentence=0.5, scene=1, sentence=9"}, "pauses: sentence stands there twice"),
        ({"voices": "Ana=f3, Ana = m3"}, "voices: Ana stands there twice"),
        ({"webhook_url": "ftp://e.org"}, "webhook-url"),
        ({"webhook-url": "https://ana:segredo@e.org/h"}, "webhook-url: must hold no user and no password"),
        ({"webhook-url": "https://ana@e.org"}, "webhook-url: must hold no user"),
        ({"webhook-secret": "crm."}, "webhook-secret: must be the name of a secret in WEBHOOK_SECRETS, such as crm"),
        ({"webhook-secret": "x" * 25}, "webhook-secret: must be the name"),
        ({"webhook-secret": ""}, "webhook-secret: must be the name"),
        ({"voise": "a"}, "voise: there is no such option; choose from voice, .*, company-id"),
        ({"title": "x" * 501}, "title: must have at most 500 characters"),
        ({"title": ["a", "b"]}, "title"),
        ({7: "a"}, "7"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(layer: dict[str, object], says: str) -> None:
    with pytest.raises(Refused, match=says):
        resolve(layer)


@pytest.mark.parametrize("name", Options.model_fields)
@pytest.mark.parametrize("value", [["a", 1], -1, True, "ftp://é !", "x" * 3000])
def test_a_refusal_never_speaks_of_the_library_that_found_it(name: str, value: object) -> None:
    said = ""
    try:
        resolve({name: value})
    except Refused as refused:
        said = str(refused)
    assert not {"Input", "Value", "String", "Tuple"} & set(said.split())


def test_control_characters_fall_out_of_options() -> None:
    options = resolve(from_metadata({"title": "O%00 Farol", "author": "Ningu%C3%A9m%07"}))
    assert (options.title, options.author) == ("O Farol", "Ninguém")


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(Refused, match=r"priority.*engine|engine.*priority"):
        resolve({"priority": "x", "engine": "ES PEAK"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(Options.model_fields)) | st.text(), JSON, max_size=4))
def test_whatever_is_asked_is_options_or_refused(layer: dict[str, object]) -> None:
    try:
        options = resolve(layer)
    except Refused:
        return
    assert resolve(options.model_dump()) == options


SECRETS = [
    "whsec_dW1hIGxhbXBhZGEgbm8gZmFyb2wgdmVsaG8=",
    "WHSEC_abc",
    "s3cr3t/with+base64==",
    "palavra secreta",
    "9f86d081884c7d659a2feaa0c55ad015",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_place_of_its_name_is_refused_unrepeated_and_never_kept(secret: str) -> None:
    kept = without_secrets({"Webhook-Secret": secret, "voice": "pt-br"})
    assert secret not in str(kept)
    assert secret not in str(without_secrets({"webhook-secret": [secret]}))
    assert kept["voice"] == "pt-br"
    for layer in ({"webhook-secret": secret}, kept):
        with pytest.raises(Refused, match="webhook-secret: must be the name of a secret") as refused:
            resolve(layer)
        assert secret not in str(refused.value)


@pytest.mark.parametrize("name", ["webhook-secrets", "webhook_secert", "Secret"])
def test_the_value_of_an_option_that_does_not_exist_is_neither_repeated_nor_kept(name: str) -> None:
    layer = {name: SECRETS[0]}
    kept = without_secrets(layer)
    assert SECRETS[0] not in str(kept)
    for said in (layer, kept):
        with pytest.raises(Refused, match="there is no such option; choose from voice") as refused:
            resolve(said)
        assert SECRETS[0] not in str(refused.value)


def test_a_password_in_a_webhook_s_address_is_refused_unrepeated_and_never_kept() -> None:
    layer = {"webhook-url": "https://ana:segredo@e.org/h"}
    kept = without_secrets(layer)
    assert "segredo" not in str(kept)
    for said in (layer, kept):
        with pytest.raises(Refused, match="webhook-url: must hold no user and no password") as refused:
            resolve(said)
        assert "segredo" not in str(refused.value)


def test_what_is_no_secret_is_kept_as_it_was_said() -> None:
    layer = {
        "webhook-secret": "crm-2",
        "webhook_url": "https://e.org/h?de=ana@e.org",
        "pauses": {"scene": 1},
        "year": 1998,
        "voise": None,
    }
    assert without_secrets(layer) == layer
    assert resolve(layer).webhook_secret == "crm-2"


@pytest.mark.parametrize("wrong", [{"priority": "soon"}, {"webhook_secret": "whsec_x"}, {"voise": "a"}, {7: []}])
def test_who_hears_of_a_job_is_known_though_other_options_are_wrong(wrong: dict[str, object]) -> None:
    told = hearers({"webhook-url": "https://e.org/old"}, {"company-id": "7", "webhook_url": "https://e.org/h"}, wrong)
    assert told == Options(company_id=7, webhook_url="https://e.org/h")


def test_a_hearer_that_is_wrong_hears_nothing_and_keeps_no_other_from_hearing() -> None:
    said = {"company_id": "none", "webhook_url": "ftp://e.org", "webhook_secret": "crm"}
    assert hearers(said) == Options(webhook_secret="crm")
    assert hearers({"company_id": 7, "webhook_url": "https://ana:b@e.org"}) == Options(company_id=7)
