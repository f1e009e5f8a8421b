# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the scenarios share: running the guest's program, reading the backend's log."""
import functools
import os
import re
import struct
import time
import zlib

from pattern import CPP
from speed import limit, scaled
from xdflab import LabError, scenario


class Failed(AssertionError):
    """A scenario's expectation did not hold; the text says which."""


def check(polite=True, **spec):
    """A scenario called with (lab, backend, guest); the driver has to keep the protocol.

    Not so with polite=False, for a backend that breaks it first. The rest as for @scenario.
    """
    def mark_it(func):
        @functools.wraps(func)
        def run(lab, g):
            be = lab.backend()
            at = mark(be)
            func(lab, be, g)
            if polite:
                keeps_protocol(be, g, at)
        return scenario(**spec)(run)
    return mark_it


def need(cond, text):
    if not cond:
        raise Failed(text)


def values(out):
    """key=value lines as a dictionary."""
    found = {}
    for line in out.splitlines():
        m = re.match(r"([\w.-][\w. -]*)=(.*)", line)
        if m:
            found[m.group(1)] = m.group(2)
    return found


def xdf_guest(args):
    """The command, with a limit for events that follows the machine's speed."""
    if "--timeout-ms" not in args:
        args += " --timeout-ms 10000"
    return "xdf-guest " + re.sub(r"(?<=--timeout-ms )\d+", lambda m: "%d" % scaled(int(m[0])), args)


def guest_prog(g, args, timeout=90, rc=0):
    """xdf-guest in the guest; its values. Another status than RC fails."""
    res = g.run(xdf_guest(args), timeout=timeout)
    need(rc is None or res.rc == rc,
         f"xdf-guest {args}: status {res.rc}, expected {rc}:\n{res.out.strip()[-2000:]}")
    return values(res.out)


class shown:
    """A picture held on the screen by a program in the background."""

    def __init__(self, g, args, timeout=90):
        self.g = g
        self.values = guest_prog(g, args + " --hold", timeout=timeout)
        self.pid = self.values["held_by"]

    def __enter__(self):
        return self.values

    def __exit__(self, *exc):
        let_go(self.g, self.pid)


def let_go(g, pid, timeout=10):
    """End a program in the guest; it has to go within the time."""
    g.run(f"kill {pid}; n=0; while [ -d /proc/{pid} ] && [ $n -lt {limit(timeout) * 10:.0f} ]; do "
          "sleep 0.1; n=$((n + 1)); done", timeout=timeout + 30)
    need(g.run(f"test ! -d /proc/{pid}").rc == 0, f"program {pid} did not end within {limit(timeout):.0f} s")


def background(g, args, name):
    """xdf-guest in the background; its output goes to /tmp/NAME.out. Returns its pid."""
    out = g.run(f"{xdf_guest(args)} >/tmp/{name}.out 2>&1 & echo $!").out
    return out.strip().splitlines()[-1]


def output(g, name):
    return g.run(f"cat /tmp/{name}.out").out


def wait_for(what, probe, timeout=20, step=0.3):
    """Until probe() is true; returns what it returned."""
    end = time.monotonic() + limit(timeout)
    while True:
        got = probe()
        if got:
            return got
        need(time.monotonic() < end, f"{what}: not within {limit(timeout):.0f} s")
        time.sleep(step)


def wait_card(g, timeout=30):
    """Until the guest has a card with modes."""
    def probe():
        res = g.run("xdf-guest info")
        return res.rc == 0 and values(res.out)
    return wait_for("a card in the guest", probe, timeout, 0.5)


def info_now(g):
    return values(g.run("xdf-guest info").out)


def give(lab, be, data, which="all"):
    with open(os.path.join(lab.dir, "monitor.bin"), "wb") as f:
        f.write(data)
    be.ctl(f"edid {which} /share/monitor.bin")


def again(g):
    """The same device once more, so that the driver asks again."""
    g.run("echo vdispl-0 >/sys/bus/xen/drivers/xen_drm_front/unbind;"
          "echo vdispl-0 >/sys/bus/xen/drivers/xen_drm_front/bind")
    return wait_card(g)


def modes(info, n=0):
    """{"WxH": (refresh, preferred)}, the best refresh of each size."""
    found = {}
    for text in info[f"conn{n}.modes"].split(","):
        m = re.fullmatch(r"(\d+x\d+)@([\d.]+)(\*?)", text)
        size, hz, star = m.group(1), float(m.group(2)), bool(m.group(3))
        if size not in found:
            found[size] = (hz, star)
    return found


def raw(be, g, conn, dev=0):
    """What a connector shows, as it came: (width, height, fourcc, bytes without padding)."""
    name = f"raw-{g.name}-{dev}-{conn}"
    path = os.path.join(be.lab.dir, "pictures", name)
    if os.path.exists(path):
        os.unlink(path)
    be.ctl(f"raw {g.domid} {dev} {conn} /share/pictures/{name}")
    with open(path, "rb") as f:
        width, height, pitch, fmt = f.readline().split()
        data = f.read()
    os.unlink(path)
    width, height, pitch, fmt = int(width), int(height), int(pitch), fmt.decode()
    need(len(data) == pitch * height, f"the backend's picture has {len(data)} bytes, not {pitch} x {height}")
    line = width * CPP[fmt]
    if line != pitch:
        data = b"".join(data[y * pitch:y * pitch + line] for y in range(height))
    return width, height, fmt, data


def rgb(path):
    """Rows of (r, g, b) bytes of a PNG as the backend writes it: 8 bit RGB, not interlaced."""
    with open(path, "rb") as f:
        data = f.read()
    need(data[:8] == b"\x89PNG\r\n\x1a\n", f"{path} is no PNG")
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack_from(">IIBB", body)
            need((depth, color) == (8, 2), f"{path} has depth {depth}, colour type {color}")
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    rows = zlib.decompress(packed)
    line = width * 3 + 1
    need(len(rows) == line * height, f"{path} is too short")
    need(not any(rows[::line]), f"{path} uses row filters")
    return [rows[y * line + 1:(y + 1) * line] for y in range(height)]


def screen_crc(be, g, conn, dev=0):
    return zlib.crc32(raw(be, g, conn, dev)[3])


def see(be, g, conn, crc, dev=0, timeout=10):
    """The connector shows exactly this picture, now or soon."""
    want = int(crc, 16) if isinstance(crc, str) else crc
    end = time.monotonic() + limit(timeout)
    while True:
        try:
            got = screen_crc(be, g, conn, dev)
        except LabError as err:
            got = err
        if got == want:
            return
        if time.monotonic() > end:
            shown_crc = got if isinstance(got, Exception) else f"{got:08x}"
            raise Failed(f"connector {conn} shows {shown_crc}, the guest drew {want:08x}")
        time.sleep(0.3)


class Line:
    """One line of the backend's log, its fields as attributes of a dictionary."""

    FORMAT = re.compile(r"(\d+\.\d+) (?:-|dom(\d+)/dev(\d+)(?:/conn(\d+))?) ([A-Z]+)\b ?(.*)")

    def __init__(self, m, text):
        self.time = float(m.group(1))
        self.dom, self.dev, self.conn = (None if v is None else int(v) for v in m.group(2, 3, 4))
        self.kind = m.group(5)
        self.text = text
        self.fields = {k: a or b for k, a, b in
                       re.findall(r'([\w-]+)=(?:"([^"]*)"|(\S*))', m.group(6))}

    def get(self, key, default=""):
        return self.fields.get(key, default)


def log(be, g=None, after=0, **want):
    """The log's lines from number AFTER on, of this guest, whose fields are as wanted."""
    lines = []
    for text in be.log()[after:]:
        m = Line.FORMAT.match(text)
        if not m:
            continue
        line = Line(m, text)
        if g is not None and line.dom != g.domid:
            continue
        if all((getattr(line, k) if k in ("kind", "conn", "dev") else line.get(k)) == v
               for k, v in want.items()):
            lines.append(line)
    return lines


def let_backend_allocate(lab):
    """More pages than dom0's kernel grants by default."""
    lab.need("echo 65536 >/sys/module/xen_gntalloc/parameters/limit")


def reconnect(lab, be, g, *args):
    """Another backend with other options in this one's place; the guest is connected to it."""
    be.stop()
    be = lab.backend(args=args)
    be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40)
    return be


def mark(be):
    return len(be.log())


def rejected(be, g, after=0):
    """Requests that the backend answered with an error."""
    return [line.text for line in log(be, g, after, kind="REQ") if line.get("status", "0") != "0"]


# seconds; the driver's own with an accepted flip is 3, by its clock
PATIENCE = 2.8


def keeps_protocol(be, g, after=0):
    """The driver in this guest broke no rule of the protocol.

    A second flip in flight is no fault when the machine was so busy that the
    backend left the first without its event for longer than any driver waits.
    """
    bad, accepted = [], {}
    for ln in log(be, g, after):
        if ln.kind == "EVT":
            accepted.pop((ln.dev, ln.conn), None)
        elif ln.kind == "REQ" and ln.get("op") == "PG_FLIP" and ln.get("status") == "0":
            accepted[ln.dev, ln.conn] = ln.time
        elif ln.kind == "VIOLATION":
            since = accepted.get((ln.dev, ln.conn), ln.time)
            if ln.get("what") != "flip-in-flight" or ln.time - since < PATIENCE:
                bad.append(ln.text)
    need(not bad, "violations of the protocol:\n" + "\n".join(bad[:10]))


def still_mapped(lab, g):
    """Xen's lines on grants of this guest that are mapped; the console's and the store's are not counted."""
    text = lab.dom0("xl dmesg -c >/dev/null; xl debug-keys g; sleep 0.5; xl dmesg").out
    need("gnttab_usage_print_all ] done" in text, "Xen did not print its grant tables:\n" + text[-500:])
    m = re.search(rf"grant-table for remote d{g.domid} .*?(?=grant-table for remote|gnttab_usage_print_all \])",
                  text, re.S)
    need(m, f"no grant table of domain {g.domid} in Xen's list")
    lines = re.findall(r"\[(0x[0-9a-f]+)\](.*)", m.group(0))
    return [ref + rest for ref, rest in lines if int(ref, 16) > 1]


def nothing_mapped(lab, g, when):
    """dom0 has let go of every grant of the display, now or within some seconds."""
    end = time.monotonic() + limit(10)
    while still_mapped(lab, g):
        left = still_mapped(lab, g)
        need(time.monotonic() < end, f"{len(left)} grants still mapped {when}:\n" + "\n".join(left[:5]))
        time.sleep(0.5)


def counters(g, node=0):
    """{"flips": 7, "missed refreshes": 0, ...} of a connector, from the driver's debugfs."""
    text = g.run("cat /sys/kernel/debug/dri/*/xen").out
    m = re.search(rf"^connector {node}:.*?(?=^connector |\Z)", text, re.S | re.M)
    need(m, f"no connector {node} in debugfs:\n{text}")
    return {k: int(v) for k, v in re.findall(r"^  ([a-z -]+): (\d+)$", m.group(0), re.M)}


def unbind(g):
    """Take the driver off its devices, as a user may by sysfs."""
    res = g.run("cd /sys/bus/xen/drivers/xen_drm_front || exit 0; for d in vdispl-*; do "
                "[ ! -e $d ] || echo $d >unbind || exit 1; done")
    need(res.rc == 0, "unbinding: " + res.out)


def modprobe_r(g, timeout=30):
    """Unload the driver; it has to be free."""
    res = g.run("modprobe -r xen_drm_front", timeout=timeout)
    if res.rc:
        who = g.run("lsmod; ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e /dri/ -e /fb0; "
                    "ls /sys/bus/xen/drivers/xen_drm_front").out
        need(False, f"modprobe -r: status {res.rc}: {res.out}{who}")
    need(g.run("lsmod | grep -q ^xen_drm_front").rc != 0, "the module is still loaded")
