"""The exceptions tamis raises, each also one of Python's own."""


class TamisError(Exception):
    """Common base of everything tamis raises on purpose."""


class SettingError(TamisError, ValueError):
    """A setting, bound or recipe entry that cannot be right."""


class ColumnError(TamisError, KeyError):
    """A column that is not there, or is there twice, or holds the wrong type."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class DataError(TamisError, ValueError):
    """Input that cannot be used: no files, duplicate ids, too many unreadable records."""


class DamageError(DataError):
    """A folder that is not what its manifest says: a file missing, changed, or of another size."""


class WriteError(TamisError, OSError):
    """A file or folder that cannot be written: no permission, a full or read-only disk."""


class UncommittedError(TamisError, OSError):
    """A folder whose writing was not finished: it has parts but no manifest."""


class EndpointError(TamisError, ConnectionError):
    """A service that steps ask refuses all of it, or is gone; what it has answered is kept."""


class StepError(TamisError, RuntimeError):
    """A step failed on rows that are not to be shown: what it says of them is left out."""


class MissingPackageError(TamisError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""


class CardError(TamisError, RuntimeError):
    """A GPU that failed for good, as far as this process goes; what is done is kept, run again."""


class AccountingError(TamisError, RuntimeError):
    """Rows in are not rows kept plus rows dropped: a defect in tamis or in its storage."""
