"""Run one PHI scanner over texts and write its spans; called by ``phi.py`` inside the peers' own environment.

Usage: ``python phi_peers.py PEER INPUT.json OUTPUT.json``; the input is a list of texts, the output an object with the
spans of each text, the processor seconds the scan took (without loading) and the version of the peer.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

Spans = list[tuple[int, int]]


def datafog() -> Callable[[str], Spans]:
    """DataFog's regex engine, the only one that needs no model."""
    from datafog.engine import scan

    return lambda text: [(e.start, e.end) for e in scan(text, engine="regex").entities]


def phileas() -> Callable[[str], Spans]:
    """Phileas with the filters of its policy switched on, but for ages, which it reports at any age."""
    from phileas import FilterService, Policy

    names = (
        *("emailAddress", "creditCard", "ssn", "phoneNumber", "ipAddress", "url", "zipCode", "vin", "date"),
        *("bitcoinAddress", "bankRoutingNumber", "macAddress", "streetAddress", "trackingNumber", "driversLicense"),
        *("ibanCode", "passportNumber"),
    )
    strategies = {name: {f"{name}FilterStrategies": [{"strategy": "SAME"}]} for name in names}
    policy = Policy.from_dict({"name": "all", "identifiers": strategies})
    service = FilterService()
    return lambda text: [
        (span.character_start, span.character_end) for span in service.filter(policy, "c", "d", text).spans
    ]


def presidio() -> Callable[[str], Spans]:
    """Presidio's pattern recognisers over a blank spaCy pipeline (no model can be downloaded), threshold 0.4."""
    import spacy
    import tldextract.tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def load(self) -> None:
            self.nlp = {"en": spacy.blank("en")}

    # Without a network the public suffix list would be asked for at every address; the packaged one is as good.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    engine = AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])
    return lambda text: [(r.start, r.end) for r in engine.analyze(text, language="en", score_threshold=0.4)]


def scrubadub() -> Callable[[str], Spans]:
    """Scrubadub with its default detectors."""
    import scrubadub as library

    scrubber = library.Scrubber()
    return lambda text: [(filth.beg, filth.end) for filth in scrubber.iter_filth(text)]


PEERS = {
    "datafog": (datafog, "datafog"),
    "phileas": (phileas, "phileas-redact"),
    "presidio": (presidio, "presidio-analyzer"),
    "scrubadub": (scrubadub, "scrubadub"),
}


def main(peer: str, source: str, target: str) -> None:
    """Scan the texts of ``source`` with ``peer`` and write ``target``."""
    load, package = PEERS[peer]
    scan = load()
    texts = json.loads(Path(source).read_text("utf-8"))
    scan("warm up")
    start = time.process_time()
    spans = [scan(text) for text in texts]
    seconds = time.process_time() - start
    Path(target).write_text(json.dumps({"spans": spans, "seconds": seconds, "version": version(package)}), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
