# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The backend comes late, stops, is killed, and comes again."""
import re
import threading
import time

from scene import (background, guest_prog, keeps_protocol, let_go, mark, modprobe_r, need, output, see, shown,
                   values, wait_card, wait_for)
from xdflab import scenario

SIZE = "640x480"


def write_nodes(lab, g, devid, connectors):
    """A vdispl device as the toolstack writes it, without waiting for a backend."""
    fe = f"/local/domain/{g.domid}/device/vdispl/{devid}"
    be = f"/local/domain/0/backend/vdispl/{g.domid}/{devid}"
    nodes = [(be + "/frontend", fe), (be + "/frontend-id", g.domid), (be + "/online", 1),
             (be + "/state", 1), (fe + "/backend", be), (fe + "/backend-id", 0),
             (fe + "/be-alloc", 0)]
    for n, size in enumerate(connectors):
        nodes += [(f"{fe}/{n}/resolution", size), (f"{fe}/{n}/unique-id", f"id{n}")]
    cmd = " && ".join(f"xenstore-write {k} '{v}'" for k, v in nodes)
    cmd += f" && xenstore-chmod -r {be} n0 r{g.domid} && xenstore-chmod -r {fe} n{g.domid} r0"
    cmd += f" && xenstore-write {fe}/state 1 && xenstore-chmod {fe}/state n{g.domid} r0"
    lab.need(cmd)


def no_backend(lab):
    be = lab.backends.get("be")
    if be and be.alive():
        be.stop()


@scenario(kernel="6.12", vdispl=None, own=True, load=False)
def test_backend_comes_later(lab, g):
    """Device nodes first, the driver loaded, then the backend: the card appears"""
    no_backend(lab)
    write_nodes(lab, g, 0, [SIZE])
    g.load()
    time.sleep(3)
    # with no backend there may be a card already, but nothing may hang or complain
    need(g.run("true", timeout=10).rc == 0, "the guest hangs")
    be = lab.backend()
    wait_card(g)
    with shown(g, "draw --seed 2") as v:
        see(be, g, 0, v["conn0.crc"])
    keeps_protocol(be, g)


@scenario(kernel="6.1", vdispl=None, own=True, load=False)
def test_backend_within_ten_seconds(lab, g):
    """xl vdispl-attach first, the backend four seconds later"""
    no_backend(lab)
    started = []
    timer = threading.Timer(4, lambda: started.append(lab.backend()))
    timer.start()
    res = g.attach(f"backend=0,connectors=id0:{SIZE}")
    timer.join()
    need(res.rc == 0, "xl vdispl-attach: " + res.out)
    g.load()
    wait_card(g)
    with shown(g, "draw --seed 6") as v:
        see(started[0], g, 0, v["conn0.crc"])
    keeps_protocol(started[0], g)


def again(lab, g, end):
    """A session with a picture and then one with flips, each over an end of the backend."""
    be = lab.backend()
    with shown(g, "draw --conns 0,1 --seed 30") as v:
        for n in (0, 1):
            see(be, g, n, v[f"conn{n}.crc"])
        end(be)
        time.sleep(2)
        be = lab.backend()
        be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40)
        for n in (0, 1):
            see(be, g, n, v[f"conn{n}.crc"], timeout=20)
        keeps_protocol(be, g)

    pid = background(g, "hold --conns 0,1 --timeout-ms 8000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    end(be)
    # the session goes on without a backend: its flips complete by the clock
    seen = output(g, "session").count("beat=")
    wait_for("the session to go on", lambda: output(g, "session").count("beat=") > seen + 3, 20)
    be = lab.backend()
    be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40)
    at = mark(be)
    be.wait_log(r"REQ op=PG_FLIP", timeout=20, after=at)
    let_go(g, pid)
    v = values(output(g, "session"))
    need(v.get("closed") == "1" and v["errors"] == "0" and v["missing"] == "0",
         "the session saw it:\n" + output(g, "session")[-1500:])
    keeps_protocol(be, g)
    guest_prog(g, "flips --conns 0,1 --count 30")


TWO = "backend=0,connectors=id0:640x480;id1:321x241"


@scenario(kernel="6.12", vdispl=TWO, own=True)
def test_backend_stops_and_starts(lab, g):
    """SIGTERM and a new start, twice, under a still picture and under flips"""
    wait_card(g)
    for _ in range(2):
        again(lab, g, lambda be: be.stop())


@scenario(kernel="7.3", vdispl=TWO, own=True)
def test_backend_killed(lab, g):
    """SIGKILL and a new start, the same"""
    wait_card(g)
    for _ in range(2):
        again(lab, g, lambda be: be.kill())


@scenario(kernel="6.12", vdispl="backend=0,connectors=id0:640x480", own=True, timeout=300)
def test_backend_lets_go_late(lab, g):
    """The backend sleeps, keeps all buffers meanwhile, and there are grants for hardly more: all come back"""
    be = lab.backend()
    wait_card(g)
    pid = background(g, "hold --conns 0 --timeout-ms 30000", "first")
    wait_for("flips", lambda: "beat=2" in output(g, "first"), 30)
    used = re.search(r"^grants: (\d+) of", g.run("cat /sys/kernel/debug/dri/*/xen").out, re.M).group(1)
    let_go(g, pid)
    modprobe_r(g)
    res = g.run(f"modprobe xen_drm_front max_grants={int(used) + 12}")
    need(res.rc == 0, "modprobe: " + res.out)
    wait_card(g)
    pid = background(g, "hold --conns 0 --timeout-ms 30000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    at = mark(be)
    be.pause()
    # until the driver gives the backend up, and asks but seldom whether it has let go
    time.sleep(22)
    be.resume()
    be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=60, after=at)
    at = mark(be)
    be.wait_log(r"REQ op=PG_FLIP", timeout=20, after=at)
    log = g.dmesg()
    need("does not answer" in log, "the driver never gave the backend up: nothing was tested")
    need("attaching a buffer failed" not in log and "no room for this buffer" not in log, "a buffer stays dark:\n" + log[-1500:])
    let_go(g, pid)
