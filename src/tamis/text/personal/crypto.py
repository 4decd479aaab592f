"""Addresses of crypto currencies: their checksums.

Base58Check: Bitcoin's wiki. Bech32: BIP 173; Bech32m: BIP 350. Mixed case of Ethereum: EIP-55,
whose Keccak-256 (padding 0x01, before FIPS 202) hashlib has not.
"""

from __future__ import annotations

import hashlib

_BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_MASK = (1 << 64) - 1


def base58check(address: str) -> bool:
    """Whether an address of Bitcoin, Litecoin, Dogecoin, Dash, Tron or Ripple has its checksum.

    >>> base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    True
    """
    for alphabet in (_BITCOIN, _RIPPLE):
        number = 0
        for character in address:
            place = alphabet.find(character)
            if place < 0:
                break
            number = number * 58 + place
        else:
            if number.bit_length() > 200:
                continue
            data = number.to_bytes(25, "big")
            body, check = data[:-4], data[-4:]
            if hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check:
                return True
    return False


def bech32(address: str) -> bool:
    """Whether an address such as `bc1…` or `ltc1…` has its checksum, of either kind."""
    low = address.lower()
    if address not in (low, address.upper()):
        return False
    prefix, _, data = low.rpartition("1")
    values = [_BECH32.find(c) for c in data]
    if min(values, default=-1) < 0:
        return False
    codes = prefix.encode()
    check = 1
    for value in [*(c >> 5 for c in codes), 0, *(c & 31 for c in codes), *values]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for k, generator in enumerate(_GENERATOR):
            check ^= generator if top >> k & 1 else 0
    return check in (1, 0x2BC830A3)


def ethereum(address: str) -> bool:
    """Whether the case of an address's letters is its checksum; one case alone has none."""
    body = address[2:]
    if body in (body.lower(), body.upper()):
        return True
    digest = keccak_256(body.lower().encode()).hex()
    return all(
        c == (c.upper() if digit >= "8" else c.lower())
        for c, digit in zip(body, digest, strict=False)
    )


def keccak_256(data: bytes) -> bytes:
    """The digest of up to 135 bytes.

    >>> keccak_256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    block = bytearray(data.ljust(136, b"\0"))
    block[len(data)] ^= 0x01
    block[135] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for k in range(17):
        lanes[k % 5][k // 5] = int.from_bytes(block[8 * k : 8 * k + 8], "little")
    register = 1
    for _ in range(24):
        columns = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in lanes]
        for x in range(5):
            mixed = columns[(x + 4) % 5] ^ _turned(columns[(x + 1) % 5], 1)
            lanes[x] = [lane ^ mixed for lane in lanes[x]]
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _turned(current, (step + 1) * (step + 2) // 2 % 64)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & _MASK & row[(x + 2) % 5])
        for k in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << k) - 1)
    return b"".join(lanes[k % 5][k // 5].to_bytes(8, "little") for k in range(4))


def _turned(lane: int, by: int) -> int:
    """A lane rotated to the left."""
    return (lane << by | lane >> (64 - by)) & _MASK if by else lane
