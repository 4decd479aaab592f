"""LaTeX as prose."""

import pytest

pytest.importorskip("pylatexenc")

from tamis.codes import BadRecord
from tamis.io.latex_text import plain

CASES = {
    r"\emph{Emph} and {\bf bold} \textbf{\textit{both}}": "Emph and bold both",
    r"\'Etude, na\"{\i}ve, \c{c}a, \ss, \O rsted, \~n": "Étude, naïve, ça, ß, Ørsted, ñ",
    r"``quoted'' -- dash --- dash": "“quoted” – dash — dash",
    r"50\% \& \$5 \# a\_b": "50% & $5 # a_b",
    r"as in \cite{a}, \citep[see][p.~3]{b} (\citet*{c}).": "as in.",
    r"Fig.~\ref{f} and Eq.~(\eqref{e}).": "Fig. and Eq.",
    r"$x^2$ and \(y\) and $$z$$": r"$x^2$ and \(y\) and $$z$$",
    r"\section*{A} b \subsection[s]{C} d": "A\n\nb\n\nC\n\nd",
    r"\begin{itemize}\item one \item[x] two\end{itemize}": "one\ntwo",
    r"a\begin{figure}[t]\includegraphics{x}\caption{no}\end{figure}b": "a\n\nb",
    r"\begin{table*}\begin{tabular}{c}a&b\end{tabular}\end{table*}b": "b",
    r"a\footnote{note} b\label{x}": "a b",
    r"\href{http://a.b/%7E}{label} \url{http://a.b/%7Ec}": "label http://a.b/%7Ec",
    r"\textcolor{red}{red} \unknown{kept} \unknown[x]{kept}": "red kept [x]kept",
    "\\begin{verbatim}\nraw $ {\n  x\n\\end{verbatim}": "raw $ {\nx",
    r"\begin{theorem}[Name] A \end{theorem}": "A",
    "one\ntwo\n\nthree\\\\four": "one two\n\nthree\nfour",
    r"\verb|x_y|": "x_y",
    "{unclosed $x": "unclosed $x",
    "": "",
}


@pytest.mark.parametrize("source", CASES)
def test_cases(source):
    assert plain(source) == CASES[source]


def test_what_is_nested_too_deep():
    with pytest.raises(BadRecord, match="too deep"):
        plain("{" * 5000)
