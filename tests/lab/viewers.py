# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Viewers that people use, on this machine: TigerVNC's on an X server without a screen, Chromium with noVNC."""
import base64
import ctypes
import ctypes.util
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time
import urllib.parse

from images import LabError, command
from speed import limit, machine
from xdflab import die_with_parent, free_ports

NOVNC = "/usr/share/novnc"


class Png(ctypes.Structure):
    """png_image of libpng."""

    _fields_ = [("opaque", ctypes.c_void_p), *((name, ctypes.c_uint32) for name in (
        "version", "width", "height", "format", "flags", "entries", "warning")), ("message", ctypes.c_char * 64)]
    BGRA = 0x13

    def __init__(self, width=0, height=0):
        super().__init__(version=1, width=width, height=height, format=self.BGRA)
        self.lib = ctypes.CDLL(ctypes.util.find_library("png16"))

    def call(self, name, *args):
        if not getattr(self.lib, "png_image_" + name)(ctypes.byref(self), *args):
            raise LabError("PNG: " + self.message.decode())


def read_png(data):
    """(width, height, "XR24", pixels)"""
    png = Png()
    png.call("begin_read_from_memory", data, ctypes.c_size_t(len(data)))
    png.format = png.BGRA
    pixels = ctypes.create_string_buffer(png.width * png.height * 4)
    png.call("finish_read", None, pixels, 0, None)
    return png.width, png.height, "XR24", pixels.raw


def write_png(path, picture):
    width, height, _, data = picture
    data = bytearray(data)
    # no part of it is transparent
    data[3::4] = b"\xff" * (len(data) // 4)
    Png(width, height).call("write_to_file", path.encode(), 0, bytes(data), 0, None)


def rest(seconds=1):
    """A hand waits until it sees what it did: a desktop on a busy machine takes its time for that."""
    time.sleep(machine.scaled(seconds))


class Program:
    """Programs that end with this one, and a directory for them."""

    def __init__(self, logs, name):
        self.dir = tempfile.mkdtemp(prefix="xdf-viewer.")
        self.log = open(os.path.join(logs, name + ".log"), "ab")
        self.programs = []

    def start(self, argv, env=None, **kw):
        proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                env={**os.environ, "HOME": self.dir, **(env or {})}, preexec_fn=die_with_parent, **kw)
        self.programs.append(proc)
        return proc

    def close(self):
        for proc in reversed(self.programs):
            proc.terminate()
            try:
                proc.wait(limit(10))
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
        self.programs = []
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Tiger(Program):
    """TigerVNC's viewer on an X server of its own."""

    # around its window, which would take all of the screen otherwise
    BORDER = 60

    def __init__(self, logs, name, port, password, size):
        super().__init__(logs, name)
        self.address = "127.0.0.1::%d" % port
        number, tell = os.pipe()
        self.size = tuple(map(int, size.split("x")))
        self.start(["Xvfb", "-displayfd", str(tell), "-fbdir", self.dir, "-nolisten", "tcp", "-noreset", "-screen",
                    "0", "%dx%dx24" % tuple(n + self.BORDER for n in self.size)], pass_fds=[tell])
        os.close(tell)
        with os.fdopen(number) as f:
            self.env = {"DISPLAY": ":" + f.readline().strip(), "VNC_PASSWORD": password}
        self.screen = os.path.join(self.dir, "Xvfb_screen0")
        self.connect()

    def connect(self):
        """Once more after it has ended; of a lossy encoding pixels could not be compared."""
        self.away()
        self.viewer = self.start(["xtigervncviewer", "-RemoteResize=0", "-NoJPEG", "-AlertOnFatalError=0",
                                  "-ReconnectOnError=0", self.address], self.env)
        window = self.x("search", "--sync", "--onlyvisible", "--name", " - TigerVNC$").split()[-1]
        self.x("windowfocus", "--sync", window)
        place = self.x("getwindowgeometry", "--shell", window)
        self.left, self.top, *size = (int(re.search(r"^%s=(\d+)$" % name, place, re.M).group(1))
                                      for name in ("X", "Y", "WIDTH", "HEIGHT"))
        if tuple(size) != self.size:
            raise LabError("the viewer's window is %dx%d, the guest's screen %dx%d" % (*size, *self.size))

    def x(self, *words):
        try:
            return command(["xdotool", *map(str, words)], env={**os.environ, **self.env}, timeout=limit(60))
        except subprocess.TimeoutExpired:
            raise LabError("the viewer has no window: see %s" % self.log.name) from None

    def ended(self, timeout=30):
        self.viewer.wait(limit(timeout))

    def raw(self):
        """What is in its window, by the X server's own file of its screen."""
        with open(self.screen, "rb") as f:
            data = f.read()
        head = struct.unpack_from(">25I", data)
        # after its head and colours
        at, pitch = head[0] + 12 * head[19], head[12]
        at += self.top * pitch + 4 * self.left
        width, height = self.size
        return width, height, "XR24", b"".join(data[at + y * pitch:at + y * pitch + width * 4] for y in range(height))

    def type(self, text):
        for line in re.findall(r"[^\n]+|\n", text):
            if line == "\n":
                self.x("key", "--delay", 100, "Return")
            else:
                self.x("type", "--delay", 100, line)

    def away(self):
        """The pointer off the window: the guest's stays where it is, also when the viewer connects."""
        self.x("mousemove", *(n + self.BORDER - 1 for n in self.size))

    def move(self, x, y):
        self.x("mousemove", self.left + x, self.top + y)

    def drag(self, start, end):
        self.move(*start)
        rest()
        self.x("mousedown", 1)
        # a program that asks to be moved when the button is up again is not moved
        rest(5)
        # not in one leap, as no hand would
        for i in range(1, 9):
            self.move(*(a + (b - a) * i // 8 for a, b in zip(start, end)))
            time.sleep(0.2)
        rest()
        self.x("mouseup", 1)
        rest()
        self.away()


class Chromium(Program):
    """Chromium without a window, and Debian's noVNC, which comes from a server of this machine."""

    def __init__(self, logs, name, port, password, size):
        super().__init__(logs, name)
        self.web = free_ports(1)[0]
        self.start(["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", NOVNC, str(self.web)])
        self.address = address(self.web, port)
        to_it, ours = os.pipe()
        our_end, from_it = os.pipe()
        # it listens at its descriptors 3 and 4 only, and not at a port
        self.start(["bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_it, from_it), "bash", "chromium", "--headless",
                    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                    "--force-color-profile=srgb", "--hide-scrollbars", "--remote-debugging-pipe",
                    "--user-data-dir=" + self.dir, "about:blank"], pass_fds=[to_it, from_it])
        os.close(to_it)
        os.close(from_it)
        self.ours, self.answers = ours, os.fdopen(our_end, "rb", 0)
        self.rest = b""
        self.number = 0
        self.session = {}
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        width, height = map(int, size.split("x"))
        # its status line is above the screen
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height + 60, deviceScaleFactor=1,
                  mobile=False)
        self.password = password
        self.connect()

    def connect(self):
        self.tell("Page.navigate", url=self.address + "&password=" + urllib.parse.quote(self.password))
        end = time.monotonic() + limit(60)
        while True:
            text = self.script("document.getElementById('status')?.textContent ?? ''")
            if text.startswith("Connected"):
                break
            if time.monotonic() > end:
                raise LabError("noVNC in Chromium is not connected; it says '%s'" % text)
            time.sleep(0.5)
        self.tell("Emulation.setFocusEmulationEnabled", enabled=True)
        self.script("document.querySelector('canvas').focus()")
        self.box = self.script("(() => { const r = document.querySelector('canvas').getBoundingClientRect(); "
                               "return [r.x, r.y, r.width, r.height]; })()")

    def tell(self, method, **params):
        """A command of Chromium's protocol for tools, and its answer."""
        self.number += 1
        os.write(self.ours, json.dumps({"id": self.number, "method": method, "params": params,
                                        **self.session}).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                part = self.answers.read(1 << 20)
                if not part:
                    raise LabError("Chromium has ended: see %s" % self.log.name)
                self.rest += part
            message, _, self.rest = self.rest.partition(b"\0")
            message = json.loads(message)
            if message.get("id") != self.number:
                continue
            if "error" in message:
                raise LabError("Chromium: %s: %s" % (method, message["error"]["message"]))
            return message["result"]

    def script(self, text):
        return self.tell("Runtime.evaluate", expression=text, returnByValue=True)["result"].get("value")

    def raw(self):
        """A screenshot of the guest's screen on the page."""
        x, y, width, height = self.box
        return read_png(base64.b64decode(self.tell("Page.captureScreenshot", clip={
            "x": x, "y": y, "width": width, "height": height, "scale": 1})["data"]))

    def type(self, text):
        for c in text:
            key = {"\n": "Enter"}.get(c, c)
            code = {"\n": "Enter", " ": "Space", ".": "Period", ">": "Period", "-": "Minus", "/": "Slash"}.get(
                c, "Digit" + c if c.isdigit() else "Key" + c.upper())
            # keys go by their place: what is on them with Shift wants that
            shift = [("Shift", "ShiftLeft")] if c.isupper() or c == ">" else []
            keys = [*shift, (key, code)]
            for kind, names in (("keyDown", keys), ("keyUp", keys[::-1])):
                for key, code in names:
                    self.tell("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=8 if shift else 0,
                              **({"text": "\r" if c == "\n" else c} if kind == "keyDown" and code != "ShiftLeft" else {}))
                    time.sleep(0.05)

    def pointer(self, kind, x, y, buttons):
        # in the middle of the pixel
        self.tell("Input.dispatchMouseEvent", type=kind, x=self.box[0] + x + 0.5, y=self.box[1] + y + 0.5,
                  buttons=buttons, button="left" if buttons or kind == "mouseReleased" else "none", clickCount=1)

    def move(self, x, y):
        self.pointer("mouseMoved", x, y, 0)

    def drag(self, start, end):
        self.move(*start)
        rest()
        self.pointer("mousePressed", *start, 1)
        rest(5)
        for i in range(1, 9):
            self.pointer("mouseMoved", *(a + (b - a) * i // 8 for a, b in zip(start, end)), 1)
            time.sleep(0.2)
        rest()
        self.pointer("mouseReleased", *end, 0)


def address(web, port):
    """Of noVNC's page for the screen at PORT; its server speaks WebSockets itself."""
    return "http://127.0.0.1:%d/vnc_lite.html?host=127.0.0.1&port=%d&path=" % (web, port)
