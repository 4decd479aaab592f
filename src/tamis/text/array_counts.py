"""Texts that lie on a device, and what is made of them there, each once.

The arrays of `tamis.text.card_views` are those that views have on the processor, by the same loops;
measures divide the one as the other. Where the arrays are NumPy's, it is the views themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import DataError
from tamis.frame import Texts
from tamis.kernels import cuda, letter_classes, unicode, urls
from tamis.kernels.card_portions import LANES
from tamis.settings import parameters
from tamis.viewing import Views

CARD_VIEWS: dict[str, Callable[..., Any]] = {}
"""For the name of a view the function that makes it on a device, of `TextArrays` and settings."""

_SLACK = 128  # bytes behind the last text, which loops read and none of which they count


class TextArrays:
    """Texts as arrays of `xp` (numpy or cupy): uint8 `data`, int64 `offsets`, bool `valid`.

    Text i is `data[offsets[i]:offsets[i + 1]]`; `offsets` begin with 0 and end with the size of
    `data`, fewer than 2^31 bytes. Views come back as arrays of NumPy; what only other views ask
    for stays on the device.
    """

    def __init__(
        self, xp: Any, data: Any, offsets: Any, valid: Any, device: bool | None = None
    ) -> None:
        self.xp, self.data, self.offsets, self.valid = xp, data, offsets, valid
        self.device = xp is not np if device is None else device
        self._made: dict[Any, Any] = {}
        if self.device and data.size >= 2**31 - _SLACK:
            raise DataError(f"texts of {data.size:,} bytes; split texts of 2 GiB and more first")

    def view(self, name: str, settings: Mapping[str, Any]) -> Any:
        """The view `name` under these settings, as the processor has it, or its counts alone."""
        if not self.device:
            return self._views.get(name, {}, settings)
        make = CARD_VIEWS[name]
        return self.once(make, **{k: v for k, v in settings.items() if k in parameters(make)[1]})

    def once(self, make: Callable[..., Any], **settings: Any) -> Any:
        """What a function makes of these arrays, made when first asked for."""
        key = (make, *sorted(settings.items()))
        if key not in self._made:
            self._made[key] = make(self, **settings)
        return self._made[key]

    @property
    def blank(self) -> np.ndarray:
        """True where a text is null, empty or white space only."""
        return self.view("blank", {}) | ~self.host(self.valid)

    def __len__(self) -> int:
        return len(self.valid)

    @cached_property
    def padded(self) -> Any:
        """The bytes and some more, as kernels take them."""
        return self.xp.concatenate([self.data, self.xp.zeros(_SLACK, np.uint8)])

    @cached_property
    def scratch(self) -> Any:
        """As many bytes once more, for whoever needs a place for each text at the moment."""
        return self.xp.empty(self.data.size + _SLACK, np.uint8)

    def constant(self, name: str) -> Any:
        """A table of `CONSTANTS` on the device."""
        number = 0 if self.xp is np else self.xp.cuda.Device().id
        return _constant(self.xp, name, number)

    def host(self, values: Any) -> np.ndarray:
        """An array in the host's memory."""
        return values if self.xp is np else self.xp.asnumpy(values)

    def zeros(self, shape: Any, kind: Any = np.int64) -> Any:
        """An array of zeros on the device."""
        return self.xp.zeros(shape, kind)

    def sums(self, counts: Any) -> Any:
        """Where each begins of what is counted, int64; last, where all end."""
        found = self.xp.zeros(len(counts) + 1, np.int64)
        if len(counts):
            found[1:] = self.xp.cumsum(counts, dtype=np.int64)
        return found

    def launch(self, kernel: cuda.Kernel, *args: Any) -> None:
        """Run a kernel with a block for each text."""
        lanes = 3 if cuda.simulated() else LANES
        cuda.launch(kernel, len(self), lanes, *map(self._some, args))

    def launch_each(self, kernel: cuda.Kernel, *args: Any) -> None:
        """Run a kernel with a thread for each text."""
        cuda.per_item(kernel, len(self), *map(self._some, args))

    def _some(self, value: Any) -> Any:
        """An array that is not empty: of an empty one, which no kernel looks into, one like it."""
        if getattr(value, "size", 1):
            return value
        return self.xp.zeros([max(1, size) for size in value.shape], value.dtype)

    @cached_property
    def _views(self) -> Views:
        """The views of the processor; none of those asked for here looks at the column itself."""
        frame = pd.DataFrame({"text": np.zeros(len(self), np.uint8)})
        return Views(frame, given={"utf8": Texts(self.data, self.offsets, self.valid)})


CONSTANTS: dict[str, Callable[[], np.ndarray]] = {
    "classes": unicode.classes,
    "letter_classes": letter_classes.letter_classes,
    "url": lambda: urls.url_characters("url"),
    "curator": lambda: urls.url_characters("curator"),
}


@cache
def _constant(xp: Any, name: str, device: int) -> Any:
    return xp.asarray(CONSTANTS[name]())
