#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Viewers of a screen without Xen. usage: test_screen.py PROGRAM; says what cmocka says as TAP."""
import base64
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab"))
import rfb  # noqa: E402

# what a sanitized program of this size may take on a busy machine
PATIENCE = 120
TILE = 16


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Stand:
    def __init__(self, password=None):
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, "s.sock")
        self.port = free_port()
        self.err = open(os.path.join(self.dir.name, "err"), "w+")
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        self.proc = subprocess.Popen([sys.argv[1], self.path, str(self.port), *([password] if password else [])],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.err, text=True,
                                     bufsize=1, env=env)
        # a viewer's process that has died says nothing more
        self.timer = threading.Timer(PATIENCE, self.proc.kill)
        self.timer.start()
        self.wait("ready")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.timer.cancel()
        self.proc.stdin.close()
        status = self.proc.wait(PATIENCE)
        self.err.seek(0)
        said = self.err.read()
        self.dir.cleanup()
        assert status == 0 and "Sanitizer" not in said and "runtime error" not in said, said
        assert "syslog" not in said, said

    def wait(self, begin):
        while True:
            line = self.proc.stdout.readline()
            assert line, "the program ended before it said " + begin
            if line.startswith(begin):
                return line.split()

    def do(self, command):
        self.proc.stdin.write(command + "\n")
        self.wait("done " + command)

    def viewer(self, where=None, **kw):
        v = rfb.Viewer(where or self.path, timeout=PATIENCE, **kw)
        v.update()
        return v


def test_picture():
    """A viewer has the whole picture, then what changes, and no more than that"""
    with Stand() as s:
        s.do("fill 0 0 640 480 102030")
        v = s.viewer()
        assert (v.width, v.height, v.name) == (640, 480, "stand")
        assert {v.pixel(x, y) for x in (0, 639) for y in (0, 479)} == {0x102030}
        before = v.bytes
        s.do("fill 70 70 2 2 ff0000")
        v.update()
        assert v.pixel(70, 70) == v.pixel(71, 71) == 0xff0000 and v.pixel(72, 72) == 0x102030
        assert v.bytes - before == TILE * TILE * 4, v.bytes - before
        v.close()


def test_unseen():
    """What was drawn while nobody looked is there for who comes"""
    with Stand() as s:
        s.do("draw 0 0 640 480 445566")
        v = s.viewer()
        assert v.pixel(639, 479) == 0x445566
        v.close()


def test_nothing_new():
    """The same picture again costs the viewer nothing"""
    with Stand() as s:
        v = s.viewer()
        before = v.bytes
        s.do("fill 0 0 8 8 0")
        s.do("fill 600 400 1 1 1")
        v.update()
        assert v.bytes - before <= TILE * TILE * 4, v.bytes - before
        v.close()


def test_size():
    """A new size reaches the viewer, and the picture with it"""
    with Stand() as s:
        v = s.viewer()
        s.do("size 1000 700")
        s.do("fill 0 0 1000 700 abcdef")
        while (v.width, v.height) != (1000, 700) or v.pixel(999, 699) != 0xabcdef:
            v.update()
        v.close()


def test_input():
    """Keys by their place, by their symbol, pointer and wished sizes come out as they went in"""
    with Stand() as s:
        v = s.viewer()
        # the size comes with a whole picture alone
        v.update(0)
        assert v.ext_keys and v.ext_size, (v.ext_keys, v.ext_size)
        v.key(0x9d, 1, 0xffe4)
        got = s.wait("scancode")
        assert got == ["scancode", "9d", "1"], got
        v.symbol(0xe4, 1)
        assert s.wait("keysym") == ["keysym", "e4", "1"]
        v.pointer(639, 479, 5)
        assert s.wait("pointer") == ["pointer", "639", "479", "5", "of", "640x480"]
        v.resize(1280, 800)
        assert s.wait("resize") == ["resize", "1280x800"]
        v.close()
        s.wait("left 0")


def test_unknown():
    """What a viewer knows and we do not is no answer to it: noVNC ends for an encoding of its fences"""
    fence, continuous = -312, -313
    with Stand() as s:
        v = s.viewer(encodings=(rfb.QEMU_KEYS, fence, continuous, rfb.RAW, rfb.EXT_SIZE))
        v.update(0)
        assert v.ext_keys and v.ext_size
        v.close()


def test_deaf():
    """One that never reads holds up neither the screen nor another viewer"""
    with Stand() as s:
        s.do("size 1920 1080")
        deaf = s.viewer()
        v = s.viewer()
        for n in range(20):
            deaf.ask(0)
            s.do("fill 0 0 1920 1080 %06x" % (n * 0x0b0b0b))
        while v.pixel(1919, 1079) != 19 * 0x0b0b0b:
            v.update()
        v.close()
        deaf.close()


def test_twenty():
    """Twenty viewers see the same"""
    with Stand() as s:
        viewers = [s.viewer() for _ in range(20)]
        s.do("fill 5 5 600 400 00ff00")
        for v in viewers:
            while v.pixel(6, 6) != 0xff00:
                v.update()
        for v in viewers:
            v.close()
        s.wait("left 0")


def test_password():
    """By TCP a wrong password opens nothing, the right one does; the unix socket asks for none"""
    with Stand("secret") as s:
        tcp = ("127.0.0.1", s.port)
        try:
            s.viewer(tcp, password="wrong")
            raise AssertionError("a wrong password opens the screen")
        except PermissionError:
            pass
        v = s.viewer(tcp, password="secret")
        assert v.security == 2
        v.close()
        v = s.viewer()
        assert v.security == 1
        v.close()


def test_mode():
    """Its group may use the unix socket, and nobody else"""
    old = os.umask(0)
    try:
        with Stand() as s:
            st = os.stat(s.path)
            assert stat.S_IMODE(st.st_mode) == 0o660 and st.st_gid == os.getegid(), oct(st.st_mode)
    finally:
        os.umask(old)


def test_another():
    """A socket that another process serves stays its own; one that nobody serves is taken over"""
    def second(path):
        res = subprocess.run([sys.argv[1], path, str(free_port())], input=b"", stdout=subprocess.PIPE,
                             timeout=PATIENCE, check=False)
        return res.returncode, res.stdout

    with Stand() as s:
        assert second(s.path) == (1, b"")
        s.viewer().close()
        s.wait("left 0")
        with socket.socket(socket.AF_UNIX) as left:
            path = s.path + ".left"
            left.bind(path)
            left.listen()
            assert second(path) == (1, b"")
        assert second(path) == (0, b"ready\n")


def test_websocket():
    """The same port speaks to browsers"""
    with Stand() as s, socket.create_connection(("127.0.0.1", s.port), PATIENCE) as c:
        key = base64.b64encode(bytes(16)).decode()
        c.sendall(("GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
                   "Origin: http://here\r\nSec-WebSocket-Protocol: binary\r\n\r\n" % key).encode())
        data = b""
        end = time.monotonic() + PATIENCE
        while b"RFB 003.008" not in data and time.monotonic() < end:
            part = c.recv(4096)
            assert part, data
            data += part
        assert data.startswith(b"HTTP/1.1 101") and b"RFB 003.008" in data, data


def main():
    tests = [f for name, f in globals().items() if name.startswith("test_")]
    bad = 0
    print("1..%d" % len(tests))
    for n, func in enumerate(tests, 1):
        try:
            func()
            print("ok %d - %s" % (n, func.__name__))
        except Exception as err:
            bad += 1
            print("not ok %d - %s: %s: %s" % (n, func.__name__, type(err).__name__, err))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
