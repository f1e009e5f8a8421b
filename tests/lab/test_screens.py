# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The display backend for dom0: a guest's screens in viewers, its keyboard and pointer."""
import base64
import contextlib
import functools
import re
import struct
import time
import zlib

import images
import pattern
from scene import Failed, guest_prog, info_now, let_backend_allocate, need, rgb, shown, wait_card, wait_for
from speed import limit
import viewers
from xdflab import scenario

# the next guest would boot with the reference backend, which takes the displays away
alone = functools.partial(scenario, alone=True)

TWO = "backend=0,connectors=id0:800x600;id1:640x480"
INPUT = {"vkb": "backend-type=linux"}
EV_KEY, EV_REL, EV_ABS = 1, 2, 3
ABS_X, ABS_Y, REL_WHEEL = 0, 1, 8
RANGE = 32767


def crc_shown(v):
    """Of the viewer's picture, its filler all ones."""
    data = bytearray(v.pixels)
    data[3::4] = b"\xff" * (len(data) // 4)
    return zlib.crc32(data)


@functools.lru_cache(None)
def crc_drawn(width, height, seed, fmt):
    """The same of what the guest's program draws."""
    return pattern.as_xr24(fmt, pattern.picture(fmt, width, height, seed))


def see(v, seed, timeout=20, fmt="XR24"):
    """The viewer shows exactly what was drawn with this seed, now or soon."""
    end = time.monotonic() + limit(timeout)
    while True:
        want = crc_drawn(v.width, v.height, seed, fmt)
        if crc_shown(v) == want:
            return
        need(time.monotonic() < end, f"the viewer shows {crc_shown(v):08x}, the guest drew {want:08x}")
        v.look()


@contextlib.contextmanager
def hands(lab):
    """The backend, and a guest with keyboard and pointer, which xl makes only while somebody serves them."""
    with lab.displays() as d:
        g = lab.guests.get("hands")
        if not g or g.dead:
            g = lab.guest("hands", vdispl=TWO, **INPUT)
        wait_card(g)
        d.said("guest hands: keyboard and pointer are connected")
        yield d, g


class Events:
    """What one of the guest's input devices reports from now on: (type, code, value)."""

    def __init__(self, g, name):
        self.g = g
        found = g.run("modprobe -q xen-kbdfront; modprobe -q evdev; for d in /sys/class/input/event*; do "
                      f"grep -q '{name}' $d/device/name && basename $d; done").out.split()
        need(found, f"the guest has no {name}")
        # an HVM guest has one of QEMU's as well, from the start
        dev = found[-1]
        self.file = f"/tmp/{dev}"
        self.pid = g.run(f"cat /dev/input/{dev} >{self.file} & echo $!").out.strip().splitlines()[-1]
        # it has to be open before anything is sent
        wait_for("a reader of events", lambda: g.run(f"ls -l /proc/{self.pid}/fd | grep -q input/").rc == 0)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.g.run(f"kill {self.pid}; rm {self.file}")

    def read(self):
        data = base64.b64decode(self.g.run(f"base64 {self.file}").out)
        found = [struct.unpack_from("<HHi", data, at + 16) for at in range(0, len(data) - 23, 24)]
        return [e for e in found if e[0]]

    def wait(self, *wanted, timeout=20):
        """Exactly these, in this order."""
        end = time.monotonic() + limit(timeout)
        while True:
            have = self.read()
            if have == list(wanted):
                return
            if time.monotonic() > end or len(have) > len(wanted):
                raise Failed(f"the guest has the events {have}, not {list(wanted)}")
            time.sleep(0.3)


@alone(kernel=["6.1", "7.3"], kind=["pv", "pvh"], vdispl=TWO)
def test_shown(lab, g):
    """Both connectors in viewers, to the pixel; a picture that changes; nothing of the other one"""
    wait_card(g)
    with lab.displays() as d:
        left, right = d.viewer(g, 0), d.viewer(g, 1)
        for seed in (3, 4):
            with shown(g, f"draw --conns 0,1 --seed {seed}"):
                see(left, seed)
                see(right, seed + 1)
        need((left.width, left.height, right.width, right.height) == (800, 600, 640, 480), "other sizes")
        # without vkb, which is said
        out = d.command("list").out
        need(" none " in out, out)
        left.close()
        right.close()


def test_keys(lab):
    """Keys by their place and by what is printed on them; let go when the viewer goes"""
    with hands(lab) as (d, g), Events(g, "Xen Virtual Keyboard") as keys:
        v = d.viewer(g)
        v.update()
        need(v.ext_keys, "the viewer is not offered keys by their place")
        # Q, and the right Ctrl; of the second, 0xe0 is 0x80
        v.key(0x10, 1)
        v.key(0x10, 0)
        v.key(0x9d, 1)
        keys.wait((EV_KEY, 16, 1), (EV_KEY, 16, 0), (EV_KEY, 97, 1))
        v.close()
        keys.wait((EV_KEY, 16, 1), (EV_KEY, 16, 0), (EV_KEY, 97, 1), (EV_KEY, 97, 0))
    with hands(lab) as (d, g), Events(g, "Xen Virtual Keyboard") as keys:
        v = d.viewer(g)
        v.update()
        # "A" without the guest's Shift being down
        v.symbol(ord("A"), 1)
        v.symbol(ord("A"), 0)
        keys.wait((EV_KEY, 42, 1), (EV_KEY, 30, 1), (EV_KEY, 42, 0), (EV_KEY, 30, 0))
        v.close()


def test_pointer(lab):
    """Clicks at the corners of both outputs are at those of one desktop; buttons and wheel"""
    with hands(lab) as (d, g), shown(g, "draw --conns 0,1 --seed 8"), \
            Events(g, "Xen Virtual Pointer") as events:
        left, right = d.viewer(g, 0), d.viewer(g, 1)
        see(left, 8)
        see(right, 9)
        # 1440 pixels by 600 lines; first where neither is 0, which the guest takes for nothing new
        for viewer, at_x, width, height in ((right, 800, 640, 480), (left, 0, 800, 600)):
            for x, y in ((width - 1, height - 1), (0, height - 1), (0, 0), (width - 1, 0)):
                before = len(events.read())
                viewer.pointer(x, y, 1)
                viewer.pointer(x, y, 0)
                wait_for(f"a click at {at_x + x},{y}", lambda b=before: [e for e in events.read()[b:] if e[0] == EV_KEY] == [
                    (EV_KEY, 0x110, 1), (EV_KEY, 0x110, 0)])
                now = {(t, c): v for t, c, v in events.read()}
                wanted = (at_x + x) * RANGE // 1439, y * RANGE // 599
                need((now[EV_ABS, ABS_X], now[EV_ABS, ABS_Y]) == wanted, f"{at_x + x},{y} is at {now}, not at {wanted}")
        right.pointer(0, 0)
        wait_for("the pointer at rest", lambda: {(t, c): v for t, c, v in events.read()}[EV_ABS, ABS_X] == 800 * RANGE // 1439)
        before = len(events.read())
        right.pointer(0, 0, 1)
        right.pointer(0, 0, 0)
        right.pointer(0, 0, 1 << 3)
        right.pointer(0, 0, 0)
        wait_for("a click and the wheel", lambda: len(events.read()) >= before + 3)
        need(events.read()[before:] == [(EV_KEY, 0x110, 1), (EV_KEY, 0x110, 0), (EV_REL, REL_WHEEL, 1)],
             f"a click and the wheel are {events.read()[before:]}")


def test_restart(lab):
    """The backend comes again, stopped or killed: picture and input work by themselves"""
    with hands(lab) as (d, g), Events(g, "Xen Virtual Keyboard") as keys:
        wanted = []
        for sig, seed in (("TERM", 20), ("KILL", 21)):
            with shown(g, f"draw --conns 0,1 --seed {seed}"):
                viewer = d.viewer(g)
                see(viewer, seed)
                d.stop(sig)
                viewer.close()
                lab.need(f"mv /share/logs/displays.log /share/logs/displays.{sig}.log")
                d.start()
                viewer = d.viewer(g)
                see(viewer, seed, 40)
                d.said("keyboard and pointer are connected")
                viewer.key(0x1e, 1)
                viewer.key(0x1e, 0)
                wanted += [(EV_KEY, 30, 1), (EV_KEY, 30, 0)]
                keys.wait(*wanted)
                viewer.close()


@alone(kernel=["6.1", "7.3"], vdispl=TWO)
def test_resize(lab, g):
    """A viewer that changes its window's size changes the connector's"""
    wait_card(g)
    with lab.displays() as d:
        v = d.viewer(g)
        # the size comes with a whole picture alone
        v.update(0)
        need(v.ext_size, "the viewer is not told that it may ask for sizes")
        for size in ("1024x768", "640x400", "800x600"):
            v.resize(*map(int, size.split("x")))
            wait_for("the guest's preferred mode", lambda s=size: info_now(g)["conn0.modes"].startswith(s + "@"))
        with shown(g, "draw --conns 0 --seed 30"):
            see(v, 30)
        v.close()


@alone(vdispl=TWO)
def test_viewers(lab, g):
    """Twenty viewers, one that never reads, one that is killed: the guest is as fast as alone"""
    wait_card(g)
    with lab.displays() as d:
        alone = float(guest_prog(g, "flips --conns 0 --count 60 --seed 1")["flips_per_s"])
        first = d.viewer(g)
        others = [d.viewer(g) for _ in range(19)]
        deaf = d.viewer(g)
        deaf.ask(0)
        with shown(g, "draw --conns 0 --seed 31"):
            for o in (first, *others):
                see(o, 31, 60)
        for o in others:
            o.close()
        crowd = float(guest_prog(g, "flips --conns 0 --count 60 --seed 1")["flips_per_s"])
        need(crowd > alone / 4, f"{crowd} flips a second with a viewer that does not read, {alone} without")
        with shown(g, "draw --conns 0 --seed 32"):
            see(first, 32)


@alone(vdispl=TWO)
def test_password(lab, g):
    """A wrong password is told to the viewer and to the journal"""
    wait_card(g)
    with lab.displays() as d:
        try:
            d.viewer(g, password="wrong")
            raise Failed("a wrong password opens the screen")
        except PermissionError:
            pass
        d.said(rf"{g.name}-0: a viewer's password is wrong")


# what "AT set 1" sends for a key, as Linux' own driver of such keyboards has it; 0x80 is for a prefix of 0xe0
PLAIN = [code for code in range(0x01, 0x59) if code not in (0x54, 0x55)]
PREFIXED = {0x9c: 96, 0x9d: 97, 0xb5: 98, 0xb7: 99, 0xb8: 100, 0xc6: 119, 0xc7: 102, 0xc8: 103, 0xc9: 104,
            0xcb: 105, 0xcd: 106, 0xcf: 107, 0xd0: 108, 0xd1: 109, 0xd2: 110, 0xd3: 111, 0xdb: 125, 0xdc: 126,
            0xdd: 127}


def test_every_key(lab):
    """Each key of a PC keyboard is that key in the guest"""
    with hands(lab) as (d, g), Events(g, "Xen Virtual Keyboard") as keys:
        v = d.viewer(g)
        v.update()
        wanted = []
        for scan, code in [*((c, c) for c in PLAIN), *PREFIXED.items()]:
            v.key(scan, 1)
            v.key(scan, 0)
            wanted += [(EV_KEY, code, 1), (EV_KEY, code, 0)]
            # the guest's page holds fifty events
            if len(wanted) % 20 == 0:
                keys.wait(*wanted)
        keys.wait(*wanted)
        v.close()


def test_command(lab):
    """xen-display: list, picture, type, and what it says when there is nothing"""
    with hands(lab) as (d, g), Events(g, "Xen Virtual Keyboard") as keys:
        with shown(g, "draw --conns 0,1 --seed 12"):
            viewer = d.viewer(g)
            see(viewer, 12)
            out = d.command("list").out
            lines = [ln for ln in out.splitlines() if g.name in ln]
            need(len(lines) == 2 and "800x600" in lines[0] and "640x480" in lines[1] and "yes" in lines[0], out)
            res = d.command(f"picture {g.name}:1 /share/pictures/one.png")
            need(res.rc == 0, res.out)
            rows = rgb(f"{lab.dir}/pictures/one.png")
            data = b"".join(bytes(c for i in range(0, len(row), 3) for c in (*row[i:i + 3][::-1], 255))
                            for row in rows)
            need(zlib.crc32(data) == crc_drawn(640, 480, 13, "XR24"), "the picture is not what the guest drew")
            viewer.close()
        res = d.command(f"type {g.name} 'aB'")
        need(res.rc == 0, res.out)
        keys.wait((EV_KEY, 30, 1), (EV_KEY, 30, 0), (EV_KEY, 42, 1), (EV_KEY, 48, 1), (EV_KEY, 48, 0), (EV_KEY, 42, 0))
        res = d.command(f"type {g.name} 'a中'")
        need(res.rc and "U+4E2D" in res.out, res.out)
        for words in (f"picture {g.name}:7 /tmp/x.png", "picture nobody /tmp/x.png", "type nobody x"):
            res = d.command(words)
            need(res.rc and "xen-display:" in res.out and "Traceback" not in res.out, res.out)
    res = lab.displays().command("list")
    need(res.rc and "xen-display-backend" in res.out, res.out)


def test_two_guests(lab):
    """Neither sees the other; the end of one is nothing to the other"""
    with hands(lab) as (d, g):
        other = lab.guest("other", vdispl=TWO, **INPUT)
        wait_card(other)
        with shown(g, "draw --conns 0 --seed 40"), shown(other, "draw --conns 0 --seed 41"), \
                Events(g, "Xen Virtual Keyboard") as keys, Events(other, "Xen Virtual Keyboard") as their_keys:
            a, b = d.viewer(g), d.viewer(other)
            see(a, 40)
            see(b, 41)
            b.key(0x1e, 1)
            b.key(0x1e, 0)
            their_keys.wait((EV_KEY, 30, 1), (EV_KEY, 30, 0))
            need(not keys.read(), "the other guest's keys")
            need(server(lab, g.domid) and server(lab, other.domid), "not a process for each guest")
            lab.need("kill -KILL %s" % server(lab, other.domid))
            see(a, 40)
            a.key(0x1f, 1)
            a.key(0x1f, 0)
            keys.wait((EV_KEY, 31, 1), (EV_KEY, 31, 0))
            wait_for("the other guest's screen again", lambda: again(d, other, 41), 40)
        domid = other.domid
        other.destroy()
        wait_for("the end of its process", lambda: not server(lab, domid), 20)
        wait_for("the end of its socket", lambda: lab.dom0("ls /run/xen-display/other-0.sock").rc, 20)
        with shown(g, "draw --conns 0 --seed 42"):
            see(a, 42)


def test_driver_domain(lab):
    """The backend in a guest of its own, which XenStore shows nothing but what it serves"""
    lab.displays()
    host = lab.guest("driver", modules="none", memory=512, extra="driver_domain=1",
                     more=images.display_part(lab.builddir, images.Kernel("6.1")))
    res = host.run("for m in /display/modules/*; do insmod $m || exit 1; done; "
                   "XKB_CONFIG_ROOT=/display/xkb setsid /display/xen-display-backend --group root "
                   "</dev/null >/tmp/log 2>&1 & sleep 1; kill -0 $! || { cat /tmp/log; exit 1; }")
    need(res.rc == 0, res.out)
    g = lab.guest("served", vdispl=TWO.replace("backend=0", "backend=driver"))
    wait_card(g)
    name = host.run("ls /run/xen-display").out
    need("-0.sock" in name, name + host.run("cat /tmp/log").out)
    name = name.split("-0.sock")[0].split()[-1]

    def wrong(conn, seed):
        res = host.run(f"/display/xen-display picture {name}:{conn} /tmp/picture && base64 -w0 /tmp/picture")
        if res.rc:
            return res.out
        width, height, _, data = viewers.read_png(base64.b64decode(res.out))
        return None if zlib.crc32(data) == crc_drawn(width, height, seed, "XR24") else f"another picture, {width}x{height}"

    with shown(g, "draw --conns 0,1 --seed 75"):
        for conn in (0, 1):
            wait_for(f"the picture of connector {conn}", lambda c=conn: not wrong(c, 75 + c), 40)
    out = host.run("/display/xen-display list").out
    need(re.search(rf"^{name} +0 +id0 +800x600 ", out, re.M), out)
    log = host.run("cat /tmp/log").out
    need("cannot" not in log, log)


@alone(kernel="6.1", vdispl=TWO)
def test_attached_again(lab, g):
    """Detached and attached at once, again and again: its process comes again, and nothing is said of a fault"""
    wait_card(g)
    with lab.displays() as d:
        d.viewer(g).close()
        for _ in range(4):
            need(g.detach().rc == 0, "it is not detached")
            need(g.attach(TWO).rc == 0, "it is not attached")
        wait_card(g)
        with shown(g, "draw --conns 0 --seed 76"):
            v = d.viewer(g)
            see(v, 76, 40)
            v.close()
        need(not any("starting it again" in line for line in d.log()), "\n".join(d.log()[-12:]))


def server(lab, domid):
    """The number of the process that serves this guest, in a domain without ps."""
    return lab.need("for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q -- "
                    "'^/run/display/xen-display-backend .*--guest %d $' && basename $p; done; true" % domid).strip()


def again(d, g, seed):
    try:
        v = d.viewer(g)
        see(v, seed, 5)
        v.close()
        return True
    except (OSError, Failed):
        return False


@alone(kernel="6.1", vdispl=TWO)
def test_storm(lab, g):
    """Fifty sizes asked for at once: the last one holds"""
    wait_card(g)
    with lab.displays() as d:
        v = d.viewer(g)
        v.update(0)
        for n in range(50):
            v.resize(640 + 8 * n, 480 + 4 * n)
        wait_for("the last size", lambda: info_now(g)["conn0.modes"].startswith("1032x676@"), 40)
        with shown(g, "draw --conns 0 --seed 50"):
            see(v, 50, 40)
        v.close()


@alone(vdispl="backend=0,be-alloc=1,connectors=id0:640x480")
def test_backend_allocates(lab, g):
    """Buffers of the backend's own are shown as well"""
    let_backend_allocate(lab)
    with lab.displays() as d:
        wait_card(g)
        with shown(g, "draw --conns 0 --seed 60"):
            v = d.viewer(g)
            see(v, 60, 40)
            v.close()


@alone(vdispl="backend=0,connectors=id0:640x480")
def test_formats(lab, g):
    """Each format of the wire, as the colours that it means"""
    wait_card(g)
    with lab.displays() as d:
        v = d.viewer(g)
        for fourcc in ("XR24", "AR24", "XB24", "RG16", "XR30", "XB30"):
            with shown(g, f"draw --conns 0 --seed 61 --format {fourcc}"):
                see(v, 61, fmt=fourcc)
        v.close()


@alone(memory=1024, vdispl="backend=0,connectors=id0:3840x2160")
def test_large(lab, g):
    """A screen of 4K, to the pixel"""
    wait_card(g)
    with lab.displays() as d, shown(g, "draw --conns 0 --seed 62", timeout=180):
        v = d.viewer(g)
        see(v, 62, 120)
        need((v.width, v.height) == (3840, 2160), f"{v.width}x{v.height}")
        v.close()


@alone(memory=1024, timeout=900, extra="max_grant_frames=256", vdispl="backend=0,connectors=id0:7680x4320")
def test_8k(lab, g):
    """A screen of 8K, to the pixel"""
    wait_card(g)
    with lab.displays() as d, shown(g, "draw --conns 0 --seed 63", timeout=400):
        v = d.viewer(g, timeout=limit(300))
        see(v, 63, 300)
        need((v.width, v.height) == (7680, 4320), f"{v.width}x{v.height}")
        v.close()


@alone(kind="hvm", vdispl=TWO)
def test_hvm(lab, g):
    """An HVM guest, whose keyboard xl 4.17 forgets: it is added while the guest runs"""
    wait_card(g)
    with lab.displays() as d:
        d.said(rf"guest {g.name}, connector 0: connected")
        need(" none " in d.command("list").out, d.command("list").out)
        res = d.command(f"add-input {g.name}")
        need(res.rc == 0, res.out)
        g.run("modprobe -q xen-kbdfront")
        d.said("keyboard and pointer are connected", 60)
        with shown(g, "draw --conns 0 --seed 70"), Events(g, "Xen Virtual Keyboard") as keys:
            v = d.viewer(g)
            see(v, 70, 40)
            v.key(0x1e, 1)
            v.key(0x1e, 0)
            keys.wait((EV_KEY, 30, 1), (EV_KEY, 30, 0))
            v.close()
        need(" yes " in d.command("list").out, d.command("list").out)
