"""What shows a record to a person: its text, and a small picture, or whatever its medium gives.

Reports, the gallery and notebooks all show records through here. A medium is one `Form` in
`FORMS`; `Subject` says which columns of a set it is made from.
"""

from __future__ import annotations

from tamis.exhibits.form import Exhibit, Form
from tamis.exhibits.making import FORMS, exhibits
from tamis.exhibits.subject import Subject, subject, subject_of

__all__ = ["FORMS", "Exhibit", "Form", "Subject", "exhibits", "subject", "subject_of"]
