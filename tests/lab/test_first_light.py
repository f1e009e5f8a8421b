# SPDX-License-Identifier: GPL-2.0 OR MIT
"""On every kernel, PV and PVH: bind, show, flip, serve userspace, unload, load again."""
import zlib

from scene import (check, guest_prog, log, mark, modprobe_r, need, nothing_mapped,
                   raw, rejected, screen_crc, see, shown, unbind, wait_card, wait_for)

# small: emulated machines are slow; odd: rows then need padding
SIZES = ("400x300", "401x301")
EVERYWHERE = {
    "kernel": ["6.1", "6.12", "7.3"], "kind": ["pv", "pvh"],
    "vdispl": "backend=0,connectors=id0:%s;id1:%s" % SIZES,
}
# what hangs less on kernel and kind of guest
OLDEST_AND_NEWEST = {**EVERYWHERE, "kernel": ["6.1", "7.3"], "kind": "pv"}


@check(**EVERYWHERE)
def test_bind(lab, be, g):
    """By its alias, with every connector of XenStore."""
    info = wait_card(g)
    need(info["driver"] == "xendrm-du", "driver " + info["driver"])
    have = sum(v == "connected" for k, v in info.items() if k.endswith(".status"))
    need(have == 2, f"{have} connectors, not 2")
    for n, size in enumerate(SIZES):
        need(info[f"conn{n}.status"] == "connected", f"connector {n} is {info[f'conn{n}.status']}")
        modes = info[f"conn{n}.modes"].split(",")
        need(modes[0].startswith(size + "@") and modes[0].endswith("*"),
             f"the preferred mode of connector {n} is not {size} but {modes[0]}")
    need(info.get("cap.dumb_buffer") == "1" and info.get("cap.prime", "0") != "0", "capabilities")
    be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4")


@check(**EVERYWHERE)
def test_two_outputs(lab, be, g):
    """Two pictures at once; flips on one leave the other alone."""
    with shown(g, "draw --conns 0,1 --seed 11") as v:
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])
        width, height, fmt, _ = raw(be, g, 1)
        need((width, height, fmt) == (401, 301, "XR24"), f"connector 1 shows {width}x{height} {fmt}")
    with shown(g, "draw --conns 0 --seed 5") as v:
        see(be, g, 0, v["conn0.crc"])
    at = mark(be)
    for still, busy in ((0, 1), (1, 0)):
        with shown(g, f"flips --conns {still},{busy} --still 1 --count 15 --seed 40") as v:
            see(be, g, still, v[f"conn{still}.crc0"])
            see(be, g, busy, v[f"conn{busy}.crc{v[f'conn{busy}.front']}"])
            # the program's own; the console flips before and after it
            mine = {ln.get("fb") for ln in log(be, g, at, kind="REQ", op="FB_ATTACH")}
            flipped = [sum(ln.get("fb") in mine for ln in
                           log(be, g, at, kind="REQ", op="PG_FLIP", conn=n)) for n in (still, busy)]
            need(flipped[0] <= 1 and flipped[1] >= 15,
                 f"15 flips of connector {busy}: {flipped[1]}, and {flipped[0]} of connector {still}")
        at = mark(be)
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))


@check(**EVERYWHERE)
def test_flips(lab, be, g):
    """Legacy and atomic, a second flip rejected meanwhile, each with its event."""
    for args in ("--busy", "--atomic", "--conns 0,1"):
        v = guest_prog(g, f"flips --count 60 {args}")
        need(float(v["conn0.median_us"]) > 10000, f"flips {args}: faster than the refresh rate: "
             f"{v['conn0.median_us']} us")


@check(**OLDEST_AND_NEWEST)
def test_dpms(lab, be, g):
    """Off and on with the framebuffer kept: nothing rejected, the picture back."""
    at = mark(be)
    with shown(g, "dpms --cycles 6 --seed 3") as v:
        see(be, g, 0, v["conn0.crc"])
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))
    offs = [ln for ln in log(be, g, at, kind="REQ", op="SET_CONFIG") if int(ln.get("fb"), 16) == 0]
    need(len(offs) >= 12, f"the backend was switched off {len(offs)} times, not 12")


@check(**OLDEST_AND_NEWEST)
def test_damage(lab, be, g):
    """What is drawn shows without flips, at most once per refresh even if the backend is fast."""
    at = mark(be)
    be.ctl("set at-once 1")
    try:
        with shown(g, "damage --count 400 --seed 21") as v:
            need(v["damage_clips"] == "1", "the plane has no FB_DAMAGE_CLIPS")
            see(be, g, 0, v["conn0.crc"])
    finally:
        be.ctl("set at-once 0")
    times = [ln.time for ln in log(be, g, at, kind="REQ", op="PG_FLIP")]
    need(len(times) >= 3, f"{len(times)} flips were sent for all the drawing")
    most = (times[-1] - times[0]) * 66 + 5
    need(len(times) <= most, f"{len(times)} flips in {times[-1] - times[0]:.2f} s: not throttled")


@check(**OLDEST_AND_NEWEST)
def test_vblank(lab, be, g):
    v = guest_prog(g, "vblank --conns 0,1 --count 90")
    need(v["off"] != "OK", "a wait on a screen that is off")


@check(**OLDEST_AND_NEWEST)
def test_rejected(lab, be, g):
    """Bad framebuffers and states; test-only agrees with the commit."""
    at = mark(be)
    guest_prog(g, "addfb")
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))


@check(**OLDEST_AND_NEWEST)
def test_prime(lab, be, g):
    with shown(g, "prime --seed 17") as v:
        see(be, g, 0, v["conn0.crc"])
    v = guest_prog(g, "prime --conns 1 --seed 18")
    need(v["outlived"] == "1", "the dma-buf did not outlive the card's file")


@check(**OLDEST_AND_NEWEST)
def test_stress(lab, be, g):
    guest_prog(g, "stress --cycles 15", timeout=120)


@check(**OLDEST_AND_NEWEST)
def test_fbdev(lab, be, g):
    """The console's device shows what is written to it."""
    need(g.run("test -c /dev/fb0").rc == 0, "no /dev/fb0")
    # the card must have no master, else the console's picture is not on show
    with shown(g, "fbdev --seed 77") as v:
        size, got = v["mode"], raw(be, g, 0)
        need(size in SIZES, "fbdev has mode " + size)
        need(got[2] == "XR24", "fbdev shows " + got[2])

        def same():
            width, height, _, data = raw(be, g, 0)
            if f"{width}x{height}" == size:
                return screen_crc(be, g, 0) == int(v["crc"], 16)
            # the console is smaller than this screen: its part of it
            w, h = (int(n) for n in size.split("x"))
            return zlib.crc32(b"".join(data[y * width * 4:y * width * 4 + w * 4]
                                       for y in range(h))) == int(v["crc"], 16)
        wait_for("what was drawn into /dev/fb0 on the screen", same, 10)


@check(**EVERYWHERE)
def test_reload(lab, be, g):
    """Unload when nobody holds the card, bound and unbound; load again, draw."""
    for n in range(2):
        if n:
            unbind(g)
            nothing_mapped(lab, g, "after the unbind")
            need(g.run("ls /dev/dri/card*").rc != 0, "/dev/dri still has a card")
        modprobe_r(g)
        nothing_mapped(lab, g, "after modprobe -r")
        g.load()
        wait_card(g)
        with shown(g, f"draw --conns 0,1 --seed {90 + n}") as v:
            see(be, g, 0, v["conn0.crc"])
            see(be, g, 1, v["conn1.crc"])
