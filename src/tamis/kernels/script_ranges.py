"""Which script each code point is written in, as found by `tools/script_ranges.py`; do not edit.

The property Script of regex 2026.11.19. `RANGES` has base-36 numbers by threes: code points that
belong to no script, or to all; code points of one script; its number in `SCRIPTS`.
"""

from __future__ import annotations

SCRIPTS = """
Latn Cyrl Grek Arab Hebr Hani Hira Kana Hang Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh
Thai Laoo Tibt Mymr Geor Armn Ethi Khmr Mong Adlm Aghb Ahom Armi Avst Bali Bamu Bass Batk Berf
Bhks Bopo Brah Brai Bugi Buhd Cakm Cans Cari Cham Cher Chrs Copt Cpmn Cprt Diak Dogr Dsrt Dupl
Egyp Elba Elym Gara Glag Gong Gonm Goth Gran Gukh Hano Hatr Hluw Hmng Hmnp Hung Ital Java Kali
Kawi Khar Khoj Kits Krai Kthi Lana Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc
Medf Mend Merc Mero Modi Mroo Mtei Mult Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Onao Orkh
Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr Samr Sarb Saur Sgnw
Shaw Shrd Sidd Sind Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr Tale Talu Tang Tavt Tayo
Tfng Tglg Thaa Tirh Tnsa Todr Tols Toto Tutg Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii Zanb
"""

RANGES = """
1t q 0 6 q 0 1b 1 0 f 1 0 5 n 0 1 v 0 1 ch 0 13 5 0 5 2 13 3o 4 2 1 3 2 2 4 2 1 1 2 4 1 2 1 1 2 1
3 2 1 1 2 1 k 2 1 1r 2 0 e 1e 0 g 2 0 3p 1 2 4p 1 1 12 o 1 1k o 1 1l 4 6 r 4 4 6 4 b 5 3 1 6 3 1 e
3 1 3 3 1 w 3 1 a 3 b q 3 1 30 3 1 y 3 0 e 40 1 1o 40 2 3 40 0 1c 3 0 1e 4a e 1n 30 2 3 30 0 1a 3l
2 f 3l 1 s 2k 2 1 2k 1 b 40 5 y 3 5 23 3 1 t 3 0 29 9 4 f 9 2 q 9 0 4 a 1 8 a 2 2 a 2 m a 1 7 a 1
1 a 3 4 a 2 9 a 2 2 a 2 4 a 8 1 a 4 2 a 1 5 a 2 p a 2 3 b 1 6 b 4 2 b 2 m b 1 7 b 1 2 b 1 2 b 1 2
b 2 1 b 1 5 b 4 2 b 2 3 b 3 1 b 7 4 b 1 1 b 7 h b a 3 c 1 9 c 1 3 c 1 m c 1 7 c 1 2 c 1 5 c 2 a c
1 3 c 1 3 c 2 1 c f 4 c 2 c c 7 7 c 1 3 d 1 8 d 2 2 d 2 m d 1 7 d 1 2 d 1 5 d 2 9 d 2 2 d 2 3 d 5
5 d 4 2 d 1 5 d 2 i d a 2 e 1 6 e 3 3 e 1 4 e 3 2 e 1 1 e 1 2 e 3 2 e 3 3 e 3 c e 4 5 e 3 3 e 1 4
e 2 1 e 6 1 e e l e 5 d f 1 3 f 1 n f 1 g f 2 9 f 1 3 f 1 4 f 7 2 f 1 3 f 1 2 f 2 4 f 2 a f 7 9 f
0 d g 1 3 g 1 n g 1 a g 1 5 g 2 9 g 1 3 g 1 4 g 7 2 g 5 3 g 1 4 g 2 a g 1 3 g c d h 1 3 h 1 1f h 1
3 h 1 6 h 4 g h 2 q h 1 3 i 1 i i 3 o i 1 9 i 1 1 i 2 7 i 3 1 i 4 6 i 1 1 i 1 8 i 6 a i 2 3 i c 1m
j 5 s j 11 2 k 1 1 k 1 5 k 1 o k 1 1 k 1 n k 2 5 k 1 1 k 1 7 k 1 a k 2 4 k w 20 l 1 10 l 4 13 l 1
10 l 1 f l 1 7 l 4 2 l 11 4g m 0 12 n 1 1 n 5 1 n 2 17 n 1 4 n 0 74 8 0 21 p 1 4 p 2 7 p 1 1 p 1 4
p 2 15 p 1 4 p 2 x p 1 4 p 2 7 p 1 1 p 1 4 p 2 f p 1 1l p 1 4 p 2 1v p 2 w p 3 q p 6 2e 1c 2 6 1c
2 hs 19 0 t 32 3 23 3k 3 b 3k 7 m 49 9 1 49 0 l 1v b k 17 c d 41 1 3 41 1 2 41 c 2m q 2 a q 6 a q
6 2 r 2 1 r 1 k r 6 2h r 7 17 r 5 1y 19 a v 2c 1 c 2c 4 c 2c 4 1 2c 3 c 2c 0 u 43 2 5 43 b 18 44 4
q 44 6 b 44 3 2 44 0 w q 0 s 16 2 2 16 0 1r 2a 1 t 2a 2 b 2a 6 a 2a 6 e 2a 2a 25 x 1 1e x 0 1s 3x
0 1g 10 8 4 10 0 1k 2b 3 f 2b 3 3 2b 0 1c 33 0 b 1 5 17 n 2 3 n 0 8 3x 1k 12 0 0 5 2 0 1 1 0 1d 0
0 5 2 0 4 0 0 5 2 0 d 0 0 1 1 0 1y 0 0 1 2 1s 74 0 0 m 2 2 6 2 2 12 2 2 6 2 2 8 2 1 1 2 1 1 2 1 1
2 1 v 2 2 1h 2 1 f 2 1 e 2 2 6 2 1 j 2 2 3 2 1 9 2 36 1 0 d 1 0 g g 0 3q 1 2 3 2 0 6 1 0 r 1 0 h
15 0 19z 74 15 lc 2o 1p 0 w 0 0 38 1e 5 7 1e 0 12 n 1 1 n 5 1 n 2 1k 48 7 2 48 e 1 48 0 n p 9 7 p
1 7 p 1 7 p 1 7 p 1 7 p 1 7 p 1 7 p 1 7 p 1 w 1 3k q 5 1 2h 5 c 5y 5 1b 1 5 1 1 5 p 9 5 4 2 8 8 4
5 5 2e 6 6 3 6 1 2i 7 2 3 7 5 17 13 1 2m 8 h w 13 1c g 7 0 v 8 1t v 8 29 1b 7 1 2g 7 4o 534 5 1s
g74 5 0 wd 4p 3 1j 4p 9 1c 2f 0 8c 4i k 2o 1 0 2g y 16 2u 0 3 2b 0 4 1 0 e f 0 0 19 3z j 1k 3c 8
1y 3n 8 c 3n 6 w 9 0 1a 23 1 1 23 0 10 3i b 1 3i 0 t 8 3 26 22 2 a 22 4 2 22 0 v m 1 1j 1b 9 e 1b
2 a 1b 2 4 1b 0 w m 0 1v 46 o 5 46 0 n 2t a 6 p 2 6 p 2 6 p 9 7 p 1 7 p 1 17 0 1 9 0 0 1 2 0 4 0 2
2 0 2 28 1c 0 1a 2t 2 a 2t 6 8mc 8 c n 8 4 1d 8 6is a6 5 2 2y 5 12 7 0 c 5 o 5 q 4 1 5 4 1 1 4 1 2
4 1 2 4 1 a 4 0 dq 3 2 40 3 w g 3 1a 2 1 1s 5 3 1 3r 3 10 q 0 6 q 0 b a 7 1 19 7 2 v 8 3 6 8 2 6 8
2 6 8 2 3 8 z c 2e 1 q 2e 1 j 2e 1 2 2e 1 f 2e 2 e 2e y 3f 2e 1x 27 2 h 1 2 67 t 2g 3 1d 1a 1b 10
21 9 3 21 0 r 1s 5 17 3b 5 u 4h 1 1 4h 0 10 4m 4 e 4m 16 28 1j 0 1c 3p 0 u 37 2 a 37 6 10 36 4 10
36 4 14 1m 8 1g t b 1 t 0 b 4j 1 f 4j 1 7 4j 1 2 4j 1 b 4j 1 f 4j 1 7 4j 1 2 4j 3 1g 4d c 8n 2d 9
m 2d a 8 2d o 6 0 1 16 0 1 e 0 1s 6 1g 2 1 1g 1 18 1g 1 2 1g 3 1 1g 2 1 1g 0 m v 1 9 v 0 w 39 0 v
2y 8 9 2y 1c j 1w 1 2 1w 5 5 1w 0 s 3f 3 1 3f 0 q 2h 5 1 2h 1s w 2q 0 o 2p 4 k 2p 2 1a 2p 0 4 25 1
2 25 5 8 25 1 3 25 1 t 25 2 3 25 4 a 25 7 9 25 7 w 3m 0 w 2x w 13 2l 4 c 2l 9 1i w 3 7 w 0 m 3h 2
8 3h 0 j 3d 5 8 3d 0 i 3e 7 4 3e c 7 3e 28 21 35 1j 1f 20 d 1f 20 7 6 20 0 14 3j 8 a 3j 6 12 1o 3
t 1o 8 2 1o 5s v 3 1 16 4o 1 3 4o 2 2 4o g 6 3 1 12 3 1 g 3 0 14 3u 8 16 3t m q 38 12 s 1d k n 1n
9 26 14 4 10 14 9 1 14 0 1v 29 a 1 29 2 p 3v 7 a 3v 6 1h 18 1 i 18 8 13 2i 9 2o 3q 1 k i b i 26 1
1b 26 1q 7 2u 1 1 2u 1 4 2u 1 f 2u 1 b 2u 6 1n 3s 5 a 3s 6 4 1t 1 8 1t 2 2 1t 2 m 1t 1 7 1t 1 2 1t
1 5 1t 2 9 1t 2 2 1t 2 3 1t 2 1 1t 6 1 1t 5 7 1t 2 7 1t 3 5 1t b a 4g 1 1 4g 2 1 4g 1 12 4g 1 a 4g
1 1 4g 2 1 4g 1 4 4g 1 a 4g 1 2 4g 8 2 4g t 2k 2z 1 5 2z u 20 4b 8 a 4b 4m 1i 3r 2 12 3r y 1x 2r b
a 2r 6 d r j 1m 42 6 a 42 6 k m s r u 2 f u 4 n u 55 1o 1i 2s 2b 4k c 1 4k 0 7 1h 2 1 1h 2 8 1h 1
2 1h 1 u 1h 1 2 1h 2 c 1h 9 a 1h 1y 8 2w 2 1a 2w 2 b 2w r 20 4q 8 2b 3w d g 19 0 1l 3a 7 b 9 2d 8
3q 2g y 3y e a 3y 6 9 12 1 19 12 1 e 12 a t 12 3 w 2m 2 m 2m 1 e 2m 21 7 1r 1 2 1r 1 18 1r 3 1 1r
1 2 1r 1 9 1r 8 a 1r 6 6 1q 1 2 1q 1 11 1q 1 2 1q 1 6 1q 7 a 1q 6 18 4e 4 a 4e 6 2 a 6m p 2j 7 h
24 1 15 24 3 t 24 2d 1 2f f 1e e d 1 e 0 pm 4n 2u 90 4n c 2g 4n 4k 1n 4n 1s9 2r 1f d uu 1l a 32z
1l 5 g7 1x 5a1 1m 1u 1c6 ft y 7 v 2s 1 a 2s 4 2 2s 0 27 4c 1 a 4c 6 u z 2 6 z a 1y 1y a a 1y 1 7
1y 1 l 1y 5 j 1y c0 1m 28 5i 2j 2n 5 p 11 2 p 11 18 23 3g 4 1l 3g 7 h 3g 1s 1 45 0 1 31 0 2 5 0 1
27 b 7 5 9 5c0 45 0 d7 27 10 1 27 0 x 45 2n 37 45 6pp 4 7 1 7 7 1 2 7 1 1 7 0 7z 6 0 3 7 0 1 6 0 5
7 9 1 6 t 3 6 2 1 7 e 5 7 7 b0 31 1s4 2z 1k 5 d 1k 3 9 1k 7 a 1k 2 4 1k 480 1y 2 14q i4 3o f 5 3o
1 f 3o uo 3m 0 e 7 0 1i 12 0 0 2 2 0 b 0 0 7 1p 1 h 1p 2 7 1p 1 2 1p 1 5 1p 5 1q 1 x 1 1 34 19 1z
3 e 1z 2 a 1z 4 2 1z 8w v 4f h 1m 4l 5 1 4l cw 16 2v 5y 17 34 4 1 34 5c v 47 1 m 47 8 2 47 68 7 p
1 4 p 1 2 p 1 f p 1 5h 2o 2 g 2o 15 24 s 4 a s 4 2 s ww 4 3 1 r 3 1 2 3 1 1 3 2 1 3 1 a 3 1 4 3 1
1 3 1 1 3 6 1 3 4 1 3 1 1 3 1 1 3 1 3 3 1 2 3 1 1 3 2 1 3 1 1 3 1 1 3 1 1 3 1 1 3 1 2 3 1 1 3 2 4
3 1 7 3 1 4 3 1 4 3 1 1 3 1 a 3 1 h 3 5 3 3 1 5 3 1 h 3 1g 2 3 lq 1 6 2rj wyo 5 w 3dr 5 1 4ge 5 2
5rl 5 f ha 5 1wi f2 5 15u 3t7 5 5 6ju 5
"""
