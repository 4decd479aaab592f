"""Names for people, places and firms that are made up."""

from __future__ import annotations

_GIVEN = (
    "Ada Alan Alba Alma Amir Anna Anton Arun Asha Ben Bela Bruno Carla Cato Chen Clara Cyrus "
    "Dana Darius Della Dora Edgar Eli Elin Emil Enzo Erik Esther Eva Ezra Fabio Farah Felix "
    "Flora Freya Gita Greta Gustav Hana Hector Helga Hugo Ida Ines Ingrid Iris Ivan Jana Jonas "
    "Jorge Julia Kai Karim Katja Kenji Lara Lars Leila Leo Lina Lorenz Luca Maia Malik Marta "
    "Mateo Mei Mila Milan Mina Nadia Nico Nils Nora Olga Omar Oscar Otto Paola Petra Priya "
    "Quinn Rafael Rania Rosa Ruth Samir Sara Selma Sven Tara Theo Tilda Tomas Ulla Uma Vera "
    "Viktor Wanda Yara Yusuf Zara Zoltan"
)

_FAMILY = (
    "Abel Acker Albrook Amsel Arden Aster Baines Barlow Becker Bellini Berg Birch Blume Brandt "
    "Brook Calder Carver Castell Cole Corwin Dahl Dale Darrow Delmar Drake Eames Eder Elling "
    "Engel Farrow Fenn Ferrer Finch Forster Frost Gale Garner Glenn Gray Grove Haldane Hale "
    "Harrow Hart Heller Holm Hollis Hunt Ivers Jansen Jarvis Keller Kent Kerr Kimura Lang "
    "Larkin Lehmann Lind Lowe Lund Maddox Marsh Mercer Merrin Moor Nash Neumann Noor Norden "
    "Oakes Olsen Orton Pace Page Palmer Perrin Pike Quill Ramsey Reed Rowe Sand Sayer Selby "
    "Shaw Silva Stone Tanner Thorne Tilley Vance Vega Vogel Wade Walden Ward Weller West Winter "
    "Yates York Zeller Zorn"
)

_PLACES = (
    "Alderby Ashmere Birkholm Brackwater Brunnthal Castelmora Colvista Corrindale Dunhollow "
    "Eastmarch Eldenau Fairhaven Falkenried Farnmoor Glenbarrow Graumund Hartwick Hollenbrück "
    "Kestrelford Lakemont Larkbridge Lindenau Marrowgate Millbrae Montefiora Nordhaven "
    "Oakhollow Orlemond Pinecrest Quarrydon Ravensby Rosenau Saltmere Seldenburg Silverton "
    "Stonebeck Thornwick Umberfield Valdemar Valmora Westerholm Willowmere Wrenfield Yarrowdale"
)

GIVEN, FAMILY, PLACES = _GIVEN.split(), _FAMILY.split(), _PLACES.split()
FIRMS = ("Ltd", "Group", "Partners", "Works", "Holding", "& Sons", "Systems", "Trading")
STREETS = ("Street", "Road", "Avenue", "Lane", "Court", "Drive")
"""How firms and streets are called beside a name."""
