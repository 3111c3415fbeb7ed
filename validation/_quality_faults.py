"""What can be wrong with a text as such, and how many rows may have it."""

from enum import StrEnum

from pydantic import Field

from openmed_data.builder import ReasonCode
from openmed_data.check import Settings, Severity


class Fault(ReasonCode):
    """What can be wrong with a text."""

    EMPTY = "empty_text", "rows with a text that is blank, or a word that stands for nothing (N/A, null, TODO)"
    PLACEHOLDER = "placeholder", "rows with a gap that nobody filled in, as in [insert name] or {{ name }}"
    SHORT = "short_prompt", "rows whose prompt is too short to ask anything"
    LONG = "long_text", "rows with a text longer than the limit"
    LANGUAGE = "other_language", "rows with a text in another language or script"
    REPETITION = "repetition", "rows with a reply that says the same words over and over"
    TRUNCATED = "truncated", "rows with a reply that ends in the middle of a sentence, a word or a block of code"
    OPEN_END = "open_end", "rows with a reply of whole sentences but the last, which has no full stop"
    ENCODING = "encoding_damage", "rows with characters that a wrong decoding left (mojibake, �, control characters)"
    LOST_RT = "lost_rt", 'rows with a word that lost the letters "rt" (aery, impoant)'
    MARKUP = "markup", "rows with HTML tags or entities in what should be plain text"
    TEMPLATE_TOKENS = "template_tokens", "rows with the control tokens of a chat template in a text (<|im_end|>)"
    ECHO = "echo", "rows with a reply that says again what was asked, and nothing else"
    SAME = "same_reply", "conversations whose reply is the one that most have, and that no prompt offers as a choice"
    REFUSAL = "refusal", "rows with a reply that refuses, or speaks of itself as a language model"


class Language(StrEnum):
    """Languages that can be told apart; ISO 639-1."""

    DE = "de"
    EN = "en"
    ES = "es"
    FR = "fr"
    IT = "it"
    NL = "nl"
    PT = "pt"


class QualitySettings(Settings):
    """Thresholds of `quality`: a share of rows for each fault, and what counts as one."""

    language: Language = Field(Language.EN, description="The language that the texts should have.")
    min_prompt_characters: int = Field(10, ge=0, description="Fewest characters of a prompt, all messages together.")
    max_characters: int = Field(100_000, ge=1, description="Most characters of one text.")
    max_empty_text: float = Field(0, ge=0, le=1, description="Most rows with an empty text, as a share.")
    max_placeholder: float = Field(0, ge=0, le=1, description="Most rows with an unfilled gap, as a share.")
    max_short_prompt: float = Field(0.001, ge=0, le=1, description="Most rows with too short a prompt, as a share.")
    max_long_text: float = Field(0.001, ge=0, le=1, description="Most rows with too long a text, as a share.")
    max_other_language: float = Field(0.01, ge=0, le=1, description="Most rows in another language, as a share.")
    max_repetition: float = Field(0.01, ge=0, le=1, description="Most rows with a reply that repeats, as a share.")
    max_truncated: float = Field(0.01, ge=0, le=1, description="Most rows with a reply that is cut off, as a share.")
    max_open_end: float = Field(0.05, ge=0, le=1, description="Most rows whose reply has no full stop, as a share.")
    max_encoding_damage: float = Field(0.01, ge=0, le=1, description="Most rows with damaged characters, as a share.")
    max_lost_rt: float = Field(0.01, ge=0, le=1, description='Most rows with words that lost "rt", as a share.')
    max_markup: float = Field(0.01, ge=0, le=1, description="Most rows with HTML, as a share.")
    max_template_tokens: float = Field(0, ge=0, le=1, description="Most rows with a template's tokens, as a share.")
    max_echo: float = Field(0.001, ge=0, le=1, description="Most rows with a reply that is what was asked, as a share.")
    max_same_reply: float = Field(0.05, ge=0, le=1, description="Most rows with one and the same reply, as a share.")
    max_refusal: float = Field(0.001, ge=0, le=1, description="Most rows with a refusing reply, as a share.")

    def most(self, fault: Fault) -> float:
        """Return the share of rows that may have `fault`."""
        share: float = getattr(self, f"max_{fault}")
        return share


# Faults that training can live with are warnings; those that teach a model something wrong fail the gate.
SEVERITY = dict.fromkeys(Fault, Severity.FAIL) | dict.fromkeys((Fault.SHORT, Fault.LONG, Fault.OPEN_END), Severity.WARN)
