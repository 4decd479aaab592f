"""Which files of which language are worth having, and how long their lines may be.

The findings of the BigCode project, which looked at samples of files of every extension for The
Stack and StarCoder (Li et al., 2023): 302 pairs, as NeMo Curator's `code_meta.csv` has them.
"""

from __future__ import annotations

import functools
from typing import NamedTuple


class Limits(NamedTuple):
    """What a file has to keep to; None: no limit. Where lines have one, their mean is at most 100.

    `longest` characters in a line at most, `alphanumeric` and `alphabetic` shares of characters at
    least. `wanted` is False for files that are to go whatever they hold.
    """

    wanted: bool
    longest: int | None
    alphanumeric: float | None
    alphabetic: float | None


@functools.cache
def limits() -> dict[tuple[str, str], Limits]:
    """The limits by language (lower case, hyphens) and extension ("" for none)."""
    found, language = {}, ""
    for word in _TABLE.split():
        if word.endswith(":"):
            language = word[:-1]
            continue
        name = word.rstrip("!~^=@*")
        marks = word[len(name) :]
        found[language, "" if name == "." else name] = Limits(
            "!" not in marks,
            None if "~" in marks or "!" in marks else 500 if "^" in marks else 1000,
            None if "=" in marks or "!" in marks else 0.25,
            0.25 if "@" in marks else 0.5 if "*" in marks else None,
        )
    return found


# `.`: without extension. Marks: `!` not wanted, `~` lines of any length, `^` of at most 500
# characters, `=` any share of alphanumerics, `@` and `*` a quarter and half of letters at least
_TABLE = """
ada: ada adb ads@
agda: agda
alloy: als
antlr: g4
applescript: applescript scpt
assembly: a51 asm~ nasm
augeas: aug@
awk: auk awk gawk mawk nawk
batchfile: bat cmd
bison: bison!
bluespec: bsv~
c: c cats! h w!
c++: c++ cc cp cpp cxx h++ hh hpp hxx inl ipp tcc tpp
c-sharp: cake cs cshtml csx!
clojure: boot cl2! clj cljc cljs cljx
cmake: cmake~
coffeescript: _coffee cjsx coffee cson iced
common-lisp: asd lisp lsp ny sexp!
css: css
cuda: cu cuh
dart: dart
dockerfile: 1 3 dockerfile mustache .
elixir: ex exs
elm: elm
emacs-lisp: el emacs
erlang: erl escript hrl xrl! yrl
f-sharp: fs fsi fsx
fortran: f f03 f08 f77! f90 f95 for fpp
glsl: fp@ frag frg! fsh^ fshader geo! geom glsl glslv shader vert vrx! vsh vshader
go: go
groovy: groovy grt! gtpl gvy
haskell: hs hsc
html: htm html xht xhtml
idris: idr lidr
isabelle: thy
java: java
java-server-pages: jsp
javascript: es6 js jsm pac sjs xsjslib
json: json~*
julia: jl
kotlin: kt kts
lean: hlean lean
literate-agda: lagda
literate-coffeescript: litcoffee
literate-haskell: lhs
lua: lua nse wlua
makefile: cmake mak mk txt .
maple: mpl@
markdown: markdown~ md~ mkd~ mkdn~ ron~
mathematica: cdf! ma~=@ mathematica mt nb~=@ nbp! wl@ wlt!
matlab: matlab~@
ocaml: eliom eliomi ml ml4 mli mll mly
pascal: dfm dpr! lpr pas
perl: al! perl ph! pl plx! pm psgi t
php: ctp php phpt
powershell: ps1 psd1 psm1
prolog: prolog yap
protocol-buffer: proto
python: bzl gyp py pyde pyw
r: r~ rd rsx
racket: rkt! rktd! rktl! scrbl
restructuredtext: rest! rst~
rmarkdown: rmd~
ruby: builder gemspec jbuilder podspec rabl rake rb rbw ru ruby thor
rust: rs
sas: sas=
scala: sbt scala
scheme: scm@ sld@ sps@
shell: bash bats command ksh sh tmux tool zsh
smalltalk: st
solidity: sol
sparql: rq sparql
sql: cql db2 ddl pck! pkb pks plb pls! plsql prc@ sql~ tab! udf
stan: stan stan
standard-ml: fun sig! sml
stata: ado~ do~ doh ihlp! mata matah sthlp!
systemverilog: sv@ svh vh
tcl: adp tcl tm
tcsh: csh tcsh
tex: aux! bbx~ bib~ cbx~ dtx~ ins~ lbx~ ltx! mkii~ mkiv~ mkvi~ sty~ tex~ toc!
thrift: thrift
typescript: ts tsx
verilog: veo
vhdl: vhd@ vhdl vhf! vhi vho vht! vhw
visual-basic: bas@ frm~= frx! vb vba vbhtml vbs
xslt: xsl xslt
yacc: y@ yacc yy!
yaml: yaml* yml*
zig: zig
"""
