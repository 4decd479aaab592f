"""The published text rules in slow, obvious Python: what the compiled ones are held against.

Written from the rules as documented, for one text at a time. Ties of the top n-gram go to the
n-gram that occurs first, and n-grams join as the language writes.
"""

import collections
import re

import regex

END_MARKS = (".", "?", "!", '"', "'")
ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
BULLETS = tuple("•‣⁃⁌⁍∙○●◘◦⦾⦿")
COMMON = {"the", "be", "to", "of", "and", "that", "have", "with"}
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential for the website to function properly. this "
    "category only includes cookies that ensures basic functionalities and security features of "
    "the website. these cookies do not store any personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used "
    "specifically to collect user personal data via analytics, ads, other embedded contents are "
    "termed as non-necessary cookies. it is mandatory to procure user consent prior to running "
    "these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this "
    "use. acceptread more",
)
URLS = {
    "curator": re.compile(
        r"http[s]?://(?:[a-zA-Z]|[0-9]|[$-_@.&+]|[!*\(\),]|(?:%[0-9a-fA-F]{2}))+"
    ),
    "url": re.compile(r"http[s]?://(?:[a-zA-Z0-9$\-_@.&+/:=?#~!*(),]|%[0-9a-fA-F][0-9a-fA-F])+"),
}


def split_words(text, language="en"):
    if language == "zh":
        import jieba

        return list(jieba.cut(text.strip()))
    if language == "ja":
        import fugashi

        return [node.surface for node in fugashi.Tagger()(text.strip())]
    return text.split()


def split_lines(text):
    return [line for line in text.split("\n") if line.strip()]


def character_count(text):
    return len(text)


def non_alphanumeric_ratio(text):
    return 1 - len(re.findall(r"[a-zA-Z0-9\n?!,.]", text)) / len(text)


def symbol_to_word_ratio(text, language="en"):
    words = split_words(text, language)
    symbols = 0
    for word in (word.strip() for word in words):
        symbols += word in ELLIPSES or 2 * len(re.findall("#+", word)) > len(word)
    return symbols / len(words)


def number_ratio(text):
    return len(regex.findall("[[:digit:]]", text)) / len(text)


def url_ratio(text, pattern="url"):
    return sum(map(len, URLS[pattern].findall(text))) / len(text)


def bullet_line_ratio(text):
    lines = split_lines(text)
    return sum(line.strip().startswith(BULLETS) for line in lines) / len(lines)


def whitespace_ratio(text):
    return sum(c in "\t\n\r\b " for c in text) / len(text)


def parentheses_ratio(text):
    return sum(c in "{}⟨⟩[]()" for c in text) / len(text)


def longest_word_length(text, language="en"):
    return max(map(len, split_words(text, language)))


def word_count(text, language="en"):
    return len(split_words(text, language))


def boilerplate_ratio(text):
    paragraphs = [p.strip().lower() for p in text.split("\n\n")]
    if any("lorem ipsum" in p for p in paragraphs):
        return 1.0
    return sum(any(s in p for s in POLICIES) for p in paragraphs) / len(paragraphs)


def mean_word_length(text, language="en"):
    words = split_words(text, language)
    return sum(map(len, words)) / len(words)


def distinct_line_ratio(text):
    return len(set(split_lines(text))) / len(split_lines(text))


def distinct_paragraph_ratio(text):
    return len(set(text.split("\n\n"))) / len(text.split("\n\n"))


def distinct_line_char_ratio(text):
    lines = split_lines(text)
    return len("".join(set(lines))) / len("".join(lines))


def distinct_paragraph_char_ratio(text):
    paragraphs = text.split("\n\n")
    return len("".join(set(paragraphs))) / len("".join(paragraphs))


def ngrams_of(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def top_ngram_ratio(text, n=2, language="en"):
    words = split_words(text, language)
    if len(words) < n:
        return 1.0
    top, _ = collections.Counter(ngrams_of(words, n)).most_common(1)[0]  # first of equals
    joined = ("" if language in ("zh", "ja") else " ").join(top)
    return (len(text) - len(text.replace(joined, ""))) / len(text)


def duplicate_ngram_ratio(text, n=2, language="en"):
    words = split_words(text, language)
    if len(words) < n:
        return 1.0
    seen, charged, done = set(), 0, 0
    for ngram in ngrams_of(words, n):
        if ngram in seen:
            charged += sum(map(len, ngram[done:]))
            if language not in ("zh", "ja"):
                charged += min(n - done, n - 1)
            done = n
        seen.add(ngram)
        done = max(done - 1, 0)
    return charged / len(text)


def unpunctuated_line_ratio(text):
    lines = split_lines(text)
    return sum(not line.strip().endswith(END_MARKS) for line in lines) / len(lines)


def ellipsis_line_ratio(text):
    lines = split_lines(text)
    return sum(line.strip().lower().endswith(ELLIPSES) for line in lines) / len(lines)


def common_english_word_count(text):
    return sum(word in COMMON for word in text.split())


def alphabetic_word_ratio(text, language="en"):
    words = split_words(text, language)
    return sum(bool(regex.search("[[:alpha:]]", word)) for word in words) / len(words)


def pornographic_url(text, pattern="curator"):
    return any("porn" in url for url in URLS[pattern].findall(text))


def contains(text, substring, position="any"):
    if position == "prefix":
        return text.startswith(substring)
    return text.endswith(substring) if position == "suffix" else substring in text
