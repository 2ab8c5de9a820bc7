"""The people and companies that appear on every platform: the same person has the same address everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sandbox.world import World, mix, number_of

FIRST = (
    "Ada", "Grace", "Linus", "Barbara", "Edsger", "Margaret", "Donald", "Radia", "Ken", "Frances", "Dennis", "Karen",
    "José", "Zoë", "Søren", "Chloé", "Łukasz", "Yuki", "Priya", "Nneka", "Olga", "Mehmet", "Aisha", "Björn",
)  # fmt: skip
LAST = (
    "Lovelace", "Hopper", "Liskov", "Dijkstra", "Hamilton", "Knuth", "Perlman", "Thompson", "Allen", "Ritchie", "Jones",
    "García", "Müller", "Ångström", "Nowak", "Tanaka", "Sharma", "Okafor", "O'Neill", "Yılmaz", "de la Cruz", "Petrov",
)  # fmt: skip
TITLES = (
    "Engineer",
    "Analyst",
    "Buyer",
    "Head of Sales",
    "Designer",
    "Operations Lead",
    "CTO",
    "Founder",
    "Researcher",
)
WORDS = ("Northwind", "Bluebird", "Granite", "Lumen", "Harbour", "Juniper", "Quartz", "Meadow", "Copper", "Aurora")
TRADES = ("Labs", "Logistics", "Foods", "Robotics", "Media", "Textiles", "Energy", "Health", "Studio", "Bank")
INDUSTRIES = ("COMPUTER_SOFTWARE", "FOOD_PRODUCTION", "BANKING", "TEXTILES", "RENEWABLES_ENVIRONMENT", "ONLINE_MEDIA")
CITIES = (
    ("Berlin", "DE"), ("Lyon", "FR"), ("Porto", "PT"), ("Austin", "US"), ("Nairobi", "KE"), ("Osaka", "JP"),
    ("Toronto", "CA"), ("Malmö", "SE"), ("Kraków", "PL"), ("Pune", "IN"),
)  # fmt: skip
_PLAIN = str.maketrans("éëøŁłüÅöíçóı", "eeoLluAoicoi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    index: int
    name: str
    domain: str
    city: str
    country: str
    industry: str
    employees: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    index: int
    first: str
    last: str
    email: str
    phone: str
    title: str
    company: Company
    language: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


def company(world: World, index: int, version: int = 0) -> Company:
    """The company of this index; from version to version its size changes."""
    return _company(world.seed, index, version)


def person(world: World, index: int, version: int = 0) -> Person:
    """The person of this index; from version to version the job and the phone change, name and address do not."""
    return _person(world.seed, world.scale, index, version)


@lru_cache(maxsize=50_000)
def _company(seed: int, index: int, version: int) -> Company:
    bits = mix(seed, number_of("company"), index)
    word, trade = WORDS[bits % len(WORDS)], TRADES[(bits >> 8) % len(TRADES)]
    city, country = CITIES[(bits >> 16) % len(CITIES)]
    return Company(
        index=index,
        name=f"{word} {trade} {index}",
        domain=f"{word}-{trade}-{index}.example".lower(),
        city=city,
        country=country,
        industry=INDUSTRIES[(bits >> 24) % len(INDUSTRIES)],
        employees=5 + (bits >> 32) % 2000 + 3 * version,
    )


@lru_cache(maxsize=200_000)
def _person(seed: int, scale: int, index: int, version: int) -> Person:
    bits = mix(seed, number_of("person"), index)
    first, last = FIRST[bits % len(FIRST)], LAST[(bits >> 8) % len(LAST)]
    employer = _company(seed, (bits >> 16) % max(1, scale // 5), 0)
    handle = f"{first}.{last}".translate(_PLAIN).replace(" ", "").replace("'", "").lower()
    return Person(
        index=index,
        first=first,
        last=last,
        email=f"{handle}.{index}@{employer.domain}",
        phone=f"+1 555 {(bits >> 24) % 900 + 100} {((bits >> 34) + version) % 10000:04d}",
        title=TITLES[((bits >> 48) + version) % len(TITLES)],
        company=employer,
        language=("en", "de", "fr", "pt", "ja")[(bits >> 56) % 5],
    )
