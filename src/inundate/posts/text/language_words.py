"""The commonest words of languages in Latin script, the commonest first, and their own letters.

Written for this package: function words that posts have, some of them as posts spell them.
"""

from __future__ import annotations

__all__ = ["LETTERS", "WORDS"]

WORDS = {
    "en": "the to a and i of in you is for it on my that be with this me at are so have just not "
    "was but your we all up from if they do out what get like no when now can he as about will "
    "how by or an don't one i'm there who know its time been has people his her had some please "
    "our their here more than them she were because going after over water still today",
    "es": "de que la el en y a los no se por un las con una para del me es al su lo más mi te si "
    "como ya pero le todo este esta hay o muy está ha sin son tu hoy fue desde porque cuando sus "
    "todos ahora nos también donde agua gracias hasta ser yo qué día bien aquí estamos tras ante",
    "fr": "de le la les et à un des en est pour une que pas je dans sur du il qui au a plus ce ne "
    "avec on se par vous tout nous mais c'est sont j'ai cette mon aux fait ça d'un être comme y "
    "ses bien sa moi si leur ou elle eau été très aussi encore faire ici suis après d'une qu'il",
    "pt": "de que o a e não do da em é um para eu com uma no na os se por mais as me dos mas ao "
    "você meu como foi minha está só já muito tem pra isso quem ser vai das sem hoje nos gente "
    "até seu são pela pelo também quando água tudo estão bem sua nem ela ele agora aqui depois",
    "it": "di e che il la non a un in per è una mi sono ho si del con ma i le come se da lo ti al "
    "io della più anche dei alla nel gli questo ci o tutti cosa hai solo perché fa tutto oggi "
    "quando sei bene nella dal chi sta dalla delle ai ora poi acqua dopo ancora sul fare molto",
    "de": "die der und ich das ist nicht in zu den es ein mit auf für von so im eine sich auch du "
    "dem mal aber wie an noch bei hat wir was war wenn nur schon ja am dass man mir jetzt heute "
    "aus mich oder werden einen doch sind zum habe da wird um nach immer mehr wasser kein vom",
    "nl": "de het een ik is en van in niet dat je te op voor met zijn die er aan maar om ook nog "
    "naar wat bij als dan heb zo mijn we was wel door nu uit heeft hoe over deze geen kan worden "
    "al moet gaat weer veel ze hier jij wordt dit hebben onze meer mensen water vandaag morgen",
    "id": "yang di dan ini itu aku kamu ada untuk dengan tidak dari ke saya ya gak bisa sudah mau "
    "juga lagi kita akan udah kalo aja apa jadi sama buat banyak karena pada orang tapi banget "
    "hari semua jangan kalau dalam lebih masih mereka atau oleh bukan belum sangat para air",
    "tl": "ang ng sa na mga ako ko ka mo ay po si lang ni may naman kayo pa ba yung nang kasi "
    "natin tayo hindi para kung wala mag pag din ito siya nga sana lahat dito at lng nyo namin "
    "talaga ngayon kami pala niya yan daw kaya tulong dahil nating nasa tubig baha salamat",
    "sv": "och i att det är på en som för jag inte med av har till den om du så ett men de var vi "
    "kan nu man från bra ska när mig vad här också idag hur mycket eller blir sig efter finns "
    "alla någon bara där dig vill ut upp mer sin ser under vatten över än in mot",
    "da": "og i at det er på en til af for jeg ikke med der har som den de du så et men var vi kan "
    "nu fra man skal om når mig hvad her også meget eller bliver sig efter alle kun hvor dig vil "
    "ud op mere have over være lige bare godt tak vand",
    "no": "og i det er på en å til av for jeg ikke med som har at den de du så et men var vi kan "
    "nå fra man skal om når meg hva her også mye eller blir seg etter alle bare hvor deg vil ut "
    "opp mer være over noe bra takk vann",
    "fi": "on ja ei että se oli en hän mutta ole niin kun mitä kuin jos nyt voi minä mun joka sen "
    "sitä tämä ovat myös vain kaikki mä oma vielä ihan kyllä siis sitten tai jo olen nyt hyvä "
    "tänään paljon vesi",
    "pl": "w i nie na się z do to że jest a o jak ale za co po mi ja tak od już dla mnie ma tylko "
    "czy ten być bo by przez jestem tego jeszcze był są może wszystko kiedy można też dzisiaj "
    "gdzie bardzo teraz woda",
    "cs": "a se v na je že to s z do o i ve jsem ale si jako za by pro tak po jak co už mi jen "
    "od byl jsou aby má nebo když není bude k ještě který tam dnes voda",
    "tr": "bir ve bu da ne için çok de ben var mi gibi sen ama o kadar her daha olan değil en "
    "yok beni şey bana sonra şimdi bugün ya ile mı olarak iyi biz kim hiç oldu nasıl su diye "
    "zaman benim sel yeni",
    "ro": "de și în a la nu cu o că să pe se un din care mai pentru ce este am si in sunt au ca "
    "dar îmi fi era prin după ai fost dacă acum azi când cum foarte apa",
    "hu": "a az és hogy nem is egy ez meg de van csak már ha mert én azt el még volt kell most "
    "ami mint vagy ki nagyon itt ma víz",
    "vi": "là và của có không cho tôi được người trong một với những này các đã đi mà thì em anh "
    "lại ở đến như khi ra cũng về nước",
    "hr": "i je u na se da za ne su od to s kao ali sam a što iz bi o ili samo kad već nije još "
    "će po biti kako ima danas voda",
}

LETTERS = {
    "es": "ñ¿¡",
    "fr": "œûëï",
    "pt": "ãõ",
    "it": "ìò",
    "de": "ßäü",
    "sv": "åäö",
    "da": "æøå",
    "no": "æøå",
    "fi": "äö",
    "pl": "łąęśżźćń",
    "cs": "řěůčšž",
    "tr": "ğşıİ",
    "ro": "țșăâ",
    "hu": "őű",
    "vi": "ơưđạảếộ",
    "hr": "čćžšđ",
}
