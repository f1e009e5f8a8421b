#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A hostile viewer. usage: fuzz_viewer.py PROGRAM [COUNT [SEED]]

Each connection sends what a viewer would, broken in places. The screen has to
live, and a good viewer has to see its picture meanwhile and afterwards.
"""
import os
import random
import socket
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.argv[2:] or sys.argv.append("300")
from test_screen import Stand  # noqa: E402

ENCODINGS = [0, 1, 2, 4, 5, 6, 7, 8, 9, 16, 17, -223, -224, -239, -240, -258, -308, -32, -256, -260, 0x574d5664,
             -0x3f2042ff, -314]


def messages(rng, mild):
    """What a viewer may say, in any order; a mild one says nothing that makes no sense at all."""
    def some(n):
        return rng.choice((0, 1, n, 0xffff, rng.randrange(0x10000)))

    while True:
        yield rng.choice((
            lambda: struct.pack(">BxxxBBBBHHHBBBxxx", 0, rng.choice((32, 16, 8, 24, 0, 255)), rng.randrange(256),
                                rng.randrange(2), rng.randrange(2), some(255), some(255), some(255),
                                rng.randrange(64), rng.randrange(64), rng.randrange(64)),
            lambda: (lambda e: struct.pack(">BxH%di" % len(e), 2, rng.choice((len(e), len(e), some(3))), *e))(
                rng.sample(ENCODINGS, rng.randrange(len(ENCODINGS)))),
            lambda: struct.pack(">BBHHHH", 3, rng.randrange(2), some(9), some(9), some(640), some(480)),
            lambda: struct.pack(">BBxxI", 4, rng.randrange(2), rng.randrange(1 << 32)),
            lambda: struct.pack(">BBHH", 5, rng.randrange(256), some(639), some(479)),
            lambda: struct.pack(">BxxxI", 6, 5 if mild else rng.choice((0, 5, 1 << 20, 0xffffffff))) + b"words",
            lambda: struct.pack(">BBHII", 255, rng.choice((0, 0, 1, 9)), rng.randrange(3), 97, rng.randrange(300)),
            lambda: struct.pack(">BxHHBxIHHHHI", 251, some(800), some(600), rng.choice((1, 0, 255)), 1, 0, 0,
                                some(800), some(600), 0),
            lambda: struct.pack(">BBBB", 250, 0, rng.randrange(256), rng.randrange(256)),
            lambda: b"" if mild else bytes(rng.randrange(256) for _ in range(rng.randrange(40))),
        ))()


def begin(rng):
    return rng.choice((b"RFB 003.008\n\1\1", b"RFB 003.008\n\1\1", b"RFB 003.008\n\1\1", b"RFB 003.003\n\1",
                       b"RFB 003.889\n\1\1", b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
                       b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500, b"\x16\x03\x01" + bytes(60), b""))


def broken(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((0, 0, 1, 3))):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def attack(path, rng):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        # what is broken ends the connection, so that the rest of it would never be looked at
        mild = rng.randrange(2)
        more = messages(rng, mild)
        try:
            s.sendall(b"RFB 003.008\n\1\1" if mild else begin(rng))
            # most of what there is comes after these
            if rng.randrange(4):
                s.sendall(struct.pack(">BxH%di" % len(ENCODINGS), 2, len(ENCODINGS), *ENCODINGS))
            for _ in range(rng.randrange(24)):
                s.sendall(next(more) if mild else broken(rng, next(more)))
            # it answers to nobody who has gone, so see it through, most times
            if rng.randrange(4):
                s.shutdown(socket.SHUT_WR)
                s.settimeout(5)
                while s.recv(65536):
                    pass
        except OSError:
            pass


def main():
    count = int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    rng = random.Random(seed)
    print("%d connections, seed %d" % (count, seed), flush=True)
    with Stand() as s:
        # it takes as long as it takes
        s.timer.cancel()
        good = s.viewer()
        for n in range(count):
            attack(s.path, rng)
            if n % 50 == 49:
                color = rng.randrange(1 << 24)
                s.do("fill 0 0 640 480 %06x" % color)
                while good.pixel(639, 479) != color:
                    good.update()
        good.close()
    print("1..1\nok 1 - %d hostile viewers" % count)


main()
