# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What tests/guest/pattern.c draws, computed a second time."""
import struct
import zlib

# Shift and width of red, green, blue and alpha or filler; see fourcc codes.
_FORMATS = {
    "XR24": (4, (16, 8), (8, 8), (0, 8), (24, 8)),
    "AR24": (4, (16, 8), (8, 8), (0, 8), (24, 8)),
    "XB24": (4, (0, 8), (8, 8), (16, 8), (24, 8)),
    "AB24": (4, (0, 8), (8, 8), (16, 8), (24, 8)),
    "XR30": (4, (20, 10), (10, 10), (0, 10), (30, 2)),
    "AR30": (4, (20, 10), (10, 10), (0, 10), (30, 2)),
    "XB30": (4, (0, 10), (10, 10), (20, 10), (30, 2)),
    "AB30": (4, (0, 10), (10, 10), (20, 10), (30, 2)),
    "RG16": (2, (11, 5), (5, 6), (0, 5), (0, 0)),
    "BG16": (2, (0, 5), (5, 6), (11, 5), (0, 0)),
}
CPP = {name: v[0] for name, v in _FORMATS.items()}
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0),
        (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))


def row(length, seed, y):
    """The bytes of one row."""
    s = (seed * 0x9e3779b1 & 0xffffffff) ^ ((y + 1) * 0x85ebca77 & 0xffffffff)
    s = s or 1
    words = []
    for _ in range((length + 3) // 4):
        s ^= s << 13 & 0xffffffff
        s ^= s >> 17
        s ^= s << 5 & 0xffffffff
        words.append(s)
    return struct.pack(f"<{len(words)}I", *words)[:length]


def crc(fmt, width, height, seed):
    """Checksum of the visible bytes of a whole picture."""
    value = 0
    for y in range(height):
        value = zlib.crc32(row(width * CPP[fmt], seed, y), value)
    return value


def bars_row(fmt, width):
    """Eight upright colour bars: the bytes of one row."""
    cpp, *fields = _FORMATS[fmt]
    out = bytearray()
    for x in range(width):
        rgb = BARS[x * 8 // width]
        v = 0
        for (shift, bits), on in zip(fields, (*rgb, 255)):
            if on:
                v |= ((1 << bits) - 1) << shift
        out += v.to_bytes(cpp, "little")
    return bytes(out)


def bars_crc(fmt, width, height):
    return zlib.crc32(bars_row(fmt, width) * height)


def picture(fmt, width, height, seed):
    """The bytes of a whole picture, row by row."""
    return [row(width * CPP[fmt], seed, y) for y in range(height)]


def within(fmt, rows, around):
    """What is left of a picture without AROUND pixels at each edge."""
    cut = around * CPP[fmt]
    return [r[cut:len(r) - cut] for r in rows[around:len(rows) - around]]


def damaged(fmt, width, height, seed, count):
    """What "xdf-guest damage --count COUNT" leaves on the screen."""
    rows = [bytearray(r) for r in picture(fmt, width, height, seed)]
    numbers = [1, 2, 3, 4, 9, 20, 21, 22, 23] + [100 + i for i in range(count)]
    cpp = CPP[fmt]
    w, h = min(width, 16), min(height, 16)
    for at, n in enumerate(numbers):
        x, top = n * 37 % (width - w + 1), n * 53 % (height - h + 1)
        for y in range(top, top + h):
            rows[y][x * cpp:(x + w) * cpp] = row(w * cpp, seed + 1 + at, y)
    return rows


def _eight(value, bits):
    """A channel of 8 bits: wide ones keep their top, narrow ones repeat it below."""
    return value >> (bits - 8) if bits >= 8 else value << (8 - bits) | value >> (2 * bits - 8)


def as_xr24(fmt, rows):
    """Checksum of a picture shown as XR24, its filler all ones."""
    cpp, *fields = _FORMATS[fmt]
    value = 0
    for r in rows:
        out = bytearray()
        for (pixel,) in struct.iter_unpack("<I" if cpp == 4 else "<H", bytes(r)):
            red, green, blue = (_eight(pixel >> shift & (1 << bits) - 1, bits)
                                for shift, bits in fields[:3])
            out += bytes((blue, green, red, 255))
        value = zlib.crc32(out, value)
    return value


def crc_of(rows):
    value = 0
    for r in rows:
        value = zlib.crc32(r, value)
    return value
