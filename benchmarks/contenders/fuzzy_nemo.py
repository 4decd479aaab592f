"""nemo-curator: its fuzzy workflow, which imports cuDF."""

from __future__ import annotations

from nemo_curator.stages.deduplication.fuzzy.workflow import FuzzyDeduplicationWorkflow

raise SystemExit(f"{FuzzyDeduplicationWorkflow.__name__} imported: write its contender")
