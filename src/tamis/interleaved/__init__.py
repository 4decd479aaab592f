"""Documents of texts and images in order, as rows: one for each element of a document.

Every op here is `interleaved.<name>` in a recipe. `elements` makes rows of documents, the measures
look at the rows of a document together.
"""

from tamis.interleaved.elements import elements, elements_with_bytes
from tamis.interleaved.similarity import best_text_similarity, clip_score
from tamis.interleaved.together import together
from tamis.interleaved.whole import (
    document_words,
    image_count,
    images_per_word,
    text_count,
)

__all__ = [
    "best_text_similarity",
    "clip_score",
    "document_words",
    "elements",
    "elements_with_bytes",
    "image_count",
    "images_per_word",
    "text_count",
    "together",
]
