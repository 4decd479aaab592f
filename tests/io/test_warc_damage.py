"""Archives cut off, overwritten, with bytes taken out and put in: nothing else is lost of them."""

import io
import itertools
import random

import pytest
from warc_files import archive, as_one

import tamis
from tamis.io.warc_archive import Archive
from tamis.io.warc_rows import HTML, Wanted, page

PLAIN = archive(9, gz=False, words=60)
SHAPES = {"members": archive(9, words=60), "plain": PLAIN, "one": as_one(PLAIN)}
WANTED = Wanted("html", HTML, (200,), 1 << 20)


def found_in(data, start=0, stop=None):
    found = []
    for one in Archive(io.BytesIO(data), len(data), 1 << 20, 200.0).records(start, stop):
        row, bad = page(one.frame, WANTED)
        code = None if bad is None else bad.code
        found.append((one.offset, one.inner, one.size, row["url"], row.get("html"), code))
    return found


def damaged(data, choice):
    """Damage of some kind, and from where to where it is."""
    data, at = bytearray(data), choice.randrange(len(data))
    end = at
    match choice.randrange(6):
        case 0:
            data[at] ^= 1 << choice.randrange(8)
        case 1:
            end = len(data)
            del data[at:]
        case 2:
            end = min(len(data), at + choice.randrange(1, 2000))
            del data[at:end]
        case 3:
            data[at:at] = choice.randbytes(choice.randrange(1, 300))
        case 4:
            end = min(len(data), at + choice.randrange(1, 40))
            data[at:end] = bytes(end - at)
        case 5:
            piece = data[choice.randrange(len(data)) :][: choice.randrange(1, 200)]
            data[at:at] = piece
    return bytes(data), at, end


@pytest.mark.parametrize("shape", SHAPES)
def test_damage_costs_what_it_touches_and_is_told(shape):
    whole, choice = SHAPES[shape], random.Random(f"{shape} 1")
    clean = found_in(whole)
    assert len(clean) == 9 and not any(code for *_, code in clean)
    pages = {url: html for _, _, _, url, html, _ in clean}
    for _ in range(400):
        data, at, end = damaged(whole, choice)
        found = found_in(data)
        good = {url for _, _, _, url, _, code in found if code is None}
        told = any(code for *_, code in found)
        for offset, _, size, url, _, _ in clean:
            if shape == "one":  # what was packed after the damage cannot be had
                continue
            after = offset + size + (4 if shape == "plain" else 0)
            assert url in good or not (after <= at or end < offset), (at, end, url, found)
        if shape == "members":
            # each byte has a checksum: all that is given is what was packed
            assert all(pages[url] == html for _, _, _, url, html, code in found if code is None)
        if shape != "plain":  # where nothing vouches for the bytes of a page
            assert told or len(good) == 9 or whole.startswith(data)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_damaged_archive_is_the_same_however_it_is_cut(shape):
    choice = random.Random(f"{shape} 2")
    for _ in range(250):
        data, _, _ = damaged(SHAPES[shape], choice)
        if choice.random() < 0.3:
            data, _, _ = damaged(data or b"-", choice)
        cuts = sorted(choice.randrange(1, len(data) + 1) for _ in range(choice.randrange(1, 4)))
        bounds = [0, *cuts, None]
        pieces = [found_in(data, a, b) for a, b in itertools.pairwise(bounds)]
        assert [row for piece in pieces for row in piece] == found_in(data)


def test_damage_to_the_first_bytes_of_a_file_costs_the_first_record():
    for shape in ("members", "plain"):
        for at in range(12):
            data = bytearray(SHAPES[shape])
            data[at] ^= 0x41
            good = [url for *_, url, _, code in found_in(bytes(data)) if code is None]
            assert [f"http://example.org/{n}" for n in range(1, 9)] == good[-8:], (shape, at)


def test_what_is_cut_off_is_truncated_where_it_ends():
    data = SHAPES["members"]
    clean = found_in(data)
    for length in range(3, len(data), 37):
        found = found_in(data[:length])
        whole = [row for row in clean if row[0] + row[2] <= length]
        assert found[: len(whole)] == whole
        rest = found[len(whole) :]
        if sum(row[2] for row in whole) == length:
            assert not rest
        else:
            assert [row[5] for row in rest] == ["file.truncated"]
            assert rest[0][0] + rest[0][2] == length


def test_a_damaged_record_says_what_is_known_of_it(tmp_path):
    data = bytearray(SHAPES["members"])
    third = found_in(bytes(data))[2]
    data[third[0] + third[2] - 30] ^= 0xFF
    (tmp_path / "a.warc.gz").write_bytes(data)
    found = tamis.read_warc(str(tmp_path)).compute(scheduler="sync")
    bad = found[found.dropped_by.notna()]
    assert bad.url.tolist() == ["http://example.org/2"] and bad.offset.tolist() == [third[0]]
    assert bad.dropped_by.tolist() == ["read_warc"]
    assert bad.dropped_why.iloc[0].startswith(f"file.corrupt: a.warc.gz, byte {third[0]}: ")
    with pytest.raises(tamis.TamisError, match=r"file\.corrupt"):
        tamis.read_warc(str(tmp_path), errors="raise").compute(scheduler="sync")


def test_a_file_of_members_that_all_lead_astray_ends(tmp_path):
    """Each begins as a record and goes on to the end of the file without one."""
    import zlib

    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    start = packer.compress(b"WARC/1.0\r\nContent-Length: 99\r\n" + bytes(50))
    start += packer.flush(zlib.Z_SYNC_FLUSH)
    found = found_in(start * 3000)
    assert {row[5] for row in found} <= {"file.corrupt", "warc.header", "file.truncated"}
    assert found
