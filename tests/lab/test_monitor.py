# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the backend says of the monitor, and what XenStore says later."""
import base64
import os
import time

import edid
from scene import (again, check, give, guest_prog, info_now, keeps_protocol, mark, modes, need,
                   rejected, see, shown, wait_card, wait_for)

BIG, BIG_HZ = edid.timing(1280, 800, 75)
OTHER, _ = edid.timing(1024, 640, 60)
# the pixel clock has 16 bits and overflowed: 3840x2160 at what reads as 3 Hz
WRAPPED, WRAPPED_HZ = edid.timing(1920, 1080, 60, clock=800)


def preferred(info, n=0):
    return [size for size, (_, star) in modes(info, n).items() if star]


SPEC = "backend=0,connectors=id0:800x600;id1:640x480"


@check(kernel=["6.1", "7.3"], vdispl=SPEC)
def test_edid(lab, be, g):
    """Modes, size and data of the monitor; XenStore's resolution stays preferred"""
    try:
        data = edid.base([BIG, edid.name("xdf")], extensions=1) + edid.block(b"\x02\x03\x04\x00")
        give(lab, be, data, "0")
        info = again(g)
        found = modes(info)
        need("1280x800" in found and abs(found["1280x800"][0] - BIG_HZ) < 0.2,
             f"the monitor's mode is not there: {info['conn0.modes']}")
        need(preferred(info) == ["800x600"], f"preferred is {preferred(info)}")
        need(info["conn0.mm"] == "520x320", f"physical size {info['conn0.mm']}")
        raw = g.run("base64 /sys/class/drm/card0-Virtual-1/edid").out
        need(raw.replace("\n", "").strip() == base64.b64encode(data).decode(),
             f"sysfs has another EDID: {raw}")
        need(g.run("cat /sys/class/drm/card0-Virtual-2/edid | wc -c").out.strip() == "0",
             "the monitor without EDID has one")
        with shown(g, "draw --width 1280 --height 800 --seed 7") as v:
            see(be, g, 0, v["conn0.crc"])
        guest_prog(g, "vblank --width 1280 --height 800 --rate 75")
        with shown(g, "draw --seed 8") as v:
            need(v["conn0.mode"] == "800x600", f"drew {v['conn0.mode']}")
            see(be, g, 0, v["conn0.crc"])

        give(lab, be, edid.base([WRAPPED]), "0")
        found = modes(again(g))
        need(WRAPPED_HZ < 20 and 59 < found["1920x1080"][0] < 61,
             f"a refresh of {found['1920x1080'][0]} Hz")
    finally:
        be.ctl("edid 0 none")
        again(g)


@check(kernel="6.1", vdispl=SPEC)
def test_bad_edid(lab, be, g):
    """What is no EDID is said to be none, and the display works by XenStore alone"""
    good = edid.base([BIG], extensions=1) + edid.block(b"\x02\x03\x04\x00")
    wrong_sum = bytes([good[127] ^ 1])
    bad = {"checksum": good[:127] + wrong_sum + good[128:], "short": good[:128],
           "odd": good + b"x", "header": edid.block(b"\1" * 100)}
    try:
        for what, data in bad.items():
            give(lab, be, data)
            before = len(g.kernel_log())
            info = again(g)
            g.dmesg()
            said = [ln for ln in g.kernel_log()[before:] if "EDID is invalid" in ln]
            need(said, f"{what}: no word of it in the log")
            need(preferred(info) == ["800x600"] and "1280x800" not in modes(info),
                 f"{what}: {info['conn0.modes']}")
            with shown(g, "draw --seed 3") as v:
                see(be, g, 0, v["conn0.crc"])
    finally:
        be.ctl("edid all none")
        again(g)


@check(kernel="6.1", vdispl=SPEC)
def test_without_edid(lab, be, g):
    """The smaller standard sizes; what the backend rejects is not offered again"""
    info = again(g)
    found = modes(info)
    need(preferred(info) == ["800x600"] and "640x480" in found, info["conn0.modes"])
    need(all(int(s.split("x")[0]) <= 800 for s in found), "larger than XenStore's")
    with shown(g, "draw --width 640 --height 480 --seed 5") as v:
        see(be, g, 0, v["conn0.crc"])
    be.ctl("set exact-mode 1")
    at = mark(be)
    try:
        g.run("xdf-guest draw --width 640 --height 480 --seed 5")
        wait_for("the rejected mode to go", lambda: "640x480" not in modes(info_now(g)), 15)
        res = g.run("xdf-guest draw --width 640 --height 480 --seed 5")
        need(res.rc != 0, "a rejected mode is accepted again")
        with shown(g, "draw --seed 6") as v:
            see(be, g, 0, v["conn0.crc"])
    finally:
        be.ctl("set exact-mode 0")
        again(g)
    need(rejected(be, g, at), "the backend rejected nothing")


@check(kernel="6.1", vdispl=SPEC)
def test_mode_change_under_flip(lab, be, g):
    """Another mode while a slow backend still has a flip of the old one"""
    wait_card(g)
    at = mark(be)
    be.ctl("set refresh 2")
    try:
        # the console's blinking cursor keeps a flip on its way between the programs
        for n in range(4):
            with shown(g, f"draw --width 640 --height 480 --seed {20 + n}") as v:
                see(be, g, 0, v["conn0.crc"], timeout=20)
            time.sleep(0.7)
            with shown(g, f"draw --seed {30 + n}") as v:
                see(be, g, 0, v["conn0.crc"], timeout=20)
            time.sleep(0.7)
    finally:
        be.ctl("set refresh 60")
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))


@check(kernel=["6.1", "7.3"], vdispl=SPEC)
def test_live_resize(lab, be, g):
    """A new resolution in XenStore reaches userspace as a hotplug event"""
    node = f"/local/domain/{g.domid}/device/vdispl/0/0/resolution"

    def events():
        return int(g.run("cat /sys/kernel/uevent_seqnum").out)

    info = wait_card(g)
    need(info.get("conn0.prop.hotplug_mode_update") == "1", "desktops are not asked to follow")
    with shown(g, "draw --conns 0,1 --seed 9") as v:
        before = events()
        lab.need(f"xenstore-write {node} 1024x768")
        wait_for("the new size", lambda: preferred(info_now(g)) == ["1024x768"], 15)
        need(events() > before, "no uevent")
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])
    with shown(g, "draw --seed 10") as v:
        need(v["conn0.mode"] == "1024x768", f"drew {v['conn0.mode']}")
        see(be, g, 0, v["conn0.crc"])
    at = len(g.kernel_log())
    lab.need(f"xenstore-write {node} 12x")

    def word():
        g.dmesg()
        return any("is invalid" in ln for ln in g.kernel_log()[at:])
    wait_for("a word of the bad size", word, 15)
    need(preferred(info_now(g)) == ["1024x768"], "the bad size had an effect")
    lab.need(f"xenstore-write {node} 800x600")
    wait_for("the old size", lambda: preferred(info_now(g)) == ["800x600"], 15)


def sizes(g):
    """Preferred size of each connector; None of one that is not connected."""
    info = info_now(g)
    return [(preferred(info, n) or [None])[0] if info[f"conn{n}.status"] == "connected" else None
            for n in range(int(info["connectors"]))]


@check(own=True, kernel="6.1", vdispl=SPEC)
def test_connectors_come_and_go(lab, be, g):
    """The toolstack adds a connector, mends one, and takes one away, under a session"""
    base = f"/local/domain/{g.domid}/device/vdispl/0"

    def write(path, value):
        lab.need(f"xenstore-write {base}/{path} '{value}'")

    def have(*want):
        wait_for(f"connectors {want}", lambda: sizes(g)[:3] == list(want), 20)

    wait_card(g)
    have("800x600", "640x480", None)
    with shown(g, "draw --conns 0,1 --seed 50") as v:
        write("2/unique-id", "id2")
        write("2/resolution", "642x482")
        have("800x600", "640x480", "642x482")
        see(be, g, 0, v["conn0.crc"], timeout=20)
        see(be, g, 1, v["conn1.crc"], timeout=20)
    with shown(g, "draw --conns 0,1,2 --seed 51") as v:
        for n in range(3):
            see(be, g, n, v[f"conn{n}.crc"])
        lab.need(f"xenstore-rm {base}/1")
        have("800x600", None, "642x482")
        see(be, g, 0, v["conn0.crc"], timeout=20)
        see(be, g, 2, v["conn2.crc"], timeout=20)
    guest_prog(g, "flips --conns 0,2 --count 30")
    write("1/unique-id", "id1")
    write("1/resolution", "rubbish")
    time.sleep(2)
    have("800x600", None, "642x482")
    write("1/resolution", "320x200")
    have("800x600", "320x200", "642x482")
    with shown(g, "draw --conns 0,1,2 --seed 52") as v:
        for n in range(3):
            see(be, g, n, v[f"conn{n}.crc"], timeout=20)
    need(g.run("ls /sys/class/drm | grep -c '^card[0-9]*$'").out.strip() == "1", "more than one card")


@check(polite=False, own=True, kernel="6.12", vdispl=SPEC)
def test_new_monitor(lab, be, g):
    """The backend comes back with another monitor: the modes change under the card"""
    info = wait_card(g)
    need("1024x640" not in modes(info), info["conn0.modes"])
    with open(os.path.join(lab.dir, "monitor.bin"), "wb") as f:
        f.write(edid.base([OTHER]))
    try:
        with shown(g, "draw --conns 0,1 --seed 12") as v:
            be.stop()
            be = lab.backend(args=["--edid", "0=/share/monitor.bin"])
            wait_for("the other monitor's mode", lambda: "1024x640" in modes(info_now(g)), 40)
            need("1024x640" not in modes(info_now(g), 1), "on the wrong connector")
            see(be, g, 0, v["conn0.crc"], timeout=20)
            see(be, g, 1, v["conn1.crc"], timeout=20)
        keeps_protocol(be, g)
    finally:
        lab.backend()
