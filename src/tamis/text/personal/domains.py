"""Names of the web's hosts: which endings there are."""

from __future__ import annotations

_COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs "
    "bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee "
    "eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk "
    "hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la "
    "lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my "
    "mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro "
    "rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj "
    "tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_GENERIC = (
    "com org net edu gov mil int info biz name pro aero asia cat coop jobs mobi museum post tel "
    "travel xxx academy agency app art bank bar beer best bike blog bot boutique build business "
    "cafe camera camp care cash center charity chat church city cleaning click clinic cloud club "
    "coach codes coffee community company computer consulting contact cool dance date deals dental "
    "design dev diet digital direct directory dog domains download earth education email energy "
    "engineer events exchange expert express family fashion film finance financial fish fitness "
    "foundation fun fund fyi gallery game games garden gift gives global gmbh gold golf graphics "
    "green group guide guru health help holdings holiday homes hospital host hosting hotel house "
    "how immo inc institute insurance international investments jewelry kitchen land law lawyer "
    "legal life limited link live loan lol love ltd luxury management market marketing mba media "
    "medical memorial menu moda moe money movie network news ngo ninja one ong online ooo page "
    "parts partners party pet photo photography photos pics pink pizza place plus press "
    "productions properties property pub quest radio realestate recipes red rent rentals repair "
    "report rest restaurant review reviews rip rocks run sale salon school science security "
    "services shoes shop shopping show singles site ski soccer social software solar solutions "
    "space sport store "
    "stream studio style support surf surgery systems tax taxi team tech technology tennis theater "
    "tickets tips today tools top tours town toys trade training tube university vacations "
    "ventures vet video villas vip vision vote voyage watch webcam website wedding wiki win wine "
    "work works world xyz yoga zone berlin london nyc paris tokyo wien"
)
KNOWN = frozenset(f"{_COUNTRIES} {_GENERIC}".split())
"""Top-level domains: of all countries, and the generic ones that are met with on the web."""
_FILE_ENDINGS = (
    "png jpg jpeg gif webp svg css js ts jsx tsx json xml html htm php txt pdf zip gz exe dll "
    "mp3 mp4 wav csv yml yaml log java cpp"
)
_FILES = frozenset(_FILE_ENDINGS.split())


def known(host: str) -> bool:
    """Whether a host ends in a top-level domain that there is.

    >>> known("example.org"), known("image.png"), known("xn--bcher-kva.example")
    (True, False, False)
    """
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last in KNOWN or last.startswith("xn--")


def plausible(host: str) -> bool:
    """Whether it may end in a top-level domain: letters that are no file's ending."""
    last = host.rpartition(".")[2].lower()
    letters = last.isalpha() and len(last) >= 2
    return (letters and last not in _FILES) or last.startswith("xn--")
