"""Licence identifiers as the Hub's cards know them."""

from dataclasses import dataclass

# Identifiers that https://huggingface.co/docs/hub/repositories-licenses lists; anything else is `other` on a card.
_IDS = frozenset(
    """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
    lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib
    pddl lgpl-lr deepfloyd-if-license llama2 gemma unknown
    """.split()
)


@dataclass(frozen=True, slots=True)
class License:
    """A licence as card metadata names it: `name` and `link` are set only where `id` is ``other``."""

    id: str
    name: str | None = None
    link: str | None = None


def card_license(text: str, homepage: str) -> License:
    """Return how a card names the licence `text`, with `homepage` as the place of a text the Hub does not know.

    Examples
    --------
    >>> card_license("MIT", "https://example.org").id
    'mit'
    >>> card_license("NLM Terms 2024", "https://example.org")
    License(id='other', name='nlm-terms-2024', link='https://example.org')
    """
    name = "-".join(text.lower().split())
    if name in _IDS:
        return License(name)
    return License("other", name, homepage)
