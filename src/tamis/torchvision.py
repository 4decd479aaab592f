"""torchvision where its compiled part does not fit torch: a build for CUDA beside a CPU's."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

_ONE = threading.Lock()
_KEPT: list[Any] = []  # declarations of operators go when the library that made them goes


def mend_torchvision(torch: Any) -> Any:
    """torchvision, imported whether or not its compiled part can load; None where there is none.

    It dies of an operator that is not there (pytorch/vision issue 8985), and with it open_clip,
    timm, transformers and sentence-transformers, which only ask for its transforms. So the operator
    is declared, without a body. A torchvision that can be imported is left as it is. To be called
    before any of those is imported.
    """
    with _ONE:
        try:
            return importlib.import_module("torchvision")
        except ModuleNotFoundError:
            return None
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        _KEPT.append(library)
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return importlib.import_module("torchvision")
