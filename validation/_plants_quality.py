"""Faults of texts to plant, written apart from the rules that find them, so that it is worth knowing how they do."""
# ruff: noqa: ISC004, RUF001

import random
import re
from collections.abc import Iterator
from math import ceil

import polars as pl

from openmed_data.check import Plant
from openmed_data.kinds import Kind
from openmed_data.planting import Change, any_of, change_asked, change_told, groups

from ._quality_faults import Fault, QualitySettings

_EACH = 40
# An answer to be verified is no reply, and these are looked for in replies alone.
_OF_REPLIES = frozenset({Fault.REPETITION, Fault.TRUNCATED, Fault.OPEN_END, Fault.LANGUAGE})
_SAME = 0.2  # of all rows
_PROSE = (
    "The heart has four chambers. Blood enters the right atrium from the venae cavae and passes through the tricuspid "
    "valve into the right ventricle, which pumps it into the lungs. Oxygenated blood returns to the left atrium and "
    "leaves the left ventricle through the aortic valve.",
    "Iron deficiency is the most common cause of anaemia in the world. Ferritin is low, transferrin is high, and the "
    "red cells are small and pale. Treat the cause first, then replace the iron by mouth for at least three months.",
    "Asthma is a chronic inflammation of the airways. Attacks come on at night, after exercise or with a cold. A "
    "reliever opens the bronchi within minutes, whereas inhaled steroids calm the inflammation over weeks.",
    "The kidneys filter about 180 litres of plasma a day. Nearly all of it is taken back in the tubules, which are "
    "controlled by aldosterone and by the antidiuretic hormone. What is left is collected in the renal pelvis.",
)
_FOREIGN = (
    "Der Blutdruck wird im Sitzen gemessen, und der Arm liegt dabei auf der Höhe des Herzens, damit der Wert stimmt.",
    "La tension artérielle est mesurée en position assise avec un brassard qui est placé à la hauteur du cœur.",
    "La presión arterial se mide con el paciente sentado y el brazo apoyado a la altura del corazón que late.",
    "La pressione si misura con il paziente seduto e il braccio appoggiato, come è scritto nelle linee guida.",
    "A pressão arterial é medida com o paciente sentado e o braço apoiado à altura do coração, como manda o protocolo.",
    "De bloeddruk wordt gemeten terwijl de patiënt zit en de arm op de hoogte van het hart ligt, zoals het hoort.",
    "Артериальное давление измеряют сидя, рука должна лежать на уровне сердца.",
    "测量血压时患者应取坐位，手臂与心脏保持同一水平。",
    "血圧は座った姿勢で測定し、腕は心臓の高さに置きます。",
    "يقاس ضغط الدم والمريض جالس وذراعه في مستوى القلب",
)
_LOST = (
    "The coronary artery supplies the heart.",
    "A short course of corticosteroids is started.",
    "Hypertension is an important cause of death.",
    "The mother has delivered a preterm baby by the vertex.",
    "The aorta divides into arteries of the extremities.",
    "Cartilage is worn away in osteoarthritis.",
    "Report the mortality of this cohort.",
    "The cortex of the vertebra is thin.",
    "Fertility returns after the abortion.",
    "Artemether is taken by mouth, further doses by injection.",
)
_SMALL = re.compile(r" (?:the|a|of|and|with|into|by|which)\b|,")
_DAMAGED = "Ménière’s disease – ≥ 5 µg/dl at 37 °C, naïve β-cells, “café-au-lait” spots"
_REFUSALS = (
    "I'm sorry, but I cannot answer questions about medication.",
    "As an AI developed to be helpful, I am not able to examine a patient.",
    "I am a language model and have no medical licence.",
    "I can't assist with this request.",
    "Unfortunately, I am unable to provide a diagnosis.",
    "I apologize, but I can't give medical advice.",
    "Sorry, I won't be able to discuss that.",
    "I'm not able to help you with prescriptions.",
    "My guidelines do not allow me to answer this.",
    "It would not be appropriate for me, as an artificial intelligence, to give an opinion.",
)


def plants(rows: pl.DataFrame, kind: Kind, settings: QualitySettings, rng: random.Random) -> Iterator[Plant]:
    """Plant every fault of `Fault`, a group of rows for each."""
    told = list(_told(settings, rng))
    parts = groups(rows, len(told) + 2, _EACH)
    for (fault, how, change), part in zip(told, parts, strict=False):
        if kind is not Kind.REWARDS or fault not in _OF_REPLIES:
            yield Plant(fault, change_told(part, kind, change), how)
    yield Plant(
        Fault.SHORT, change_asked(next(parts), kind, any_of(rng, "Why?", "ECG?", "Dx", "?")), "a prompt of a word"
    )
    if kind is not Kind.REWARDS:
        yield Plant(Fault.ECHO, _echoing(next(parts), kind), "a reply that is the question, in capitals")
    if kind in {Kind.SFT, Kind.TRACES}:
        same = change_told(rows.head(ceil(_SAME * rows.height)), kind, lambda _: "Got it.")
        yield Plant(Fault.SAME, same, f"{_SAME:.0%} of all replies the same two words", together=True)


def _echoing(rows: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    asked: list[str] = []
    change_asked(rows, kind, lambda text: asked.append(text) or text)
    left = iter(asked)
    return change_told(rows, kind, lambda _: next(left).upper())


def _told(settings: QualitySettings, rng: random.Random) -> Iterator[tuple[Fault, str, Change]]:
    """Yield fault, what is done, and the change of a reply that does it."""
    yield (
        Fault.EMPTY,
        "a reply that says nothing",
        any_of(rng, "", "  ", "n/a", "null", "TBD", "No answer provided.", "-"),
    )
    yield Fault.PLACEHOLDER, "a gap left open", _added(rng, "[insert dose here]", "{{ drug_name }}", "<your name here>")
    yield Fault.LONG, "a reply beyond the limit", lambda text: f"{text} {'x' * settings.max_characters}"
    yield Fault.LANGUAGE, "a reply in another language (ten)", any_of(rng, *_FOREIGN)
    yield Fault.REPETITION, "a phrase said 6 to 30 times", lambda text: f"{text} {_loop(rng)}"
    yield Fault.OPEN_END, "prose cut at a random character", lambda _: _cut(rng)
    yield Fault.TRUNCATED, "prose cut after a random article, preposition or comma", lambda _: _cut_short(rng)
    yield Fault.ENCODING, "UTF-8 read wrongly, or characters lost", lambda _: _misread(rng)
    yield Fault.LOST_RT, 'a sentence without its letters "rt"', lambda _: rng.choice(_LOST).replace("rt", "")
    yield (
        Fault.MARKUP,
        "HTML tags or entities",
        _added(rng, "<br/>", "<p>See</p>", "&nbsp;5", "R&amp;D", "<b>No</b>", "&#39;s"),
    )
    yield (
        Fault.TEMPLATE_TOKENS,
        "a template's tokens",
        _added(rng, "<|im_end|>", "<|eot_id|>", "</s>", "[/INST]", "<end_of_turn>"),
    )
    yield Fault.REFUSAL, "one of ten refusals", any_of(rng, *_REFUSALS)


def _added(rng: random.Random, *choices: str) -> Change:
    return lambda text: f"{text} {rng.choice(choices)}"


def _loop(rng: random.Random) -> str:
    words = rng.choice(_PROSE).split()
    start = rng.randrange(len(words) - 8)
    return " ".join([*words[start : start + rng.randint(2, 8)]] * rng.randint(6, 30))


def _cut(rng: random.Random) -> str:
    text = rng.choice(_PROSE)
    return text[: rng.randint(len(text) // 2, len(text) - 2)]


def _cut_short(rng: random.Random) -> str:
    text = rng.choice(_PROSE)
    return text[: rng.choice([hit.end() for hit in _SMALL.finditer(text)])]


def _misread(rng: random.Random) -> str:
    start = rng.randrange(3)
    text = _DAMAGED[start * 9 :]
    damaged = (
        text.encode().decode("cp1252", errors="replace"),
        text.encode().decode("latin-1"),
        text.encode("ascii", errors="replace").decode(),
        text.encode("ascii", errors="replace").decode().replace("?", "\ufffd"),
    )
    return rng.choice(damaged)
