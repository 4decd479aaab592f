"""N-grams of benchmarks in a text, character by character and word by word, in plain Python."""

import unicodedata

UNSPACED = [
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x303C), (0x3040, 0x30FF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F),
    (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF),
]  # fmt: skip


def words_of(text, punctuation="drop"):
    """(word, first character, character after the last) of each word."""
    found, word, start, end = [], "", 0, 0

    def close():
        nonlocal word
        if word:
            found.append((word, start, end))
        word = ""

    for at, character in enumerate(text):
        kind = unicodedata.category(character)
        if character.isspace() or character == "\0":
            close()
        elif kind[0] in "LM" and any(low <= ord(character) <= high for low, high in UNSPACED):
            close()
            found.append((character.lower(), at, at + 1))
        elif kind[0] in "LMN":
            start = start if word else at
            word, end = word + character.lower(), at + 1
        elif punctuation == "separate":
            close()
    close()
    return found


def ngrams_of(texts, ngram, shortest, punctuation="drop"):
    """All known n-grams."""
    known = set()
    for text in texts:
        words = [word for word, _, _ in words_of(text, punctuation)]
        if len(words) < shortest:
            continue
        if len(words) < ngram:
            known.add(tuple(words))
        for k in range(len(words) - ngram + 1):
            known.add(tuple(words[k : k + ngram]))
    return known


def hits_in(text, known, punctuation="drop"):
    """(first word, words, first character, character after the last) of each place, in order."""
    words = words_of(text, punctuation)
    lengths = sorted({len(one) for one in known})
    return [
        (k, length, words[k][1], words[k + length - 1][2])
        for k in range(len(words))
        for length in lengths
        if k + length <= len(words) and tuple(w for w, _, _ in words[k : k + length]) in known
    ]


def left_of(text, spans, side, min_length):
    """What NeMo Curator's step would leave, with offsets that are right: each span by itself."""
    pieces, begin = [], 0
    marks = [at for at, character in enumerate(text) if character in ".!?"]
    for start, end in spans:
        if start < begin:
            continue
        before = [at for at in marks if begin <= at < start - side]
        pieces.append((begin, before[-1] + 1 if before else begin))
        after = [at for at in marks if at >= end + side and at >= begin]
        begin = after[0] + 1 if after else len(text)
    pieces.append((begin, len(text)))
    stripped = [text[a:b].strip() for a, b in pieces]
    return [piece for piece in stripped if len(piece) > min_length]
