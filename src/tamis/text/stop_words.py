"""Stop words of many languages, and how much of a paragraph they are.

Prose has them, menus and lists have not. The lists are jusText's, made of Wikipedia's commonest
words. Languages written without spaces have no words to count; as in NeMo Curator, Korean is
counted among them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

UNSPACED = frozenset(["zh", "yue", "wuu", "ja", "th", "ko", "lo", "km", "my", "bo", "dz"])
"""Languages of which no stop words are counted."""
NAMES = {
    "af": "Afrikaans", "an": "Aragonese", "ar": "Arabic", "ast": "Asturian", "az": "Azerbaijani",
    "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "bpy": "Bishnupriya_Manipuri",
    "br": "Breton", "bs": "Bosnian", "ca": "Catalan", "ceb": "Cebuano", "cs": "Czech",
    "cv": "Chuvash", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "fy": "West_Frisian", "ga": "Irish", "gl": "Galician",
    "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "io": "Ido",
    "is": "Icelandic", "it": "Italian", "jv": "Javanese", "ka": "Georgian", "kk": "Kazakh",
    "kn": "Kannada", "ku": "Kurdish", "ky": "Kyrgyz", "lb": "Luxembourgish", "lmo": "Lombard",
    "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mr": "Marathi",
    "ms": "Malay", "mt": "Maltese", "nap": "Neapolitan", "nds": "Low_Saxon", "ne": "Nepali",
    "new": "Newar", "nl": "Dutch", "nn": "Norwegian_Nynorsk", "no": "Norwegian_Bokmal",
    "oc": "Occitan", "pl": "Polish", "pms": "Piedmontese", "pnb": "Western_Panjabi",
    "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian", "ru": "Russian", "scn": "Sicilian",
    "sh": "Serbo_Croatian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian",
    "su": "Sundanese", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu",
    "tk": "Turkmen", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "uz": "Uzbek", "vi": "Vietnamese", "vo": "Volapuk", "wa": "Walloon", "war": "Waray_Waray",
    "yo": "Yoruba",
}  # fmt: skip
"""What jusText calls the languages that it has a list of, by the codes of `text.language`."""


@functools.cache
def stop_words(language: str | None) -> frozenset[str] | None:
    """The stop words of a language, lower case; None where none are counted."""
    if language is None or language in UNSPACED or language not in NAMES:
        return None
    import justext

    return frozenset(word.lower() for word in justext.get_stoplist(NAMES[language]))


def prose(text: str, words: frozenset[str] | None, least: float) -> Iterator[str]:
    """The lines of a text that are not blank and of whose words a share of `least` are stop words.

    >>> list(prose("Home\\nIt is what it is.", frozenset(["it", "is"]), 0.32))
    ['It is what it is.']
    """
    lines = text.split("\n")
    if words is None or least <= 0:
        yield from filter(None, map(str.strip, lines))
        return
    known = words.__contains__
    for line, lowered in zip(lines, text.lower().split("\n"), strict=True):
        said = lowered.split()
        if said and sum(map(known, said)) >= least * len(said):
            yield line.strip()
