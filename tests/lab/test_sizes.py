# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Displays of odd sizes: too small for a text console, and too large for the guest's memory."""
from scene import check, guest_prog, info_now, modes, need, see, shown, wait_card, wait_for

TINY = ("1x1", "7x7", "320x8", "1x16384")


def spec(*sizes):
    return "backend=0,connectors=" + ";".join(f"id{n}:{size}" for n, size in enumerate(sizes))


def write_text(g):
    """What would go beyond the screen if the console took it for larger than it is."""
    res = g.run("for n in $(seq 200); do printf '%0200d\\033[41mx\\033[H\\033[7m' $n; done >/dev/tty1")
    need(res.rc == 0, "writing to the console: " + res.out)
    g.run("sleep 1")


def has_console(g):
    return g.run("test -c /dev/fb0").rc == 0


def console_shows(be, g, n, size, seed):
    with shown(g, f"fbdev --seed {seed}") as v:
        need(v["mode"] == size, f"the console has {v['mode']}, not {size}")
        see(be, g, n, v["crc"])
    # it was killed, and left the console without text
    guest_prog(g, "fbdev")


def resize(lab, g, size, n=0):
    lab.need(f"xenstore-write /local/domain/{g.domid}/device/vdispl/0/{n}/resolution {size}")

    def preferred():
        return any(s == size and star for s, (_, star) in modes(info_now(g), n).items())
    wait_for(f"{size} to be preferred", preferred, 20)


def said(g, text, after=0):
    g.dmesg()
    return [ln for ln in g.kernel_log()[after:] if text in ln]


def programs_draw(be, g, sizes):
    for n, size in enumerate(sizes):
        with shown(g, f"draw --conns {n} --seed {60 + n}") as v:
            need(v[f"conn{n}.mode"] == size, f"connector {n}: drew {v[f'conn{n}.mode']}, not {size}")
            see(be, g, n, v[f"conn{n}.crc"])
        with shown(g, f"draw --conns {n} --format RG16 --pad 3 --seed {70 + n}") as v:
            see(be, g, n, v[f"conn{n}.crc"])
        with shown(g, f"damage --conns {n} --count 20 --seed {80 + n}") as v:
            see(be, g, n, v[f"conn{n}.crc"])
        guest_prog(g, f"flips --conns {n} --count 10")


@check(own=True, kernel=["6.1", "7.3"], kind="pv", vdispl=spec(*TINY))
def test_tiny(lab, be, g):
    """Too small for any text: no console, userspace as ever, and a console once there is room"""
    wait_card(g)
    write_text(g)
    need(not has_console(g), "a console on displays that are too small for it")
    for n, size in enumerate(TINY):
        need(len(said(g, f"connector {n}: no text console: {size} is too small")) == 1, f"connector {n}: no word of it")
    programs_draw(be, g, TINY)

    # a large display is no larger for having small ones beside it
    resize(lab, g, "640x480", 1)
    wait_for("a console", lambda: has_console(g), 20)
    write_text(g)
    console_shows(be, g, 1, "640x480", 90)
    # and back, with the console there
    resize(lab, g, "7x7", 1)
    write_text(g)
    programs_draw(be, g, TINY)
    resize(lab, g, "640x480", 1)
    write_text(g)
    console_shows(be, g, 1, "640x480", 91)


@check(own=True, kernel="6.1", kind="pv", vdispl=spec("7x7"))
def test_tiny_alone(lab, be, g):
    """The same with no other display, whose memory is large enough for some text"""
    wait_card(g)
    write_text(g)
    need(not has_console(g), "a console on a display that is too small for it")
    programs_draw(be, g, ["7x7"])


@check(own=True, kernel="7.3", kind="pv", vdispl=spec("32x32"), cmdline="fbcon=font:TER16x32")
def test_smallest_console(lab, be, g):
    """The smallest display with a text console, in the largest font there is"""
    wait_card(g)
    wait_for("a console", lambda: has_console(g), 20)
    write_text(g)
    console_shows(be, g, 0, "32x32", 92)
    for size in ("31x32", "32x31"):
        at = len(g.kernel_log())
        resize(lab, g, size)
        write_text(g)
        need(len(said(g, f"connector 0: no text console: {size} is too small", at)) == 1, f"{size}: no word of it")


@check(own=True, kernel=["6.1", "7.3"], kind="pv", vdispl=spec("16384x16384"))
def test_huge(lab, be, g):
    """More pixels than the guest has memory: said once, nobody is killed, smaller modes work"""
    wait_card(g)
    write_text(g)
    need(len(said(g, "connector 0: no text console: 16384x16384 is too large")) == 1, "no word of it")
    res = g.run("xdf-guest draw --seed 95")
    need(res.rc == 1 and "Cannot allocate memory" in res.out, f"status {res.rc}: {res.out}")
    for width, height in ((640, 480), (1024, 768)):
        with shown(g, f"draw --width {width} --height {height} --seed 96") as v:
            see(be, g, 0, v["conn0.crc"])
    need(not said(g, "Out of memory") and not said(g, "oom-kill"), "the kernel killed for memory")
    resize(lab, g, "640x480")
    wait_for("a console", lambda: has_console(g), 20)
    write_text(g)
    console_shows(be, g, 0, "640x480", 97)
