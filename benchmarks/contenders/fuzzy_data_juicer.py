"""data-juicer: its default executor with the MinHash deduplicator, two processes."""

from __future__ import annotations

import json

import task
from data_juicer.config import init_configs
from data_juicer.core import DefaultExecutor


def main() -> None:
    chosen = task.arguments()
    settings: dict = {"tokenization": "space", "window_size": 5}
    if chosen.setting == "eq":
        settings |= {
            "lowercase": True,
            "num_permutations": chosen.hashes,
            "num_bands": chosen.bands,
            "num_rows_per_band": chosen.rows,
            "jaccard_threshold": 0.8,
        }
    config = {
        "project_name": "benchmark",
        "dataset_path": chosen.input,
        "export_path": f"{chosen.output}/kept/kept.parquet",
        "export_type": "parquet",
        "work_dir": f"{chosen.output}/work",
        "np": chosen.threads,
        "text_keys": "text",
        "use_cache": False,
        "open_tracer": False,
        "open_monitor": False,
        "op_fusion": False,
        "keep_stats_in_res_ds": False,
        "process": [{"document_minhash_deduplicator": settings}],
    }
    path = f"{chosen.output}/config.yaml"
    with open(path, "w") as file:
        json.dump(config, file)  # JSON is YAML
    DefaultExecutor(init_configs(["--config", path])).run()


if __name__ == "__main__":
    main()
