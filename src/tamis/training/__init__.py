"""Classifiers trained from labelled rows, judged on rows they have not seen, written as files."""

from tamis.training.fasttext import train_fasttext
from tamis.training.linear import train_linear
from tamis.training.metrics import Metrics, Trained

__all__ = ["Metrics", "Trained", "train_fasttext", "train_linear"]
