"""Text: what can be measured in it. Every name here is an op, `text.<name>` in a recipe."""

from tamis.text import on_card as _on_card  # noqa: F401  registers versions for cuDF
from tamis.text.answers import agreed_winner, conversation, refusal, remove_preamble
from tamis.text.bitext import copied, length_ratio, number_agreement
from tamis.text.c4 import (
    c4_curly_bracket,
    c4_lines,
    c4_lorem_ipsum,
    long_line_count,
    sentence_count,
)
from tamis.text.causal import causal_perplexity
from tamis.text.characters import (
    character_count,
    non_alphanumeric_ratio,
    number_ratio,
    parentheses_ratio,
    whitespace_ratio,
)
from tamis.text.chunks import chunks, parts, token_chunks
from tamis.text.classes import class_label, class_labels, class_score, class_scores
from tamis.text.code import (
    alphabetic_ratio,
    characters_per_token,
    code_extension_fits,
    comment_ratio,
    line_count,
    longest_line_length,
    mean_line_length,
    visible_text_ratio,
    xml_header,
)
from tamis.text.edits_boilerplate import remove_boilerplate
from tamis.text.edits_characters import (
    normalize_unicode,
    normalize_whitespace,
    remove_control_characters,
    shorten_repeats,
)
from tamis.text.edits_citations import remove_citations, remove_references
from tamis.text.edits_lines import normalize_newlines, remove_lines
from tamis.text.edits_markup import remove_markdown, remove_quotation_marks, remove_urls
from tamis.text.edits_slice import slice
from tamis.text.edits_unicode import fix_unicode
from tamis.text.edits_url import normalize_url
from tamis.text.embedding import embedding, static_embedding
from tamis.text.ensembles import label_vote, score_ensemble
from tamis.text.expressions import match_count, matches, replace_matches
from tamis.text.fasttext_labels import (
    fasttext_label,
    fasttext_line,
    fasttext_quality_draw,
    fasttext_score,
)
from tamis.text.fineweb import (
    fineweb_duplicate_line_char_ratio,
    fineweb_newline_ratio,
    fineweb_punctuated_line_ratio,
    fineweb_short_line_ratio,
)
from tamis.text.gopher import (
    gopher_alphabetic_word_ratio,
    gopher_bullet_line_ratio,
    gopher_ellipsis_line_ratio,
    gopher_stop_word_count,
    gopher_symbol_ratio,
    gopher_word_count,
    gopher_word_length,
)
from tamis.text.gopher_repetition import (
    gopher_duplicate_line_char_ratio,
    gopher_duplicate_line_ratio,
    gopher_duplicate_ngram_ratio,
    gopher_duplicate_paragraph_char_ratio,
    gopher_duplicate_paragraph_ratio,
    gopher_top_ngram_ratio,
)
from tamis.text.histogram import known_character_ratio
from tamis.text.html_extract import extract_justext, extract_resiliparse, extract_trafilatura
from tamis.text.language import language, language_agreement, language_score, languages
from tamis.text.language_names import in_language
from tamis.text.language_parts import main_language_ratio, paragraph_languages
from tamis.text.linear_labels import linear_label, linear_score
from tamis.text.lines import (
    boilerplate_ratio,
    bullet_line_ratio,
    distinct_line_char_ratio,
    distinct_line_ratio,
    distinct_paragraph_char_ratio,
    distinct_paragraph_ratio,
    ellipsis_line_ratio,
    unpunctuated_line_ratio,
)
from tamis.text.perplexity import perplexity
from tamis.text.personal import (
    personal_count,
    personal_counts,
    personal_ratio,
    personal_spans,
    redact,
    redact_spans,
)
from tamis.text.prompts import prompt_complexity, prompt_task
from tamis.text.refinedweb import refinedweb_lines, refinedweb_removed_word_ratio
from tamis.text.repetition import duplicate_ngram_ratio, top_ngram_ratio
from tamis.text.rewards import reward
from tamis.text.rewriting import rewrite
from tamis.text.safety import poisoning_score, safety_answer, safety_label
from tamis.text.scripts import script, script_ratio
from tamis.text.substrings import contains, pornographic_url, url_ratio
from tamis.text.tokens import token_count
from tamis.text.url_lists import url_host, url_list_entry, url_listed
from tamis.text.vector_similarity import cosine
from tamis.text.word_lists import word_list_count, word_list_first, word_list_ratio
from tamis.text.words import (
    alphabetic_word_ratio,
    common_english_word_count,
    longest_word_length,
    mean_word_length,
    symbol_to_word_ratio,
    word_count,
)

__all__ = [
    "agreed_winner",
    "alphabetic_ratio",
    "alphabetic_word_ratio",
    "boilerplate_ratio",
    "bullet_line_ratio",
    "c4_curly_bracket",
    "c4_lines",
    "c4_lorem_ipsum",
    "causal_perplexity",
    "character_count",
    "characters_per_token",
    "chunks",
    "class_label",
    "class_labels",
    "class_score",
    "class_scores",
    "code_extension_fits",
    "comment_ratio",
    "common_english_word_count",
    "contains",
    "conversation",
    "copied",
    "cosine",
    "distinct_line_char_ratio",
    "distinct_line_ratio",
    "distinct_paragraph_char_ratio",
    "distinct_paragraph_ratio",
    "duplicate_ngram_ratio",
    "ellipsis_line_ratio",
    "embedding",
    "extract_justext",
    "extract_resiliparse",
    "extract_trafilatura",
    "fasttext_label",
    "fasttext_line",
    "fasttext_quality_draw",
    "fasttext_score",
    "fineweb_duplicate_line_char_ratio",
    "fineweb_newline_ratio",
    "fineweb_punctuated_line_ratio",
    "fineweb_short_line_ratio",
    "fix_unicode",
    "gopher_alphabetic_word_ratio",
    "gopher_bullet_line_ratio",
    "gopher_duplicate_line_char_ratio",
    "gopher_duplicate_line_ratio",
    "gopher_duplicate_ngram_ratio",
    "gopher_duplicate_paragraph_char_ratio",
    "gopher_duplicate_paragraph_ratio",
    "gopher_ellipsis_line_ratio",
    "gopher_stop_word_count",
    "gopher_symbol_ratio",
    "gopher_top_ngram_ratio",
    "gopher_word_count",
    "gopher_word_length",
    "in_language",
    "known_character_ratio",
    "label_vote",
    "language",
    "language_agreement",
    "language_score",
    "languages",
    "length_ratio",
    "line_count",
    "linear_label",
    "linear_score",
    "long_line_count",
    "longest_line_length",
    "longest_word_length",
    "main_language_ratio",
    "match_count",
    "matches",
    "mean_line_length",
    "mean_word_length",
    "non_alphanumeric_ratio",
    "normalize_newlines",
    "normalize_unicode",
    "normalize_url",
    "normalize_whitespace",
    "number_agreement",
    "number_ratio",
    "paragraph_languages",
    "parentheses_ratio",
    "parts",
    "perplexity",
    "personal_count",
    "personal_counts",
    "personal_ratio",
    "personal_spans",
    "poisoning_score",
    "pornographic_url",
    "prompt_complexity",
    "prompt_task",
    "redact",
    "redact_spans",
    "refinedweb_lines",
    "refinedweb_removed_word_ratio",
    "refusal",
    "remove_boilerplate",
    "remove_citations",
    "remove_control_characters",
    "remove_lines",
    "remove_markdown",
    "remove_preamble",
    "remove_quotation_marks",
    "remove_references",
    "remove_urls",
    "replace_matches",
    "reward",
    "rewrite",
    "safety_answer",
    "safety_label",
    "score_ensemble",
    "script",
    "script_ratio",
    "sentence_count",
    "shorten_repeats",
    "slice",
    "static_embedding",
    "symbol_to_word_ratio",
    "token_chunks",
    "token_count",
    "top_ngram_ratio",
    "unpunctuated_line_ratio",
    "url_host",
    "url_list_entry",
    "url_listed",
    "url_ratio",
    "visible_text_ratio",
    "whitespace_ratio",
    "word_count",
    "word_list_count",
    "word_list_first",
    "word_list_ratio",
    "xml_header",
]
