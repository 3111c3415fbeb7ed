"""Read multiple-choice answers: a letter, an option's text, or both if they agree."""

# ruff: noqa: RUF001  (typographic quotes, dashes and signs are what is read)

import re
from collections.abc import Mapping

from openmed_data.answers.reading import (
    CLOSING,
    UNCLEAR,
    contradicted,
    explains,
    head_with_key,
    linked,
    sentence,
    taken_back,
    unwrap,
    voices_doubt,
)
from openmed_data.text.normalize import answer_key

_OPTION = re.compile(r"(?:the\s+)?(?:option|choice|answer|letter)\s*:?\s*(?=\(?[A-Za-z]\)?(?:\W|$))", re.IGNORECASE)
_ARTICLE = re.compile(r"the\s+(?=\w\w)(?!the\b)", re.IGNORECASE)
_ONLY_LABEL = re.compile(r"([A-Za-z])[\s)\]}.:,$\"'”]*")
_LABEL = re.compile(r"([A-Za-z])(?![\w'’+]|-\w)([)\]}\"'”]*\s*(?:[.:,)–—]|-(?=\s))?)")
_AFTER_TEXT = re.compile(r"\s*[(\[\n]|[.,;:!?]\s|\s(?:because|since|as|which|due|given)\s")
_REASON = re.compile(
    r"[\s,]*+(?:because|since|due to|given that|as|based on|so|which|(?:correct|right|best)\b)\s", re.IGNORECASE
)
_EXCLUDED = re.compile(
    r"[\s,(]*+(?:not|rather than|instead of)\s+(?:options?\s+)?\(?[A-Z]\)?"
    r"(?:\s*(?:,|or|and|nor)\s*\(?[A-Z]\)?)*(?=[\s.,;)]|$)"
)
_SENTENCES = re.compile(r"[.!?;]\s|\n")
_SAID_AGAIN = re.compile(r"(?:[.;!]\s|\n)\s*[Ii]t(?:['’]s| is)\s+([^.;!\n]+)")
_BINOMIAL = re.compile(r"\.\s*[a-z]")
_NEXT_LABEL = re.compile(
    r"^[\s,/&+.;)\"”-]*+(?:\b(?:and|or|to|also|maybe|option|choice|answer)\b[\s:]*)*\(?([A-Z])"
    r"(?=\)?\s*(?:[).:,/&;\]}\n]|$|(?:and|or)\b|\(?[A-Z]\b))"
)
# ". A, C and D are wrong": what is said to be wrong is no second answer.
_RULED_OUT = re.compile(
    r"\b(?:[Oo]ptions? |[Cc]hoices? )?\(?[A-J]\)?(?:(?:,? and|,? or|,|/) ?\(?[A-J]\)?)* (?:is|are) "
    r"(?:all |both |clearly )?(?:not|wrong|incorrect|false|ruled out|excluded|(?:less|un)likely)\b(?! to\b)"
)
_CAPITAL = re.compile(r"\b[A-J]\b")
_LETTERS_MORE = re.compile(r"(?:\W+(?:(?:and|or)\s+)?[A-Ja-j](?!\w))+\W*")  # "b, a": no article where nothing follows
# "A" and "I" are words too: they are labels where punctuation follows.
_LISTED_LABEL = re.compile(
    r"(?:(?:^|[,;/]|\b(?:or|and|option|choice|answer)\b)\s*+|\n[^\S\n]*+)\(?(?:([B-HJ-Z])(?=[).:,;/\s]|$)|([AI])(?=[).:,;/\n]|$))"
)


class ChoiceReader:
    """The options of one item, keyed once and read many times."""

    def __init__(self, choices: Mapping[str, str], right: str) -> None:
        self._right = right
        self._keys = {label: answer_key(text) for label, text in choices.items()}
        self._raw = {label: text.strip().rstrip(CLOSING) for label, text in choices.items()}
        self.quoted = tuple(text for text in choices.values() if voices_doubt(text))
        self._by_key: dict[str, str] = {}
        for label, key in self._keys.items():
            # An option text that two labels share names neither.
            self._by_key[key] = UNCLEAR if key in self._by_key else label
        self._by_key.pop("", None)
        texts = list(self._raw.values())
        self._texts = {text: label for label, text in self._raw.items() if texts.count(text) == 1}
        # No other option starts with these texts, so that what stands there as written needs no longer match.
        keys = list(self._keys.values())
        self._prefixes = {label for label in self._keys if not self._is_alone(label, keys)}
        self._alone = [(text, label) for text, label in self._texts.items() if self._is_alone(label, keys)]
        self._asking = {label for label, text in choices.items() if text.rstrip(CLOSING).endswith("?")}
        self._longest_first = sorted(self._by_key, key=len, reverse=True)
        self._heads = {key[:2].ljust(2) for key in self._by_key}
        self._lettered = any(_LABEL.match(unwrap(text)) for text in choices.values())
        self._limit = 2 * max(map(len, choices.values()), default=0) + 60

    def _is_alone(self, label: str, keys: list[str]) -> bool:
        key = self._keys[label]
        return len(key) > 1 and sum(other.startswith(key) for other in keys) == 1

    def is_right(self, value: str) -> bool:
        """Say whether a label is the right one."""
        return value == self._right

    def read(self, passage: str, *, exact: bool, alone: bool) -> str | None:
        """Read the label a passage opens with, in its letter or in its text; see :class:`Reader`."""
        passage = unwrap(passage)
        if option := _OPTION.match(passage):
            passage = unwrap(passage[option.end() :])
        if only := _ONLY_LABEL.fullmatch(passage):
            # "The answer is a": a letter, or an article whose noun was cut off.
            cut_off = not alone and passage in {"a", "i"}
            return None if cut_off else self._bare_letter(only.group(1))
        # Where an option's own text starts like a label ("C. difficile"), the text is tried before the letter.
        label = _LABEL.match(passage)
        if label and not self._lettered:
            return self._letter_head(passage, label, exact=exact, alone=alone)
        if self._may_open_with_text(passage):
            written = self._written_head(passage)
            if written is None and (by_text := self._whole(passage)) is not None:
                return by_text
            by_text, rest = written or self._text_head(passage)
            if by_text is not None:
                return self._settled(by_text, rest, alone=alone) if not exact or not rest.strip(CLOSING) else None
        if label:
            return self._letter_head(passage, label, exact=exact, alone=alone)
        article = _ARTICLE.match(passage)
        return self.read(passage[article.end() :], exact=exact, alone=alone) if article else None

    def _may_open_with_text(self, passage: str) -> bool:
        """Compare two letters before any key is computed; a text that opens with a sign is always tried."""
        head = passage[:2].lower().ljust(2)
        if not head.isascii() or not head[0].isalpha() or head in {"mc", "mm"}:
            return True
        return head in self._heads if head[1].isalpha() else head[1] not in " .,:;)" or head[0] + " " in self._heads

    def _bare_letter(self, letter: str) -> str | None:
        label = letter.upper()
        named = self._by_key.get(letter.lower(), label)
        if label not in self._keys:
            return named if letter.lower() in self._by_key else UNCLEAR
        return label if named == label else UNCLEAR

    def _whole(self, passage: str) -> str | None:
        if len(passage) > self._limit:
            return None
        label = self._by_key.get(answer_key(passage))
        return UNCLEAR if label and "?" in passage and label not in self._asking else label

    def _written_head(self, passage: str) -> tuple[str, str] | None:
        """Return the label of the option text that opens the passage as written, and what follows."""
        if label := self._texts.get(passage.rstrip(CLOSING)):
            return label, ""
        for text, label in self._alone:
            if passage.startswith(text) and _AFTER_TEXT.match(passage, len(text)):
                return label, passage[len(text) :]
        return None

    def _text_head(self, passage: str) -> tuple[str | None, str]:
        """Return the label of the longest option text that opens the passage, and what follows."""
        head = answer_key(passage[: self._limit]) if self._may_open_with_text(passage) else ""
        for key in self._longest_first:
            if head.startswith(key) and (rest := head_with_key(passage, key)) is not None:
                # Under a bare letter ("B", "O") stands an option only where nothing else explains the letter.
                return (None, "") if len(key) == 1 and key.upper() in self._keys else (self._by_key[key], rest)
        return None, ""

    def _letter_head(self, passage: str, found: re.Match[str], *, exact: bool, alone: bool) -> str | None:
        if excluded := _EXCLUDED.match(passage, found.end(1)):
            passage = passage[: found.end(1)] + passage[excluded.end() :]
            found = _LABEL.match(passage) or found
        label, closing, rest = found.group(1).upper(), found.group(2), passage[found.end() :]
        if label not in self._keys:
            return UNCLEAR if closing.strip() and found.group(1).isupper() else None
        after = self._own_text(label, rest)
        if after is None:
            if exact or not closing.strip() or found.group(1).islower():
                return self._unnamed(label, passage[found.end(1) :], alone=alone) if not exact else None
            return self._beside_other_words(label, passage[found.end(1) :], rest, alone=alone)
        if exact and after.strip(CLOSING):
            return None
        return self._settled(label, after, alone=alone, named=len(after) < len(rest.rstrip()))

    def _own_text(self, label: str, rest: str) -> str | None:
        """Return what follows the label's own option text, or None where another text follows the label."""
        opened, text = unwrap(rest), self._raw[label]
        if label in self._prefixes and (longer := self._text_head(opened)[0]) and longer != label:
            return None
        if text and opened.startswith(text) and not opened[len(text) : len(text) + 1].strip(CLOSING):
            return opened[len(text) :]
        if not opened.strip(CLOSING):
            return ""
        if (
            self._keys[label]
            and self._may_open_with_text(opened)
            and (answer_key(opened[: self._limit]).startswith(self._keys[label]))
        ):
            return head_with_key(opened, self._keys[label])
        return None

    def _unnamed(self, label: str, rest: str, *, alone: bool) -> str | None:
        """Judge a letter that words follow at once: "B because …" is an answer, "B cells" and "a disease" are not."""
        if rest[:1].strip() and rest[:1] not in ".,:;)]}\"'”–—-/&\n":
            return None
        if (added := linked(rest)) is not None:
            return self._settled(label, rest, alone=alone) if self._text_head(added)[0] == label else UNCLEAR
        if self._another(label, rest):
            return UNCLEAR
        words = rest.lstrip(CLOSING)
        if taken_back(rest) or _LETTERS_MORE.fullmatch(rest):
            return UNCLEAR if alone else None
        spaced = rest[:1] in " \t"
        if rest.lstrip(" \t")[:1] == "\n" or _REASON.match(rest) or (not spaced and explains(words)):
            return self._settled(label, rest, alone=alone)
        return None

    def _beside_other_words(self, label: str, whole: str, rest: str, *, alone: bool) -> str | None:
        """Judge "B. <not the text of B>": an explanation, or the text of another option, or a name (C. difficile)."""
        if _BINOMIAL.match(whole) and not explains(rest):
            return None
        words = "" if _REASON.match(rest) else sentence(rest)
        if words.strip() and self._names_another(label, answer_key(words)):
            return UNCLEAR
        return self._settled(label, whole, alone=alone)

    def _names_another(self, label: str, key: str) -> bool:
        """Say whether the sentence beside a letter is, or may be, another answer than the letter's."""
        own, length = self._keys[label], len(key.split())
        if key.replace(" ", "") == self._keys[label].replace(" ", ""):  # 28-37weeks
            return False
        if self._by_key.get(key, label) != label:
            return True
        if any(f" {other} " in f" {key} " for other in self._by_key if other not in own):
            return length <= 2 * len(own.split()) + 6  # longer ones explain why the other option is wrong
        return length <= 2 and set(own.split()).isdisjoint(key.split())

    def _settled(self, label: str, rest: str, *, alone: bool, named: bool = False) -> str | None:
        """Keep the label unless what follows it negates it, hedges, or names another option."""
        if label in self._asking:
            rest = rest.lstrip("?")
        if " are " in rest or " is " in rest:
            rest = _RULED_OUT.sub(lambda said: said[0] if label in _CAPITAL.findall(said[0]) else "", rest)
        if not rest.strip(CLOSING):
            return label
        if taken_back(rest, named=named):
            return UNCLEAR if alone else None  # "The answer is not B" leaves room for the statement of another
        added = linked(rest)  # "C, or lysozyme" is one answer where lysozyme is C
        if label == UNCLEAR or (added is not None and self._text_head(added)[0] != label):
            return UNCLEAR
        discussed = alone and not named and rest[0] == " " and self._discusses_another(label, rest)
        if (
            discussed
            or self._another(label, rest)
            or contradicted(self._keys[label], rest)
            or self._replaced(label, rest)
        ):
            return UNCLEAR
        # A reason may well name the options it rules out.
        scope = rest if alone else "" if _REASON.match(rest) else sentence(rest)
        listed = {first or second for first, second in _LISTED_LABEL.findall(scope)}
        if (listed & self._keys.keys()) - {label} or self._offers_another(label, rest.split("\n", 1)[0]):
            return UNCLEAR
        return label

    def _discusses_another(self, label: str, rest: str) -> bool:
        """Say whether a later sentence is about another option, so that the first was about this one only."""
        keys = [f"{key} " for key, named in self._by_key.items() if named != label]
        heads = (answer_key(unwrap(later)[: self._limit]) for later in _SENTENCES.split(rest)[1:])
        return any(f"{head} ".startswith(key) for head in heads for key in keys)

    def _replaced(self, label: str, rest: str) -> bool:
        """Say whether a later sentence says no more than that it is another option: "It is B. It is A."."""
        said = {self.read(again, exact=True, alone=False) for again in _SAID_AGAIN.findall(rest)}
        return bool((said & self._keys.keys()) - {label})

    def _offers_another(self, label: str, words: str) -> bool:
        """Say whether a line offers the text of another option as an alternative."""
        if " or " not in words:
            return False
        key = answer_key(words)
        return any(f"or {other} " in f"{key} " for other, named in self._by_key.items() if named != label)

    def _another(self, label: str, rest: str) -> bool:
        """Say whether another letter or another option's text follows directly."""
        following = _NEXT_LABEL.match(rest)
        if following and following.group(1) != label and following.group(1) in self._keys:
            at = following.start(1)
            if "\n" in rest[:at]:  # a line that says more than its option explains the option
                return self.read(rest[at:].split("\n", 1)[0], exact=True, alone=False) is not None
            return not explains(rest) and following.group(1) != "I"
        other, _ = self._text_head(rest.lstrip(CLOSING + "/&+–—-("))
        return other is not None and other != label
