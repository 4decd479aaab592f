"""A store whose N-th system call fails, in SQLite's manner."""

import errno

from tamis.io.store import Files


class Crash(BaseException):
    """The process ends here: nothing cleans up after it."""


class Failing(Files):
    """Counts system calls and fails the N-th, with an error or as if the process had died.

    `durable=False` counts syncs without waiting for the disk.
    """

    def __init__(self, at, how, durable=True):
        self.at, self.how, self.durable, self.count = at, how, durable, 0

    def _step(self, file=None, data=None):
        self.count += 1
        if self.count == self.at:
            if data is not None:  # a write that fails half way
                super().write(file, data[: len(data) // 2])
            if self.how == "crash":
                raise Crash
            raise OSError(errno.EIO if self.how == "eio" else errno.ENOSPC, "injected")

    def open(self, path):
        self._step()
        return super().open(path)

    def write(self, file, data):
        self._step(file, data)
        return super().write(file, data)

    def sync(self, file):
        self._step()
        super().sync(file) if self.durable else file.flush()

    def rename(self, old, new):
        self._step()
        super().rename(old, new)

    def link(self, old, new):
        self._step()
        super().link(old, new)

    def sync_folder(self, path):
        self._step()
        if self.durable:
            super().sync_folder(path)

    def remove(self, path):
        self._step()
        super().remove(path)
