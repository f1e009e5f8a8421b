# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The toolstack takes the display away while userspace uses it."""
import re

from scene import (background, check, guest_prog, let_go, log, mark, modprobe_r, need, nothing_mapped,
                   output, raw, reconnect, see, shown, values, wait_card, wait_for)
from xdflab import LabError

SPEC = "backend=0,connectors=id0:640x480;id1:641x481"


def free_kib(g):
    g.run("sync; echo 3 >/proc/sys/vm/drop_caches")
    out = g.run("grep -E '^(MemAvailable|MemFree|SUnreclaim):' /proc/meminfo").out
    return {ln.split(":")[0]: int(ln.split()[1]) for ln in out.splitlines()}


def round_trip(lab, be, g):
    """Flip on both outputs, detach below, end the program, unload, attach, draw."""
    pid = background(g, "hold --conns 0,1", "hold")
    wait_for("flips before the detach", lambda: "beat=2" in output(g, "hold"), 30)
    res = g.detach(0)
    need(res.rc == 0, "xl vdispl-detach: " + res.out)
    wait_for("the card to go", lambda: "error=ENODEV" in output(g, "hold"), 30)
    beats = output(g, "hold").count("beat=")
    wait_for("the program to live on", lambda: output(g, "hold").count("beat=") > beats + 2, 20)
    need(g.run(f"test -d /proc/{pid}").rc == 0, "the program died:\n" + output(g, "hold"))
    need(g.run("ls /dev/dri/card*").rc != 0, "/dev/dri still has a card")
    nothing_mapped(lab, g, "after the detach")
    let_go(g, pid)
    v = values(output(g, "hold"))
    need(v.get("closed") == "1", "the program did not end well:\n" + output(g, "hold"))
    need("cannot be used" not in output(g, "hold"), "a mapping was lost:\n" + output(g, "hold"))
    modprobe_r(g)
    res = g.attach(SPEC)
    need(res.rc == 0, "xl vdispl-attach: " + res.out)
    g.load()
    wait_card(g)
    with shown(g, "draw --conns 0,1 --seed 60") as v:
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])


def detach(lab, be, g):
    wait_card(g)
    before = guest_prog(g, "fill-up --limit-mb 160", timeout=180)
    round_trip(lab, be, g)
    # a kernel that checks itself fills tables of its own, but not for ever
    for more in (2, 1, 0) if g.kernel.endswith("-debug") else (0,):
        first = free_kib(g)
        for _ in range(3):
            round_trip(lab, be, g)
        last = free_kib(g)
        lost = first["MemFree"] - last["MemFree"]
        # one buffer of these screens has 1200 KiB, a round uses at least eight
        if lost < 3 * 1200:
            break
        need(more, f"{lost} KiB less free after three more rounds: {first} {last}")
    after = guest_prog(g, "fill-up --limit-mb 160", timeout=180)
    need(int(after["round0.buffers"]) >= int(before["round0.buffers"]) - 1,
         f"{before['round0.buffers']} large buffers before, {after['round0.buffers']} after: "
         "grants are lost")


@check(own=True, kernel="6.1", vdispl=SPEC, memory=512)
def test_detach_under_load_pv(lab, be, g):
    """xl vdispl-detach under flips, four times: no splat, nothing lost"""
    detach(lab, be, g)


@check(own=True, kernel="7.3", kind="pvh", vdispl=SPEC, memory=512)
def test_detach_under_load_pvh(lab, be, g):
    """The same on the newest kernel, PVH"""
    detach(lab, be, g)


@check(kernel="6.12", vdispl="backend=0,connectors=id0:640x480", memory=640,
       extra="max_grant_frames=24")
def test_buffers_until_rejected(lab, be, g):
    """Buffers until there is no grant left: a clear error, all given back, no trace"""
    wait_card(g)
    at = mark(be)
    v = guest_prog(g, "fill-up --limit-mb 160", timeout=240)
    need(v["round0.rejected"] in ("ENOSPC", "ENOMEM"), "never rejected: " + str(v))
    need(any("grant" in ln for ln in g.dmesg().splitlines()),
         "the guest's log does not say that grants ran out")
    # what is kept for the next buffer is not the backend's to keep
    def times(op):
        return len(log(be, g, at, kind="REQ", op=op, status="0"))
    need(times("DBUF_CREATE") >= 10, "few buffers came to the backend")
    wait_for("all to be taken back from the backend", lambda: times("DBUF_DESTROY") == times("DBUF_CREATE"))
    with shown(g, "draw --seed 4") as v:
        see(be, g, 0, v["conn0.crc"])


@check(own=True, kernel="6.1", vdispl=SPEC)
def test_stuck_process(lab, be, g):
    """A process sits in an ioctl with DRM's locks: the device goes all the same, and xenbus serves others"""
    wait_card(g)
    pid = background(g, "stuck", "stuck")
    wait_for("the ioctl", lambda: "asks=1" in output(g, "stuck"), 20)
    wait_for("the page fault", lambda: "userfault" in g.run(f"cat /proc/{pid}/wchan").out, 20)
    need(g.detach(0).rc == 0, "xl vdispl-detach")
    # control/sysrq is read by xenwatch, too
    lab.need(f"xl sysrq {g.domid} h")
    wait_for("xenwatch", lambda: re.search("sysrq: HELP", g.dmesg()), 20)
    need("holds up the end of the device" in g.dmesg(), "nothing was held up: nothing was tested")
    nothing_mapped(lab, g, "after the detach")
    g.run(f"kill -KILL {pid}")
    wait_for("the card to go", lambda: g.run("ls /dev/dri/card*").rc != 0, 30)
    modprobe_r(g)
    need(g.attach(SPEC).rc == 0, "xl vdispl-attach")
    g.load()
    wait_card(g)
    with shown(g, "draw --conns 0,1 --seed 61") as v:
        see(be, g, 0, v["conn0.crc"])


@check(own=True, kernel="6.12", vdispl="backend=0,connectors=id0:640x480", memory=640,
       extra="max_grant_frames=24")
def test_room_for_what_is_shown(lab, be, g):
    """The backend restarts, and a program asks for all the grants at once: what is shown comes back"""
    def rejected():
        return output(g, "fill-up").count("held=")

    def all_taken():
        """The program is rejected again and again."""
        before = rejected()
        wait_for("all grants to be taken", lambda: rejected() > before + 10, 60)

    def fill_up():
        pid = background(g, "fill-up --limit-mb 8000 --hold", "fill-up")
        all_taken()
        return pid

    def end(pid):
        need(g.run(f"test -d /proc/{pid}").rc == 0, "the program ended:\n" + output(g, "fill-up"))
        let_go(g, pid)

    def console():
        try:
            return raw(be, g, 0)[:2] == (640, 480)
        except LabError:
            return False

    wait_card(g)
    with shown(g, "draw --seed 4") as v:
        pid = fill_up()
        for _ in range(3):
            be = reconnect(lab, be, g)
            see(be, g, 0, v["conn0.crc"], timeout=30)
        end(pid)
        # so does the console, which has not been shown since; only the picture leaves room
        pid = fill_up()
    all_taken()
    need(g.run("echo 0 >/sys/class/graphics/fb0/blank").rc == 0, "the console was not switched on")
    wait_for("the console", console)
    end(pid)
