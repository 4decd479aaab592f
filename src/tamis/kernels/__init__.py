"""Compiled loops over Arrow buffers: bytes and offsets in, plain arrays out, no GIL held.

Nothing here knows pandas, Dask or a step. A kernel takes `data` (uint8, the bytes of every text one
after another) and `offsets` (int64, one more than there are texts), as `tamis.frame.text_buffers`
gives them, and writes numpy arrays.
"""
