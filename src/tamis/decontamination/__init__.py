"""Benchmarks found in training data by the n-grams of their examples, and taken out of it."""

from tamis.decontamination.benchmarks import Benchmark
from tamis.decontamination.counting import matches, met
from tamis.decontamination.step import Decontaminate
from tamis.decontamination.tasks import TASKS

__all__ = ["TASKS", "Benchmark", "Decontaminate", "matches", "met"]
