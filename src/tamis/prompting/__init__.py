"""Models at endpoints that speak OpenAI's protocol, asked about rows, or for vectors of texts."""

from tamis.prompting.embed import Embed
from tamis.prompting.step import Prompt

__all__ = ["Embed", "Prompt"]
