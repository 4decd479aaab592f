"""Checksums against published vectors and python-stdnum."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.text.personal import checksums, crypto
from tamis.text.personal.patterns_general import LENGTHS, card, iban

stdnum = pytest.importorskip("stdnum")
from stdnum import iban as peer  # noqa: E402
from stdnum import luhn as luhn_peer  # noqa: E402
from stdnum import verhoeff as verhoeff_peer  # noqa: E402
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_97_10  # noqa: E402

DIGITS = st.text("0123456789", min_size=2, max_size=20)


@given(DIGITS)
def test_digits(digits):
    assert checksums.luhn(digits) == luhn_peer.is_valid(digits)
    assert checksums.verhoeff(digits) == verhoeff_peer.is_valid(digits)
    assert checksums.mod_11_10(digits) == mod_11_10.is_valid(digits)
    assert checksums.mod_11_2(digits) == mod_11_2.is_valid(digits)
    fixed = digits + luhn_peer.calc_check_digit(digits)
    assert checksums.luhn(fixed)


def test_accounts():
    draw = random.Random(1)
    for country, size in LENGTHS.items():
        body = "".join(draw.choice("0123456789") for _ in range(size - 4))
        for check in range(100):
            value = f"{country}{check:02}{body}"
            right = mod_97_10.is_valid(value[4:] + value[:4])
            assert iban(value) == (right and 2 <= check <= 98)
            assert iban(value) or not 2 <= check <= 98 or not peer.is_valid(value, False)
        assert not iban(f"{country}00{body}") and not iban(value[:-1])


@pytest.mark.parametrize(
    "number, known",
    [
        ("4111111111111111", True),
        ("5555555555554444", True),
        ("2223003122003222", True),
        ("378282246310005", True),
        ("6011111111111117", True),
        ("3530111333300000", True),
        ("30569309025904", True),
        ("4111111111111112", False),
        ("0000000000000000", False),
        ("9111111111111111", False),
        ("41111111111111", False),
    ],
)
def test_cards(number, known):
    """The numbers that processors publish for tests."""
    assert card(number) == known


@pytest.mark.parametrize(
    "address",
    [  # EIP-55
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
    ],
)
def test_ethereum(address):
    assert crypto.ethereum(address)
    if address[2:] != address[2:].upper():
        assert not crypto.ethereum(address[:-1] + address[-1].swapcase()) or address[-1].isdigit()


def test_keccak():
    """Vectors of the Keccak team."""
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert crypto.keccak_256(b"").hex() == empty
    told = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert crypto.keccak_256(b"abc").hex() == told


def test_bitcoin_and_others():
    """Of Bitcoin's wiki, BIP 173, BIP 350, and of the currencies' own pages."""
    for good in (
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    ):
        assert crypto.base58check(good)
        assert not crypto.base58check(good[:-1] + ("z" if good[-1] != "z" else "y"))
    for good in (
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ):
        assert crypto.bech32(good) and not crypto.bech32(good[:-1] + "q")
    assert not crypto.bech32("bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")
