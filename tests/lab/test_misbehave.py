# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A backend that loses events, mixes up answers, rejects or falls silent."""
import re
import time

from scene import (background, check, counters, guest_prog, keeps_protocol, mark, need, see, shown,
                   wait_card, wait_for, xdf_guest)
from speed import scaled

SPEC = "backend=0,connectors=id0:640x480;id1:322x242"
OPERATIONS = ("DBUF_CREATE", "FB_ATTACH", "SET_CONFIG", "PG_FLIP", "FB_DETACH", "DBUF_DESTROY")


@check(polite=False, kernel="6.12", vdispl=SPEC)
def test_dropped_events(lab, be, g):
    """Every 7th event lost: the flip completes by its timeout, order and count stay right"""
    wait_card(g)
    at = mark(be)
    before = counters(g)["timeouts"]
    be.ctl("set drop-events 7")
    try:
        v = guest_prog(g, "flips --conns 0,1 --count 35 --timeout-ms 15000", timeout=200)
    finally:
        be.ctl("set drop-events 0")
    need(float(v["conn0.max_wait_us"]) < scaled(5e6), f"a flip took {v['conn0.max_wait_us']} us")
    need(any("drop" in ln for ln in be.log()[at:]), "no event was lost: nothing was tested")
    need(counters(g)["timeouts"] > before, "flips ended, but not by their timeout")
    v = guest_prog(g, "flips --conns 0,1 --count 60")
    need(float(v["conn0.max_wait_us"]) < scaled(1e6), "still slow with all events there")
    keeps_protocol(be, g, at)


WRONG = ("bad-id PG_FLIP", "bad-op PG_FLIP", "dup-response PG_FLIP", "evt-rubbish 5", "bad-id SET_CONFIG",
         "bad-op FB_ATTACH", "dup-response DBUF_CREATE")


def losses(g):
    text = g.run("cat /sys/kernel/debug/dri/*/xen").out
    return int(re.search(r"^connections lost: (\d+)$", text, re.M).group(1))


@check(polite=False, kernel="6.1", vdispl=SPEC)
def test_wrong_answers(lab, be, g):
    """Wrong ids, operations, duplicates, rubbish events: the guest goes on, the picture comes back"""
    wait_card(g)
    for what in WRONG:
        option = what.split()[0]
        lost, strays = losses(g), counters(g)["stray events"]
        be.ctl("set " + what if option == "evt-rubbish" else what)
        v = guest_prog(g, "flips --conns 0,1 --count 20 --timeout-ms 20000", timeout=200)
        be.ctl("set evt-rubbish 0" if option == "evt-rubbish" else option + " none")
        need(v["conn0.events"] == "20", f"{what}: {v}")
        time.sleep(1)
        with shown(g, "draw --conns 0,1 --seed 70") as v:
            see(be, g, 0, v["conn0.crc"], timeout=60)
            see(be, g, 1, v["conn1.crc"], timeout=60)
        # no such answer is believed: the driver connects again; of events it only counts them
        if option == "evt-rubbish":
            need(counters(g)["stray events"] > strays, f"{what}: not noticed")
        else:
            need(losses(g) > lost, f"{what}: not noticed")
    need(any("backend" in ln for ln in g.dmesg().splitlines()), "the guest's log has no word of it")


@check(polite=False, kernel="7.3", vdispl=SPEC)
def test_rejected(lab, be, g):
    """Each operation rejected: an error or a message, no hang, and all well afterwards"""
    wait_card(g)
    # ENODEV: a monitor that is gone, not the backend
    for op, error in [(op, "ENOMEM") for op in OPERATIONS] + [("SET_CONFIG", "ENODEV"), ("DBUF_CREATE", "ENODEV")]:
        be.ctl(f"reject {op}:{error}")
        begin = time.monotonic()
        g.run(xdf_guest("draw --conns 0,1 --seed 1") + "; " + xdf_guest("flips --count 5 --timeout-ms 9000"),
              timeout=90)
        need(time.monotonic() - begin < scaled(60), f"{op} rejected with {error}: the program took too long")
        be.ctl("reject none")
        with shown(g, "draw --conns 0,1 --seed 70") as v:
            see(be, g, 0, v["conn0.crc"], timeout=20)
            see(be, g, 1, v["conn1.crc"], timeout=20)


@check(polite=False, kernel="6.12", kind="pvh", vdispl=SPEC)
def test_silence(lab, be, g):
    """No answer to an operation: a program killed meanwhile ends at once, the display comes back"""
    wait_card(g)
    for op in OPERATIONS:
        be.ctl(f"hang {op}")
        try:
            killed_in_silence(g, op)
        finally:
            be.ctl("hang none")
        wait_for(f"the display after {op} went unanswered", lambda: back(be, g), 60, 2)


def killed_in_silence(g, op):
    pid = background(g, "hold --conns 0,1 --timeout-ms 9000", "silent")
    time.sleep(2)
    begin = time.monotonic()
    g.run(f"kill -9 {pid}")
    wait_for(f"{op} unanswered: the killed program to end",
             lambda: g.run(f"test -d /proc/{pid}").rc != 0, 6)
    took = time.monotonic() - begin
    need(took < scaled(6), f"{op} unanswered: the killed program took {took:.1f} s to end")


def back(be, g):
    """Both outputs can be drawn on again."""
    v = guest_prog(g, "draw --conns 0,1 --seed 71 --hold", rc=None)
    if "held_by" not in v:
        return False
    try:
        see(be, g, 0, v["conn0.crc"], timeout=20)
        see(be, g, 1, v["conn1.crc"], timeout=20)
    finally:
        g.run(f"kill {v['held_by']}; sleep 0.3")
    return True
