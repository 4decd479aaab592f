"""Codes of languages, of several standards, brought to one."""

from __future__ import annotations

import pandas as pd

_SAME = {"cmn": "zh", "nb": "no", "nob": "no", "nn": "no", "nno": "no", "in": "id", "iw": "he"}
"""Codes that label the same language for our purpose: Mandarin, the two Norwegians, old codes."""


def base(labels: pd.Series) -> pd.Series:
    """The language of each tag; three letters as two where there are two. Blank is null."""
    known = {label: _code(label) for label in labels.dropna().unique()}
    return labels.map(known).astype("string").reset_index(drop=True)


def _code(label: str) -> str | None:
    found = str(label).strip().lower().replace("_", "-").partition("-")[0]
    found = _SHORT.get(found, found)
    return _SAME.get(found, found) or None


# ISO 639-1 and ISO 639-3 by turns
_CODES = """
    aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba
    bak be bel bg bul bi bis bm bam bn ben bo bod br bre bs bos ca cat ce che ch cha co cos
    cr cre cs ces cu chu cv chv cy cym da dan de deu dv div dz dzo ee ewe el ell en eng eo
    epo es spa et est eu eus fa fas ff ful fi fin fj fij fo fao fr fra fy fry ga gle gd gla
    gl glg gn grn gu guj gv glv ha hau he heb hi hin ho hmo hr hrv ht hat hu hun hy hye hz
    her ia ina id ind ie ile ig ibo ii iii ik ipk io ido is isl it ita iu iku ja jpn jv jav
    ka kat kg kon ki kik kj kua kk kaz kl kal km khm kn kan ko kor kr kau ks kas ku kur kv
    kom kw cor ky kir la lat lb ltz lg lug li lim ln lin lo lao lt lit lu lub lv lav mg mlg
    mh mah mi mri mk mkd ml mal mn mon mr mar ms msa mt mlt my mya na nau nb nob nd nde ne
    nep ng ndo nl nld nn nno no nor nr nbl nv nav ny nya oc oci oj oji om orm or ori os oss
    pa pan pi pli pl pol ps pus pt por qu que rm roh rn run ro ron ru rus rw kin sa san sc
    srd sd snd se sme sg sag sh hbs si sin sk slk sl slv sm smo sn sna so som sq sqi sr srp
    ss ssw st sot su sun sv swe sw swa ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn
    tsn to ton tr tur ts tso tt tat tw twi ty tah ug uig uk ukr ur urd uz uzb ve ven vi vie
    vo vol wa wln wo wol xh xho yi yid yo yor za zha zh zho zu zul
""".split()  # noqa: SIM905
# the codes of ISO 639-2 that libraries use (639-2/B), and those of 639-3 for the same
_BIBLIOGRAPHIC = """
    alb sqi arm hye baq eus bur mya chi zho cze ces dut nld fre fra geo kat ger deu gre ell
    ice isl mac mkd mao mri may msa per fas rum ron slo slk tib bod wel cym
""".split()  # noqa: SIM905
_SHORT = dict(zip(_CODES[1::2], _CODES[::2], strict=True))
_SHORT |= {
    old: _SHORT[new] for old, new in zip(_BIBLIOGRAPHIC[::2], _BIBLIOGRAPHIC[1::2], strict=True)
}
