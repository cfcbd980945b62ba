"""Languages of made-up posts, and when the answer is that it is open."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.posts.text.language import LANGUAGES, UNKNOWN, detect_language

POSTS = {
    "en": "RT @made_up: Water levels on Mill Lane keep rising, residents moved http://t.co/x",
    "es": "El agua ya está en la calle y no hay luz #inundación",
    "fr": "La rivière monte, les pompiers sont sur place depuis ce matin",
    "pt": "A água não para de subir na rua, alguém pode ajudar?",
    "it": "Il fiume è uscito dagli argini, non c'è più la strada",
    "de": "Der Keller läuft voll und die Feuerwehr ist noch nicht da #Hochwasser",
    "nl": "Het water staat al in de straat, wij moeten naar boven",
    "id": "Banjir sudah masuk rumah, tidak ada yang bisa keluar",
    "tl": "Ang taas na ng baha dito sa amin, tulong po",
    "sv": "Vattnet är uppe på vägen och det finns inte någon väg ut",
    "fi": "Vesi on jo pihalla, mutta ei se vielä ole sisällä",
    "pl": "Woda jest już na ulicy i nie ma jak wyjść",
    "cs": "Voda je už na ulici a my jsme bez proudu",
    "tr": "Su çok yükseldi ve burada kimse yok, bize yardım için bir tekne",
    "ro": "Apa a ajuns în curte și nu mai este curent",
    "hu": "A víz már az utcán van, és nem tudunk kimenni",
    "vi": "Nước đã vào nhà và chúng tôi không có điện",
    "hr": "Voda je već na ulici i nema struje, što da se radi",
    "ru": "Вода уже на улице, света нет, вывезите людей",
    "uk": "Вода вже на вулиці, світла немає, її ще більше",
    "bg": "Водата е на улицата, няма ток, къде да отидем",
    "sr": "Вода је већ на улици, немају људи куда",
    "el": "Το νερό έφτασε στο δρόμο",
    "ar": "المياه وصلت إلى الشارع",
    "fa": "آب به خیابان رسیده و برق نیست چه کنیم",
    "ur": "پانی گلی میں آ گیا ہے اور بجلی نہیں ہے",
    "he": "המים כבר ברחוב",
    "hi": "सड़क पर पानी भर गया है",
    "bn": "রাস্তায় পানি উঠে গেছে",
    "th": "น้ำท่วมถนนแล้ว",
    "ja": "川の水が道路まで来ています",
    "zh": "河水已经到了街上",
    "ko": "물이 길까지 찼어요",
}


@pytest.mark.parametrize("language", POSTS)
def test_posts(language):
    assert detect_language(POSTS[language]) == language
    assert language in LANGUAGES


@pytest.mark.parametrize(
    "text",
    ["", " ", "😢😢", "#flood #yycflood", "@made_up http://t.co/x", "ok", "Calgary", "12.5 m",
     "wow!!!", "é", "я", "水", "Mill Lane Calgary Alberta", "\ud83d", "&amp;"],
)  # fmt: skip
def test_thin_evidence(text):
    assert detect_language(text) == UNKNOWN


def test_names_tags_and_links_tell_nothing():
    assert detect_language("#the #river #is #over @is_the_of http://the.of.and/to") == UNKNOWN


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=120))
def test_any_text(text):
    assert detect_language(text) in (*LANGUAGES, UNKNOWN)
