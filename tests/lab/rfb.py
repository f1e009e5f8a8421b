# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A viewer of a few lines, for tests: raw pixels, extended keys, sizes."""
import select
import socket
import struct

RAW, DESKTOP_SIZE, EXT_SIZE, QEMU_KEYS = 0, -223, -308, -258


class Viewer:
    """Connects at once; the picture is XRGB8888 in .pixels."""

    def __init__(self, where, encodings=(RAW, QEMU_KEYS, EXT_SIZE), password=None, timeout=30):
        kind = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.sock = socket.socket(kind)
        self.sock.settimeout(timeout)
        self.sock.connect(where)
        self.ext_keys = self.ext_size = False
        self.rects = self.bytes = 0
        assert self.read(12).startswith(b"RFB 003.")
        self.sock.sendall(b"RFB 003.008\n")
        count = self.read(1)[0]
        if not count:
            raise ConnectionError(self.text())
        kinds = self.read(count)
        self.security = kinds[0]
        self.sock.sendall(kinds[:1])
        if self.security == 2:
            self.sock.sendall(vnc_answer(self.read(16), password or ""))
        if self.number("I"):
            raise PermissionError(self.text())
        self.sock.sendall(b"\1")
        self.width, self.height = self.number("HH")
        self.read(16)
        self.name = self.text()
        self.pixels = bytearray(self.width * self.height * 4)
        self.send("BBBxBBBBHHHBBBxxx", 0, 0, 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        self.send("BBH%di" % len(encodings), 2, 0, len(encodings), *encodings)

    def read(self, n):
        data = bytearray(n)
        view, have = memoryview(data), 0
        while have < n:
            part = self.sock.recv_into(view[have:])
            if not part:
                raise ConnectionError("closed after %d of %d bytes" % (have, n))
            have += part
        return bytes(data)

    def number(self, form):
        values = struct.unpack(">" + form, self.read(struct.calcsize(">" + form)))
        return values[0] if len(values) == 1 else values

    def text(self):
        return self.read(self.number("I")).decode(errors="replace")

    def send(self, form, *values):
        self.sock.sendall(struct.pack(">" + form, *values))

    def ask(self, incremental=1):
        self.send("BBHHHH", 3, incremental, 0, 0, self.width, self.height)

    def take(self):
        """One message of the server's; returns its type."""
        kind = self.number("B")
        if kind == 0:
            self.read(1)
            for _ in range(self.number("H")):
                self.rectangle()
        elif kind == 3:
            self.read(3)
            self.text()
        return kind

    def update(self, incremental=1):
        """Asks for the picture, and takes it: pixels, not only words about it."""
        had = self.rects
        self.ask(incremental)
        while self.rects == had:
            if self.take() == 0 and self.rects == had:
                # a size alone was the answer; all is due still
                self.ask()
        return self.rects - had

    def look(self, seconds=1):
        """Takes what is new, if anything is within the time."""
        self.ask()
        if select.select([self.sock], [], [], seconds)[0]:
            self.take()

    def rectangle(self):
        x, y, w, h, encoding = self.number("HHHHi")
        if encoding == RAW:
            data = self.read(w * h * 4)
            self.rects += 1
            self.bytes += len(data)
            for i in range(h):
                at = ((y + i) * self.width + x) * 4
                self.pixels[at:at + w * 4] = data[i * w * 4:(i + 1) * w * 4]
        elif encoding == QEMU_KEYS:
            self.ext_keys = True
        elif encoding in (EXT_SIZE, DESKTOP_SIZE):
            if encoding == EXT_SIZE:
                self.ext_size = True
                self.read(16 * self.number("Bxxx"))
            if (w, h) != (self.width, self.height):
                self.width, self.height = w, h
                self.pixels = bytearray(w * h * 4)
        else:
            raise ValueError("encoding %d" % encoding)

    def pixel(self, x, y):
        at = (y * self.width + x) * 4
        return self.pixels[at] | self.pixels[at + 1] << 8 | self.pixels[at + 2] << 16

    def key(self, scancode, down, keysym=0):
        self.send("BBHII", 255, 0, down, keysym, scancode)

    def symbol(self, keysym, down):
        self.send("BBxxI", 4, down, keysym)

    def pointer(self, x, y, buttons=0):
        self.send("BBHH", 5, buttons, x, y)

    def resize(self, width, height):
        self.send("BxHHBxIHHHHI", 251, width, height, 1, 1, 0, 0, width, height, 0)

    def close(self):
        self.sock.close()


def vnc_answer(challenge, password):
    """DES with each byte of the key turned round, as RFB has it; by openssl."""
    import subprocess
    key = bytes(int("{:08b}".format(b)[::-1], 2)
                for b in password.encode()[:8].ljust(8, b"\0"))
    return subprocess.run(
        ["openssl", "enc", "-des-ecb", "-provider", "legacy", "-provider", "default",
         "-nopad", "-K", key.hex()], input=challenge, capture_output=True, check=True).stdout
