#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Writes inputs of fuzz_guest that do all a good guest does, and those of corpus.txt. usage: fuzz_seeds.py DIR"""
import os
import struct
import sys

# of the guest's nodes in fuzz_guest.c
NODES = ["dstate", "version", "be-alloc", "resolution", "unique-id", "req-ref", "req-port", "evt-ref", "evt-port",
         "1/resolution", "1/unique-id", "1/req-ref", "1/req-port", "1/evt-ref", "1/evt-port",
         "kstate", "page-gref", "kport"]
DIR, DATA = 20, 100
CREATE, DESTROY, ATTACH, DETACH, CONFIG, FLIP, EDID = range(0x10, 0x17)
WRITE, NODE, LOOK, PUSH, SERVE, SAYS, TIME, GO = range(8)


def node(name, value):
    return bytes([NODE, NODES.index(name), len(value)]) + value.encode()


def memory(page, ofs, data):
    return b"".join(struct.pack(">BHHB", WRITE, page - 1, ofs + i, len(data[i:i + 200])) + data[i:i + 200]
                    for i in range(0, len(data), 200))


def request(op, body, ring=0):
    req = struct.pack("<HB5x", 7, op) + body
    return bytes([PUSH, ring, len(req)]) + req


def directory(pages):
    return memory(DIR, 0, struct.pack("<I%dI" % pages, 0, *range(DATA, DATA + pages)))


def create(width, height, bpp, flags=0, cookie=11, size=0):
    return request(CREATE, struct.pack("<QIIIIIII", cookie, width, height, bpp,
                                       size or (width * bpp // 8 + 3) // 4 * 4 * height, flags, DIR, 0))


def attach(width, height, fourcc, cookie=11, fb=21):
    return request(ATTACH, struct.pack("<QQII4s", cookie, fb, width, height, fourcc))


def config(width, height, bpp, fb=21, ring=0):
    return request(CONFIG, struct.pack("<QIIIII", fb, 0, 0, width, height, bpp), ring)


def says(kind, *words):
    body = struct.pack("<I%dI" % len(words), kind, *words)
    return bytes([SAYS, 0, len(body)]) + body


FLIP_21 = request(FLIP, struct.pack("<Q", 21))
STEP = bytes([SERVE, TIME])
BEGIN = bytes([LOOK]) + node("dstate", "3") + node("kstate", "3") + bytes([LOOK])
SHOW = directory(2) + create(64, 30, 32) + attach(64, 30, b"XR24") + config(64, 30, 32) + bytes([SERVE])
SEEDS = {
    "shows": BEGIN + SHOW + FLIP_21 + STEP + config(0, 0, 0, 0) +
    request(DETACH, struct.pack("<Q", 21)) + request(DESTROY, struct.pack("<Q", 11)) + STEP,
    "two-connectors": BEGIN + SHOW + config(64, 30, 32, ring=1) + request(FLIP, struct.pack("<Q", 21), 1) + STEP,
    "16-bit": BEGIN + directory(1) + create(64, 30, 16) + attach(64, 30, b"RG16") + config(64, 30, 16) + STEP,
    "allocated": node("be-alloc", "1") + BEGIN + directory(2) + create(64, 30, 32, 1) + attach(64, 30, b"AR30") +
    config(64, 30, 32) + STEP,
    "edid": BEGIN + directory(1) + request(EDID, struct.pack("<II", 4096, DIR)) + STEP,
    # types and orders as in viewer.h
    "input": BEGIN + SHOW + says(4, 0x1e, 1) + says(4, 0x1e, 0) + says(5, ord("A"), 1) + says(6, 63, 29, 64, 30, 9) +
    says(7, 1024, 768) + bytes([GO]),
    "reboots": BEGIN + SHOW + node("dstate", "6") + bytes([LOOK]) + node("dstate", "1") + bytes([LOOK]) +
    node("dstate", "3") + bytes([LOOK]),
    # what a guest must not do
    "small-buffer": BEGIN + directory(2) + create(64, 300, 32, size=8192) + attach(64, 300, b"XR24") + config(64, 300, 32) +
    STEP + FLIP_21 + STEP,
    "large-framebuffer": BEGIN + directory(2) + create(64, 30, 32) + attach(64, 300, b"XR24") + config(64, 300, 32) + STEP +
    FLIP_21 + STEP,
    "destroyed-on-show": BEGIN + SHOW + FLIP_21 + STEP + request(DESTROY, struct.pack("<Q", 11)) + FLIP_21 + STEP + STEP,
    "lying-page": BEGIN + SHOW + memory(5, 4, struct.pack("<I", 0x7fffffff)) + says(4, 0x1e, 1) +
    memory(5, 0, struct.pack("<II", 0xfffffff0, 0x80000000)) + says(4, 0x1e, 0) + says(6, 1, 1, 64, 30, 1),
    "odd-nodes": node("resolution", "0x7") + node("unique-id", "a\nb\"" + "c" * 70) + node("version", "9") + BEGIN,
}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus.txt"), encoding="ascii") as f:
    kept = {"kept-%d" % n: bytes.fromhex(line) for n, line in enumerate(f) if line[0] != "#"}
for name, data in {**SEEDS, **kept}.items():
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(data)
