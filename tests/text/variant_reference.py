"""The readings of Gopher, C4, FineWeb and RefinedWeb once more: slow and obvious Python."""

import re
from collections import Counter

import regex

STOP = {"the", "be", "to", "of", "and", "that", "have", "with"}
BULLETS = "•‣⁃⁌⁍∙○●◘◦⦾⦿"
SYMBOLS = set("«´»–—’“”„…∶━►、〈〉《》「」【】％（），１：；～")
SYMBOLS |= {chr(c) for c in range(0x21, 0x7F) if not chr(c).isalnum()}
SYMBOLS |= {chr(c) for c in [*range(9), 11, 12, *range(13, 32), *range(127, 160)]}
TERMINAL = regex.compile(r"\p{Sentence_Terminal}")


def symbolic(word):
    return all(c in SYMBOLS or TERMINAL.match(c) for c in word)


def word_count(text, variant):
    words = text.split()
    if variant == "datatrove":
        return sum(not symbolic(w) for w in words)
    if variant == "dclm":
        return sum(w[0].isalnum() for w in words)
    return len(words)


def word_length(text, variant):
    lengths = sorted(len(w) for w in text.split() if variant != "datatrove" or not symbolic(w))
    if not lengths:
        return None
    if variant == "dolma":
        n = len(lengths)
        return (lengths[(n - 1) // 2] + lengths[n // 2]) / 2
    return sum(lengths) / len(lengths)


def symbol_ratio(text, variant, symbol):
    words = text.split()
    if variant == "dolma" and symbol == "any":
        return sum("#" in w or "…" in w for w in words) / len(words)
    found = text.count("#") if symbol != "ellipsis" else 0
    if symbol != "hash":
        found += text.count("…")
        if variant != "dolma":
            found += text.count("...")
        if variant == "dclm":
            found += text.count(". . .")
    return found / len(words)


def alphabetic(text):
    words = text.split()
    return sum(any(c.isalpha() for c in w) for w in words) / len(words)


def stop_words(text, variant):
    words = text.split()
    if variant == "dclm":
        return sum(w.lower() in STOP for w in words)
    if variant == "dolma":
        return sum(w in STOP for w in words)
    return len(STOP & set(words))


def end_lines(text, variant):
    if variant == "datatrove":
        return [line.strip() for line in text.splitlines()]
    lines = text.split("\n")
    return lines if variant == "dolma" else [s for line in lines if (s := line.strip())]


def bullet_ratio(text, variant):
    lines = end_lines(text, variant)
    marks = {
        "paper": tuple("-*" + BULLETS), "datatrove": ("-", "•"),
        "dclm": ("-", "*", "•", "●"), "dolma": ("-", "*"),
    }[variant]  # fmt: skip
    return sum(line.startswith(marks) for line in lines) / len(lines)


def ellipsis_ratio(text, variant):
    lines = end_lines(text, variant)
    marks = {"dclm": ("...", "…", ". . ."), "dolma": ("…",)}.get(variant, ("...", "…"))
    return sum(line.endswith(marks) for line in lines) / len(lines)


def duplicates(parts, all_copies):
    """How many are duplicates, their characters, and the characters of all."""
    counts, seen, n, chars = Counter(parts), set(), 0, 0
    for part in parts:
        if counts[part] > 1 if all_copies else part in seen:
            n, chars = n + 1, chars + len(part)
        seen.add(part)
    return n, chars, sum(map(len, parts))


def split_lines(text, variant):
    if variant == "datatrove":
        return re.split(r"\n+", text)
    lines = text.split("\n")
    if variant == "dclm":
        return [s for line in lines if (s := line.strip())]
    return lines if variant == "dolma" else [line for line in lines if line.strip()]


def split_paragraphs(text, variant):
    if variant == "datatrove":
        return re.split(r"\n{2,}", text.strip())
    if variant == "dclm":
        return [s for part in text.split("\n\n") if (s := part.strip())]
    return [part for part in re.split(r"\n{2,}", text) if part.strip()]


def repeated(text, variant, kind):
    """Share of duplicate parts, and of their characters."""
    parts = (split_lines if kind == "line" else split_paragraphs)(text, variant)
    n, chars, total = duplicates(parts, variant in ("dclm", "dolma"))
    if variant == "datatrove":
        total = len(text)
    if variant == "dolma":
        total = len("".join(text.split()))
    return n / len(parts), chars / total


def core_words(text):
    found = []
    for word in text.split():
        at = [k for k, c in enumerate(word) if c.isalnum()]
        if at:
            found.append(word[at[0] : at[-1] + 1])
    return found


def covered(spans, words, gap):
    """Characters of words in any of these spans, and of the spaces between two words of one."""
    inside, joined = set(), set()
    for start, stop in spans:
        inside.update(range(start, stop))
        joined.update(range(start, stop - 1))
    return sum(len(words[k]) for k in inside) + gap * len(joined)


def top_ngram(text, variant, n, basis):
    words = text.split() if basis == "whitespace" else core_words(text)
    grams = [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]
    if not grams:
        return 0.0
    best, count = Counter(grams).most_common(1)[0]
    if variant == "datatrove":
        return len(" ".join(best)) * count / len(text)
    if variant == "dolma":
        return len("".join(best)) * count / len("".join(text.split()))
    if count == 1:
        return 0.0
    if variant == "dclm":
        longest = max(len("".join(g)) for g, c in Counter(grams).items() if c == count)
        return longest * count / len("".join(words))
    spans = [(k, k + n) for k, gram in enumerate(grams) if gram == best]
    return covered(spans, words, 1) / len(text)


def duplicate_ngrams(text, variant, n, basis):
    words = text.split() if basis == "whitespace" else core_words(text)
    grams = [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]
    if not grams:
        return 0.0
    counts = Counter(grams)
    if variant == "dolma":
        sizes = [(gram, len("".join(gram))) for gram in grams]
        return sum(s for g, s in sizes if counts[g] > 1) / sum(s for _, s in sizes)
    if variant == "dclm":
        spans = [(k, k + n) for k, gram in enumerate(grams) if counts[gram] > 1]
        return covered(spans, words, 0) / len("".join(words))
    if variant == "datatrove":
        seen, at, chars = set(), 0, 0
        while at < len(grams):
            if grams[at] in seen:
                chars += len("".join(grams[at]))
                at += n
            else:
                seen.add(grams[at])
                at += 1
        return chars / len(text)
    seen, spans = set(), []
    for k, gram in enumerate(grams):
        if gram in seen:
            spans.append((k, k + n))
        seen.add(gram)
    return covered(spans, words, 1) / len(text)


# -- C4 ---------------------------------------------------------------------------------------

POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
          "use cookies")  # fmt: skip
CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")


def lowered(text):
    """Only ASCII letters: the Kelvin sign is no k here."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def c4(text, terminal=True, min_words=3, max_word_length=1000, citations=False, javascript=False,
       policy=False):  # fmt: skip
    """The text that stays, and whether lorem ipsum and a bracket were met."""
    kept, lorem, bracket = [], False, False
    for whole in text.splitlines():
        line = whole.strip()
        words = line.split()
        if any(len(word) > max_word_length for word in words):
            continue
        if not citations:
            line = CITATION.sub("", line)
        if terminal and (not line.endswith((".", "?", "!", '"', "'")) or line.endswith("...")):
            continue
        if len(words) < min_words:
            continue
        lorem |= "lorem ipsum" in lowered(line)
        if not javascript and "javascript" in lowered(line):
            continue
        bracket |= "{" in line
        if not policy and any(phrase in lowered(line) for phrase in POLICY):
            continue
        kept.append(line)
    return "\n".join(kept).strip(), lorem, bracket


CLOSING = "\"')]»’”›…」』）"
TITLES = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "vs")


def letters_before(text):
    """The letters that `text` ends with."""
    k = len(text)
    while k and text[k - 1].isalpha():
        k -= 1
    return text[k:]


def sentences(text):
    count = 0
    for line in text.split("\n"):
        begin = at = 0
        while at < len(line):
            start = at
            if not TERMINAL.match(line[at]):
                at += 1
                continue
            while at < len(line) and (TERMINAL.match(line[at]) or line[at] in CLOSING):
                at += 1
            wide = any(ord(c) >= 0x3000 and TERMINAL.match(c) for c in line[start:at])
            if not wide and at < len(line) and not line[at].isspace():
                continue
            word = letters_before(line[begin:start])
            inside = line[start:at] == "." and at < len(line)
            if inside and (len(word) == 1 or word in TITLES):
                continue
            count += bool(line[begin:at].strip())
            begin = at
        count += bool(line[begin:].strip())
    return count


# -- FineWeb ----------------------------------------------------------------------------------


def fineweb(text, strip=True):
    lines = [line for line in text.split("\n") if line.strip()]
    ends = [line.rstrip() if strip else line for line in lines]
    return (
        sum(bool(TERMINAL.match(line[-1])) for line in ends) / len(lines),
        sum(len(line) <= 30 for line in lines) / len(lines),
        duplicates(lines, False)[1] / len(text.replace("\n", "")),
        text.count("\n") / len(text.split()),
    )


# -- RefinedWeb -------------------------------------------------------------------------------

COUNTER = re.compile(
    r"^\W*\d[,.\d]*[KkMmBb]?\s+(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|"
    r"downvotes|downloads|views|followers)\W*$"
)
CART = re.compile(r"\s?[iI][tT][eE][mM][sS] [iI][nN] [cC][aA][rR][tT]")
MORE = re.compile(r"\s?[rR][eE][aA][dD] [mM][oO][rR][eE](?:\.\.\.|…)$")
SIGN = re.compile(r"^[sS][iI][gG][nN]-[iI][nN]")


def refinedweb(text):
    kept = []
    for line in text.strip().split("\n"):
        inner = line.strip()
        if not inner:
            kept.append("")
            continue
        if sum(c.isupper() for c in inner) / len(inner) > 0.5:
            continue
        if sum(c.isdigit() for c in inner) / len(inner) > 0.999999:
            continue
        if COUNTER.match(lowered(inner)) or len(inner.split()) < 2:
            continue
        if len(inner.split()) <= 10:
            cut = SIGN.sub("", MORE.sub("", CART.sub("", inner).rstrip()).lstrip())
            if cut != inner:
                line = cut.strip()
                if not line:
                    continue
        kept.append(line)
    return "\n".join(kept).strip()


def removed_words(text):
    before = sum(w[0].isalnum() for w in text.split())
    after = sum(w[0].isalnum() for w in refinedweb(text).split())
    return 1.0 if before == 0 else (before - after) / before
