# SPDX-License-Identifier: GPL-2.0 OR MIT
"""An HVM guest: our card stands beside that of an emulated VGA."""
import re

from scene import check, need, raw, see, shown, wait_card, wait_for
from xdflab import LabError

# the same as that of first_light, which can then use the same guest
HVM = {
    "kernel": ["6.1", "7.3"], "kind": "hvm",
    "vdispl": "backend=0,connectors=id0:400x300;id1:401x301",
}
RED = 0xaa0000


def screens(g):
    """{"xendrm-du": N, ...}: the /dev/fbN of each driver."""
    text = g.run("cat /proc/fb").out
    return {name: int(n) for n, name in re.findall(r"^(\d+) (\S+?)(?:drmfb)?$", text, re.M)}


def paint_console(g):
    """The text console red from end to end, as a program's own colours may have it."""
    need(g.run(r"printf '\033[41m\033[2J' >/dev/tty1").rc == 0, "nothing can be written to tty1")


def red_on_ours(be, g):
    """Which part of what the backend shows is the red of the console."""
    try:
        _, _, fmt, data = raw(be, g, 0)
    except LabError as err:
        # as it is while nobody draws
        need("switched off" in str(err), str(err))
        return 0
    need(fmt == "XR24", "the console's format is " + fmt)
    pixels = len(data) // 4
    return sum(data[i:i + 3] == RED.to_bytes(3, "little") for i in range(0, len(data), 4)) / pixels


def red_on(g, fb):
    """The same of an emulated screen, by a hundred of its pixels."""
    text = g.run("head -c 240000 /dev/fb%d | od -An -v -tx4 -w2400 | cut -c 2-9" % fb).out
    words = text.split()
    need(len(words) >= 100, "reading /dev/fb%d: %s" % (fb, text[-500:]))
    return sum(int(w, 16) & 0xffffff == RED for w in words) / len(words)


def beside(g):
    """Both cards are there; the number of the screen of each."""
    info = wait_card(g)
    need(info["driver"] == "xendrm-du", "driver " + info["driver"])
    drivers = g.run("for c in /sys/class/drm/card[0-9]; do readlink $c/device/driver; done").out
    need("bochs" in drivers, "the emulated VGA has no card:\n" + drivers)
    # they come a little later than the cards
    wait_for("a screen of each card in /proc/fb",
             lambda: set(screens(g)) == {"bochs-drm", "xendrm-du"}, 10)
    return screens(g)


@check(**HVM)
def test_console_stays(lab, be, g):
    """By default the console is on the emulated VGA; what is drawn on our card shows there alone."""
    fb = beside(g)
    paint_console(g)
    wait_for("the console on the emulated VGA", lambda: red_on(g, fb["bochs-drm"]) > 0.9, 10)
    need(red_on_ours(be, g) == 0, "the console is on our card too")
    with shown(g, "draw --seed 61") as v:
        see(be, g, 0, v["conn0.crc"])
        need(red_on(g, fb["bochs-drm"]) > 0.9, "drawing on our card changed the emulated VGA")
    need(red_on_ours(be, g) < 0.01, "the console came to our card")


def on_ours_alone(be, g, seed):
    """The console is on our card, and there again when a program has drawn on it."""
    paint_console(g)
    wait_for("the console on our card", lambda: red_on_ours(be, g) > 0.9, 10)
    with shown(g, f"draw --seed {seed}") as v:
        see(be, g, 0, v["conn0.crc"])
    wait_for("the console back on our card", lambda: red_on_ours(be, g) > 0.9, 10)


@check(**HVM, cmdline="fbcon=map:1")
def test_console_by_map(lab, be, g):
    """With the number of our screen in fbcon=map: the console is on our card."""
    fb = beside(g)
    need(fb["xendrm-du"] == 1, "our screen is not number 1 but %d" % fb["xendrm-du"])
    on_ours_alone(be, g, 62)
    need(red_on(g, fb["bochs-drm"]) < 0.01, "the console is on the emulated VGA too")


@check(**HVM, extra='vga="none"')
def test_console_without_vga(lab, be, g):
    """Without an emulated VGA the console is on our card."""
    wait_card(g)
    wait_for("our screen alone in /proc/fb", lambda: screens(g) == {"xendrm-du": 0}, 10)
    on_ours_alone(be, g, 63)
