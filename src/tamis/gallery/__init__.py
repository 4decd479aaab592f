"""A page to look through a finished run with, served to the browser of this machine."""

from __future__ import annotations

from tamis.gallery.catalogue import Catalogue
from tamis.gallery.server import Gallery

__all__ = ["Catalogue", "Gallery"]
