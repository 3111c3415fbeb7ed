"""Put back the letters "rt" that some corpora lost: `aery` -> artery, `hea` -> heart, `impoant` -> important.

MedMCQA's text lost them in a third of the places where they should stand. The repair knows the words that contain "rt"
(`words.txt`), the real words that look damaged (`guards.tsv`) and the neighbours that decide for some of those
(`contexts.tsv`); a corpus decides between readings and shows which forms it uses as words of their own.

Use: `count` each batch, concatenate the counts, `build_lexicon` once, `repair` each batch.
"""

from openmed_data.text.lost_rt.counting import count
from openmed_data.text.lost_rt.lexicon import Entry, Lexicon, Rule, build_lexicon
from openmed_data.text.lost_rt.repairing import repair

__all__ = ["Entry", "Lexicon", "Rule", "build_lexicon", "count", "repair"]
