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
