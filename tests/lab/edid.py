# SPDX-License-Identifier: GPL-2.0 OR MIT
"""EDIDs for the backend to hand out."""


def timing(width, height, hz, clock=None, mm=(520, 325)):
    """A detailed timing: (descriptor, refresh as its pixel clock says)."""
    hblank, vblank = 160, 40
    total = (width + hblank) * (height + vblank)
    clock = clock if clock is not None else total * hz // 10000
    hso, hsw, vso, vsw = 48, 32, 3, 6
    d = [clock & 255, clock >> 8 & 255,
         width & 255, hblank & 255, (width >> 8) << 4 | hblank >> 8,
         height & 255, vblank & 255, (height >> 8) << 4 | vblank >> 8,
         hso, hsw, vso << 4 | vsw, 0,
         mm[0] & 255, mm[1] & 255, (mm[0] >> 8) << 4 | mm[1] >> 8, 0, 0, 0x1e]
    return bytes(d), clock * 10000 / total


def name(text):
    return b"\0\0\0\xfc\0" + (text + "\n").ljust(13).encode()[:13]


def block(data):
    """127 bytes and their checksum."""
    data = bytes(data).ljust(127, b"\0")
    return data + bytes([-sum(data) & 255])


def base(descriptors, extensions=0, cm=(52, 32), established=0):
    d = b"\0\xff\xff\xff\xff\xff\xff\0"
    maker = ord("X") - 64 << 10 | ord("D") - 64 << 5 | ord("F") - 64
    d += maker.to_bytes(2, "big") + (7).to_bytes(2, "little") + (1).to_bytes(4, "little")
    d += bytes([1, 36, 1, 4, 0xa5, cm[0], cm[1], 0x78, 0x02])
    d += bytes.fromhex("ee91a3544c99260f5054")
    d += bytes([established, 0, 0]) + b"\1\1" * 8
    for desc in descriptors:
        d += desc
    d += (b"\0\0\0\x10\0" + b"\0" * 13) * (4 - len(descriptors))
    return block(d + bytes([extensions]))
