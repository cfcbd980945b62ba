"""Write tokens.json: made-up posts and their tokens, as this version cuts them.

Run it when the tokeniser's version changes, and read what has changed.
"""

import json
from pathlib import Path

from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

CASES = {
    "empty": "",
    "blanks": " \t\n\u00a0\u2003",
    "repost": "RT @made_up: Water is coming up FAST on Mill Lane!!! http://t.co/Abc123",
    "scrubbed": "RT <user>: call <phone> or <email>, see <url> near <postcode>, ask <person>",
    "hashtags": "#yycflood #HighRiver #ABFlood2013 #PRAYFORTHEVALLEY #txwx #Flood_Watch #洪水 #нет",
    "contractions": "can't won't don’t I'm it's they'll we've she'd y'all o'clock Bob's",
    "elided": "l'eau monte, c'est à l’école; dell'acqua qu'il",
    "drawn out": "sooooo wet, nooooo wayyy, hahahahaha lmaooo hmmmm goooood",
    "numbers": "30mm in 2 hrs, 3.5m, 1,000 homes, 100,000 people, 7,9 Richter, 9:30pm, 2nd, 50% $5",
    "hyphens": "flood-hit e-mail T-shirt co-operate well-made-plan 24-7 --- – —",
    "faces": ":) :-( ;D :P :/ <3 (: :'( =] :-* XD",
    "emoji": "help👍🏽👍 ❤️‍🔥 👨‍👩‍👧 🇬🇧 7️⃣ ☔️ ‼️ ⁉ ℹ️ ™",
    "entities": "mud &amp; water &lt;3 &amp;amp; &quot;deep&quot; &#128514; &nbsp; 5 &gt; 4",
    "forms": "ﬂood ｗａｔｅｒ Ⅻ x² ½ ① “quoted” ‘so’ … caf\u00e9 cafe\u0301",
    "hidden": "flo\u200bod wa\u00adter \u202ereversed\u202c \ufeffstart",
    "halves": "\ud83d\ude02 and \ud83d alone",
    "scripts": "Привет Αθήνα हिन्दी में बाढ़ 東京で地震 홍수 ไทย سيل שיטפון",
    "places": "bbc.co.uk/news www.example.org ann@example.org U.S. e.g. end.Start a.m. @ 5pm",
    "marks": "so... wet?! (yes) [no] {x} a/b a+b * ~ ^ _under_score_ \\ | `tick` #",
    "turkish": "İstanbul'da SEL ISPARTA ıslak",
}


def main():
    """Write the file."""
    ones = {
        style: Tokeniser(TokeniserSettings(style=style)) for style in ("posts", "glove-twitter")
    }
    cases = [
        {"name": name, "text": text, **{style: one(text) for style, one in ones.items()}}
        for name, text in CASES.items()
    ]
    path = Path(__file__).parent / "tokens.json"
    stored = {"version": Tokeniser.version, "cases": cases}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
