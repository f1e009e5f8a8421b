# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A backend that lacks a mode, or room, or may not yet: what should be shown is shown as soon as it can be."""
import re
import time

import edid
import pattern
from scene import (background, check, give, info_now, let_go, log, mark, modes, modprobe_r, need,
                   output, raw, rejected, see, shown, values, wait_card, wait_for)
from speed import scaled


def mode_now(be, g):
    """The mode that the backend has, as "WxH", or None."""
    m = re.search(r" on=1 mode=(\d+x\d+)\+", be.ctl(f"stats {g.domid} 0 0"))
    return m and m.group(1)


def said(g, after, *words):
    """The driver's lines in the kernel's log from AFTER on that have all the words."""
    g.dmesg()
    return [ln for ln in g.kernel_log()[after:] if all(w in ln for w in words)]


def here(g):
    g.dmesg()
    return len(g.kernel_log())


def connect_again(be, g):
    """The backend breaks the protocol, so that the driver connects to it again."""
    at = mark(be)
    be.ctl(f"poke {g.domid} 0 0 rsp")
    be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40, after=at)


def console_shows(be, g, size, seed):
    """The upper left part of what is drawn through /dev/fb0, in this mode."""
    width, height = (int(n) for n in size.split("x"))
    with shown(g, f"fbdev --seed {seed}") as v:
        whole = int(v["mode"].split("x")[0])
        want = b"".join(pattern.row(whole * 4, seed, y)[:width * 4] for y in range(height))
        wait_for(f"the console's picture in {size}",
                 lambda: raw(be, g, 0)[:2] == (width, height) and raw(be, g, 0)[3] == want, 10)


TWO = "backend=0,connectors=id0:640x480;id1:322x242"
ONE = "backend=0,connectors=id0:640x480"
# the standard modes that fit into XenStore's 1000x700, from the largest on
NO_SUCH_MODE = "backend=0,connectors=id0:1000x700"
HOST = "640x480,720x400,1920x1080"
TRIED = ("1000x700", "800x600", "848x480", "640x480")


@check(kernel=["5.10", "6.1", "7.3"], load=False, timeout=600, vdispl=NO_SUCH_MODE)
def test_mode(lab, be, g):
    """The host lacks XenStore's resolution: the console and userspace get one that it has, the log says which"""
    be.ctl("set modes " + HOST)
    try:
        at, since = mark(be), here(g)
        g.load()
        info = wait_card(g)
        wait_for("the console in a mode of the host's", lambda: mode_now(be, g) == "640x480", 20)
        console_shows(be, g, "640x480", 3)
        wait_for("the modes that are left", lambda: "1000x700" not in modes(info_now(g)), 10)
        info = info_now(g)
        need(info["conn0.modes"].startswith("640x480@") and "*" in info["conn0.modes"].split(",")[0],
             f"preferred is not the largest that is left: {info['conn0.modes']}")
        with shown(g, "draw --seed 4") as v:
            need(v["conn0.mode"] == "640x480", "drew " + v["conn0.mode"])
            see(be, g, 0, v["conn0.crc"])
        for size, instead in zip(TRIED, TRIED[1:]):
            lines = said(g, since, f"rejected {size}")
            need(len(lines) == 1 and "connector 0" in lines[0] and "-22" in lines[0] and instead in lines[0],
                 f"{size} was tried, and the log says: {lines}")
        tried = [ln for ln in log(be, g, at, kind="REQ", op="SET_CONFIG") if ln.get("status") != "0"]
        need(len(tried) <= 2 * len(TRIED), "\n".join(ln.text for ln in tried))

        # XenStore names another that the host lacks, then one that it has
        node = f"/local/domain/{g.domid}/device/vdispl/0/0/resolution"
        lab.need(f"xenstore-write {node} 900x500")
        wait_for("the line on 900x500", lambda: said(g, since, "rejected 900x500"), 10)
        wait_for("again a mode of the host's", lambda: mode_now(be, g) in ("640x480", "720x400"), 10)
        lab.need(f"xenstore-write {node} 720x400")
        wait_for("the console in the new mode", lambda: mode_now(be, g) == "720x400", 20)
        # a new backend may have it
        lab.need(f"xenstore-write {node} 1000x700")
        wait_for("the console as before", lambda: mode_now(be, g) == "640x480", 20)
        be.ctl("set modes any")
        connect_again(be, g)
        wait_for("the console in XenStore's size", lambda: mode_now(be, g) == "1000x700", 20)
    finally:
        be.ctl("set modes any")


@check(kernel="6.1", vdispl=NO_SUCH_MODE)
def test_mode_of_a_monitor(lab, be, g):
    """The monitor names one mode, which the host lacks: a standard one is used"""
    wait_card(g)
    give(lab, be, edid.base([edid.timing(1000, 700, 60)[0]]), "0")
    be.ctl("set modes 640x480")
    try:
        connect_again(be, g)
        wait_for("the console in a mode of the host's", lambda: mode_now(be, g) == "640x480", 20)
        console_shows(be, g, "640x480", 6)
    finally:
        be.ctl("set modes any")
        be.ctl("edid 0 none")


@check(kernel="6.1", load=False, timeout=600, vdispl=NO_SUCH_MODE)
def test_mode_of_a_session(lab, be, g):
    """A session that does not look for new modes goes on; its commits are no storm of requests and lines"""
    g.load()
    wait_card(g)
    pid = background(g, "hold --timeout-ms 9000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    be.ctl("set modes 640x480")
    try:
        since = here(g)
        connect_again(be, g)
        time.sleep(2)
        at = mark(be)
        time.sleep(6)
        asked = log(be, g, at, kind="REQ", op="SET_CONFIG")
        need(len(asked) <= 60, f"{len(asked)} requests in 6 s for a mode that was rejected")
        lines = said(g, since, "rejected")
        need(len(lines) == 1 and "1000x700" in lines[0] and "800x600" in lines[0], "\n".join(lines))
        let_go(g, pid)
        v = values(output(g, "session"))
        need(v.get("closed") == "1" and v["errors"] == "0" and v["missing"] == "0",
             "the session saw it:\n" + output(g, "session")[-1500:])
        wait_for("the console", lambda: mode_now(be, g) == "640x480", 20)

        # nothing at all that the host has: one mode stays on offer, and the guest rests
        be.ctl("set modes 123x45")
        connect_again(be, g)
        wait_for("the end of all modes", lambda: said(g, since, "rejected 640x480") and said(g, since, "and all others"), 40)
        time.sleep(1)
        need("1000x700" in modes(info_now(g)), "no mode is left: " + info_now(g)["conn0.modes"])
        at, since = mark(be), here(g)
        time.sleep(4)
        need(len(log(be, g, at, kind="REQ", op="SET_CONFIG")) < 5 and not said(g, since, "rejected"),
             "the driver goes round in circles")
    finally:
        be.ctl("set modes any")


@check(kernel="6.1", vdispl=TWO)
def test_not_yet_master(lab, be, g):
    """SET_CONFIG is answered EACCES for a while: few requests, two lines, and the picture soon after"""
    wait_card(g)
    with shown(g, "draw --seed 5") as v:
        see(be, g, 0, v["conn0.crc"])
        late = not_yet(be, g)
        see(be, g, 0, v["conn0.crc"])
    # userspace's commits do not make it more
    pid = background(g, "hold --timeout-ms 9000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    late = min(late, not_yet(be, g))
    let_go(g, pid)
    v = values(output(g, "session"))
    need(v.get("closed") == "1" and v["errors"] == "0" and v["missing"] == "0",
         "the session saw it:\n" + output(g, "session")[-1500:])
    # 8 refreshes at most, and an emulated machine with much else to do
    need(late < scaled(0.4), f"the picture came {late:.3f} s after the end")


def not_yet(be, g):
    """A backend may not show anything for 6 s; how long after that it showed something."""
    at, since = mark(be), here(g)
    be.ctl("reject SET_CONFIG:EACCES")
    try:
        connect_again(be, g)
        time.sleep(6)
    finally:
        be.ctl("reject none")
    be.wait_log(r"conn0 REQ op=SET_CONFIG .*status=0", timeout=10, after=at)
    end = log(be, after=at, kind="NOTE", what="set")[-1].time
    asked = log(be, g, at, kind="REQ", op="SET_CONFIG", conn=0)
    good = [ln.time for ln in asked if ln.get("status") == "0"][0]
    before = [ln.time for ln in asked if ln.get("status") == "-13"]
    took = good - before[0]
    print(f"     {len(before)} requests in {took:.1f} s, the picture {good - end:.3f} s after the end", flush=True)
    need(5 <= len(before) <= 9 * took, f"{len(before)} requests in {took:.1f} s")
    time.sleep(0.5)
    lines = said(g, since, "connector 0:")
    need(len(lines) == 2 and "SET_CONFIG" in lines[0] and "-13" in lines[0], "\n".join(lines))
    return good - end


@check(kernel="6.1", vdispl=TWO)
def test_panning(lab, be, g):
    """110 positions while the backend is held up, which has room for 8 buffers: the last one is shown"""
    wait_card(g)
    pid = background(g, "pan --wait --count 110 --seed 6 --seconds 300", "pan")
    wait_for("the first position", lambda: "first_crc" in output(g, "pan"), 20)
    see(be, g, 0, values(output(g, "pan"))["first_crc"])
    be.ctl("set max-buffers 8")
    at = mark(be)
    be.pause()
    try:
        g.run(f"kill -USR1 {pid}")
        begin = time.monotonic()
        wait_for("all positions", lambda: re.search(r"^crc=", output(g, "pan"), re.M), 9)
        time.sleep(max(0, 7 - (time.monotonic() - begin)))
    finally:
        be.resume()
    try:
        see(be, g, 0, values(output(g, "pan"))["crc"])
    finally:
        be.ctl("set max-buffers 0")
    # flips and EDIDs are others: a backend that was held up is busy, or another connection's
    bad = [line for line in rejected(be, g, at) if re.search("op=(DBUF_CREATE|FB_ATTACH) ", line)]
    need(not bad, "\n".join(bad[:5]))
    made = len(log(be, g, at, kind="REQ", op="DBUF_CREATE"))
    need(made < 6, f"{made} buffers for what was shown last")
    let_go(g, pid)


ROOM = ("DBUF_CREATE:ENOMEM", "DBUF_CREATE:ENOSPC", "FB_ATTACH:EBUSY", "FB_ATTACH:EIO", "PG_FLIP:EIO SET_CONFIG:EAGAIN")


@check(kernel="6.1", vdispl=TWO)
def test_no_room(lab, be, g):
    """What is wanted now is rejected for want of room: it is asked for again, and nobody has to commit it again"""
    wait_card(g)
    for seed, what in enumerate(ROOM):
        pid = background(g, f"pan --wait --count 3 --seed {seed} --seconds 300", "pan")
        wait_for("the first position", lambda: "first_crc" in output(g, "pan"), 20)
        see(be, g, 0, values(output(g, "pan"))["first_crc"])
        try:
            for one in what.split():
                be.ctl("reject " + one)
            at, since = mark(be), here(g)
            g.run(f"kill -USR1 {pid}")
            wait_for("the last position", lambda: re.search(r"^crc=", output(g, "pan"), re.M), 20)
            time.sleep(3)
        finally:
            be.ctl("reject none")
        see(be, g, 0, values(output(g, "pan"))["crc"])
        bad = rejected(be, g, at)
        need(2 <= len(bad) <= 60, f"{what}: {len(bad)} requests were rejected")
        time.sleep(0.3)
        lines = said(g, since, "connector 0")
        need(len(lines) == 2, f"{what}:\n" + "\n".join(lines))
        let_go(g, pid)


@check(kernel="6.1", vdispl=TWO)
def test_every_flip(lab, be, g):
    """Each flip is rejected: pictures come with SET_CONFIG, and the log has two lines, not two for each"""
    wait_card(g)
    at, since = mark(be), here(g)
    be.ctl("reject PG_FLIP:EIO")
    try:
        for seed in range(7, 27):
            pid = background(g, f"pan --wait --count 30 --seed {seed} --seconds 300", "pan")
            wait_for("the first position", lambda: "first_crc" in output(g, "pan"), 20)
            see(be, g, 0, values(output(g, "pan"))["first_crc"])
            g.run(f"kill -USR1 {pid}")
            wait_for("the last position", lambda: re.search(r"^crc=", output(g, "pan"), re.M), 30)
            see(be, g, 0, values(output(g, "pan"))["crc"])
            let_go(g, pid)
            # how many positions are shown by one request is a matter of time
            bad = [ln for ln in log(be, g, at, kind="REQ", op="PG_FLIP", conn=0) if ln.get("status") == "-5"]
            if len(bad) > 4:
                break
    finally:
        be.ctl("reject none")
    need(len(bad) > 4, f"{len(bad)} flips were rejected")
    time.sleep(0.3)
    # of many programs one may have waited for longer than the driver does, on a machine that is busy
    lines = [ln for ln in said(g, since, "connector 0") if "in time (error -110)" not in ln]
    need(len(lines) == 2, "\n".join(lines))


@check(own=True, kernel="6.1", vdispl=[ONE, ONE])
def test_no_grants(lab, be, g):
    """No grants are left for what is wanted now: it is shown when another buffer has gone"""
    def card(dev):
        path = f"/sys/bus/xen/devices/vdispl-{dev}/drm"
        wait_for("two cards", lambda: g.run(f"ls -d {path}/card*").rc == 0, 30)
        return "/dev/dri/" + g.run(f"ls {path} | grep card").out.strip()

    def begin():
        # a directory of two pages
        pid = background(g, f"pan --card {card(0)} --wait --count 3 --pad 1600 --seed 8 --seconds 300", "pan")
        wait_for("the first position", lambda: "first_crc" in output(g, "pan"), 20)
        see(be, g, 0, values(output(g, "pan"))["first_crc"])
        return pid

    pid = begin()
    with shown(g, f"draw --card {card(1)} --seed 9"):
        used = re.search(r"^grants: (\d+) of", g.run("cat /sys/kernel/debug/dri/*/xen").out, re.M).group(1)
    let_go(g, pid)
    modprobe_r(g)
    # the other buffer's directory has one, for a moment
    need(g.run(f"modprobe xen_drm_front max_grants={int(used) + 1}").rc == 0, "modprobe")
    wait_card(g)
    pid = begin()
    since = here(g)
    with shown(g, f"draw --card {card(1)} --seed 9") as v:
        see(be, g, 0, v["conn0.crc"], dev=1)
        g.run(f"kill -USR1 {pid}")
        wait_for("the last position", lambda: re.search(r"^crc=", output(g, "pan"), re.M), 20)
        time.sleep(3)
        lines = said(g, since, "no room for this buffer")
        need(len(lines) == 1, "\n".join(lines) or "there was room: nothing was tested")
        see(be, g, 0, values(output(g, "pan"))["first_crc"])
    see(be, g, 0, values(output(g, "pan"))["crc"])
    let_go(g, pid)
