# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Checksums of what is shown: crtc-N/crc of debugfs."""
import time
import zlib

import pattern
from scene import (check, counters, guest_prog, keeps_protocol, let_backend_allocate, let_go, modprobe_r, need, raw, see, shown,
                   wait_card, wait_for)

NO_CONSOLE = "drm_kms_helper.fbdev_emulation=0"
DATA = "/sys/kernel/debug/dri/[0-9]*/crtc-%d/crc/data"
# one of each layout; unit tests have all of them
BARS = ("XR24", "XB24", "RG16", "AB30")
BYTES = ("AR24", "XB24", "RG16", "XR30")


def parse(text):
    """[(frame, value)] of what was read."""
    return [(int(frame, 16), int(value, 16)) for frame, value in
            (line.split() for line in text.replace("\0", "").splitlines() if line.startswith("0x"))]


def frames(g, crtc, count):
    """The next COUNT frames; each has the number after the one before it."""
    res = g.run(f"timeout {30 + count} head -n {count} {DATA % crtc}", timeout=60 + count)
    found = parse(res.out)
    need(len(found) == count, f"{count} checksums: status {res.rc}: {res.out.strip()[-500:]}")
    for (a, _), (b, _) in zip(found, found[1:]):
        need(b == a + 1, f"frame {b} after frame {a}")
    return found


def value(g, crtc):
    """Of a picture that does not change."""
    found = {v for _, v in frames(g, crtc, 3)}
    need(len(found) == 1, "one picture, several checksums: " + " ".join(f"{v:08x}" for v in found))
    return found.pop()


def as_shown(be, g, conn):
    """Computed from what the backend has."""
    _, _, fmt, data = raw(be, g, conn)
    return pattern.as_xr24(fmt, [data])


def drawn(width, height, seed):
    return pattern.as_xr24("XR24", pattern.picture("XR24", width, height, seed))


def is_value(g, crtc, want, what):
    got = value(g, crtc)
    need(got == want, f"{what}: {got:08x}, expected {want:08x}")


@check(kernel=["6.1", "7.3"], vdispl="backend=0,connectors=id0:160x120;id1:162x122")
def test_pictures(lab, be, g):
    """A picture's checksum is what its colours give, in any layout, and another one's is another; without a reader nothing is read"""
    wait_card(g)
    guest_prog(g, "flips --conns 0,1 --count 30")
    for n in (0, 1):
        need(counters(g, n)["checksums"] == 0, f"nobody asked, and yet {counters(g, n)['checksums']} pictures were read")
    seen = set()
    for seed in (5, 6):
        with shown(g, f"draw --conns 0,1 --seed {seed}") as v:
            for n, (width, height) in enumerate(((160, 120), (162, 122))):
                see(be, g, n, v[f"conn{n}.crc"])
                want = drawn(width, height, seed + n)
                is_value(g, n, want, f"picture {seed} on connector {n}")
                seen.add((n, want))
    need(len(seen) == 4, "two pictures have one checksum")
    pid = reader(g, 0)
    for seed in (7, 8):
        with shown(g, f"draw --conns 0 --seed {seed}"):
            want = drawn(160, 120, seed)
            wait_for(f"the checksum of picture {seed}, while one reads", lambda: [v for _, v in read_so_far(g)][-1:] == [want], 20)
    g.run(f"kill {pid}")
    need(counters(g, 0)["checksums"] >= 2, "no picture was read")
    for fmt in BARS:
        with shown(g, f"draw --conns 1 --bars --format {fmt} --pad 3"):
            is_value(g, 1, pattern.as_xr24("XR24", [pattern.bars_row("XR24", 162)] * 122), "bars in " + fmt)
    # random bytes, and a part of a larger buffer: as the backend has them
    for args in [f"--format {fmt}" for fmt in BYTES] + ["--around 7"]:
        with shown(g, f"draw --conns 1 --seed 9 {args}") as v:
            see(be, g, 1, v["conn1.crc"])
            is_value(g, 1, as_shown(be, g, 1), args)
    before = counters(g, 1)["checksums"]
    guest_prog(g, "flips --conns 1 --count 30")
    need(counters(g, 1)["checksums"] == before, "pictures are read after the last reader has gone")
    # what the last reader held goes a second after it
    time.sleep(1.5)
    modprobe_r(g)


@check(kernel="6.1", vdispl="backend=0,be-alloc=1,connectors=id0:322x242")
def test_backend_allocates(lab, be, g):
    """The checksum of what is in the backend's memory"""
    let_backend_allocate(lab)
    wait_card(g)
    with shown(g, "draw --conns 0 --seed 3") as v:
        see(be, g, 0, v["conn0.crc"])
        is_value(g, 0, drawn(322, 242, 3), "a copy")


def reader(g, crtc):
    """Reads on and on; its pid."""
    return g.run(f"cat {DATA % crtc} >/tmp/crc.out 2>/tmp/crc.err & echo $!").out.split()[-1]


def read_so_far(g):
    return parse(g.run("cat /tmp/crc.out").out)


@check(kernel="6.1", alone=True, vdispl="backend=0,connectors=id0:160x120")
def test_backend_restarted(lab, be, g):
    """Under a reader the backend ends or is killed, and comes back: black meanwhile or not, then the same picture, in frames that only rise"""
    wait_card(g)
    want = drawn(160, 120, 4)
    black = zlib.crc32(b"\0\0\0\xff" * (160 * 120))
    with shown(g, "draw --conns 0 --seed 4"):
        pid = reader(g, 0)
        wait_for("the picture's checksum", lambda: [v for _, v in read_so_far(g)][-1:] == [want])
        be.stop()
        wait_for("black", lambda: [v for _, v in read_so_far(g)][-1:] == [black], 30)
        be = lab.backend()
        wait_for("the picture's checksum again", lambda: [v for _, v in read_so_far(g)][-1:] == [want], 30)
        # nothing tells the driver before there is another
        be.kill()
        be = lab.backend()
        be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40)
        seen = len(read_so_far(g))
        wait_for("the picture's checksum after that", lambda: [v for _, v in read_so_far(g)[seen:]][-1:] == [want], 30)
        g.run(f"kill {pid}")
    found = read_so_far(g)
    need(all(a < b for (a, _), (b, _) in zip(found, found[1:])), "frames do not rise")
    other = {v for _, v in found} - {want, black}
    need(not other, "what is neither the picture nor black: " + " ".join(f"{v:08x}" for v in other))
    keeps_protocol(be, g)


@check(kernel=["6.1", "7.3"], own=True, cmdline=NO_CONSOLE, vdispl="backend=0,connectors=id0:160x120")
def test_unbound_under_reader(lab, be, g):
    """A reader of checksums, of a picture or of nothing any more, holds up neither the device's end nor falls over it"""
    for dark in (False, True):
        wait_card(g)
        with shown(g, "draw --conns 0 --seed 4") as v:
            pid = reader(g, 0)
            wait_for("checksums", lambda: read_so_far(g))
            if dark:
                let_go(g, v["held_by"])
                time.sleep(1)
            res = g.run("time -p timeout 20 sh -c 'echo vdispl-0 >/sys/bus/xen/drivers/xen_drm_front/unbind'", timeout=60)
            need(res.rc == 0, f"unbinding, {'dark' if dark else 'shown'}: {res.out}")
        need(g.run("lsmod").rc == 0, "the guest hangs")
        g.run(f"kill {pid}; sleep 1.5; echo vdispl-0 >/sys/bus/xen/drivers/xen_drm_front/bind")
    wait_card(g)
    # an open file that nobody reads: the module stays, and what belongs to the file
    with shown(g, "draw --conns 0 --seed 4"):
        pid = g.run(f"sh -c 'exec 3<$1; exec sleep 1000' sh $(ls {DATA % 0}) >/dev/null 2>&1 & echo $!; sleep 0.5").out.split()[-1]
        need(g.run(f"ls -l /proc/{pid}/fd | grep crc/data").rc == 0, "the file is not open")
        g.run("echo vdispl-0 >/sys/bus/xen/drivers/xen_drm_front/unbind")
    need(g.run("modprobe -r xen_drm_front").rc != 0, "the module went away under an open file")
    g.run(f"kill {pid}; sleep 2")
    modprobe_r(g)
    g.load()
    wait_card(g)
    with shown(g, "draw --conns 0 --seed 4"):
        is_value(g, 0, drawn(160, 120, 4), "after all that")
