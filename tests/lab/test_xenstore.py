# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Rubbish in XenStore: a clear message, and the other displays work."""
import re

from scene import (check, guest_prog, modprobe_r, need, see, shown, unbind, values, wait_card,
                   wait_for)

# tests/unit has the long list of forms
RUBBISH = ("800x", "-1x5", "0x0", "99999999x9", "", "800x600x2", "4294967297x600")


def node(lab, g, path, value, dev=0):
    """Set, or with None remove, a node below the frontend's directory."""
    base = f"/local/domain/{g.domid}/device/vdispl/{dev}/{path}"
    if value is None:
        lab.need(f"xenstore-rm {base}")
    else:
        # a value that begins with a dash is no option
        lab.need(f"xenstore-write -- {base} '{value}' 2>/dev/null || xenstore-write {base} '{value}'")


def with_nodes(lab, be, g, what, changes, good, dev=0):
    """Load the driver over changed nodes; connectors of these sizes work, and the log says why not all."""
    unbind(g)
    modprobe_r(g)
    for path, value in changes:
        node(lab, g, path, value, dev)
    at = len(g.dmesg().splitlines())
    g.load()
    info = wait_card(g)
    said = [ln for ln in g.dmesg().splitlines()[at:] if "vdispl" in ln or "xen_drm_front" in ln]
    need(said, f"{what}: the guest's log says nothing")
    return info, said


@check(kernel="6.1", load=False, vdispl="backend=0,connectors=id0:640x480;id1:641x481;id2:642x482")
def test_rubbish_resolution(lab, be, g):
    """Bad resolutions on one connector of three; the other two show their pictures"""
    for bad in RUBBISH:
        info, said = with_nodes(lab, be, g, f"resolution '{bad}'", [("1/resolution", bad)], 2)
        need(any("1" in ln.split(":", 1)[-1] and ("resolution" in ln or "connector" in ln)
                 for ln in said), f"resolution '{bad}': no clear message:\n" + "\n".join(said))
        sizes = [info[f"conn{n}.modes"].split("@")[0] for n in range(int(info["connectors"]))
                 if info[f"conn{n}.status"] == "connected"]
        need(sizes == ["640x480", "642x482"], f"resolution '{bad}': connectors {sizes}")
    which = [n for n in range(int(info["connectors"])) if info[f"conn{n}.status"] == "connected"]
    with shown(g, f"draw --conns {which[0]},{which[1]} --seed 50") as v:
        see(be, g, 0, v[f"conn{which[0]}.crc"])
        see(be, g, 2, v[f"conn{which[1]}.crc"])


@check(kernel="6.12", load=False,
       vdispl=[ "backend=0,connectors=id0:640x480;id1:641x481;id2:642x482", "backend=0,connectors=other:320x200"])
def test_rubbish_nodes(lab, be, g):
    """No unique-id, a gap in the numbering, rubbish on connector 0, all rubbish beside a good device"""
    # the second device is there all the time and always works
    def other():
        res = g.run("for c in /dev/dri/card*; do xdf-guest info --card $c | grep -q 320x200 && "
                    "echo $c; done")
        cards = res.out.split()
        need(len(cards) == 1, "no card of the second device:\n" + res.out)
        v = guest_prog(g, f"draw --card {cards[0]} --seed 7 --hold")
        see(be, g, 0, v["conn0.crc"], dev=1)
        g.run(f"kill {v['held_by']}")

    _, said = with_nodes(lab, be, g, "no unique-id", [("1/unique-id", None)], 2)
    need(any("unique-id" in ln for ln in said), "no word of the unique-id:\n" + "\n".join(said))
    other()

    node(lab, g, "1/unique-id", "id1")
    _, said = with_nodes(lab, be, g, "resolution missing", [("1/resolution", None)], 2)
    need(any("resolution" in ln for ln in said), "no word of it:\n" + "\n".join(said))
    other()

    _, said = with_nodes(lab, be, g, "gap", [("1", None)], 2)
    need(any("1" in ln or "gap" in ln for ln in said), "no word of the gap:\n" + "\n".join(said))
    res = g.run("for c in /dev/dri/card*; do xdf-guest info --card $c; done").out
    need("640x480@" in res, "connector 0 is lost with the gap behind it")
    other()

    with_nodes(lab, be, g, "rubbish on 0", [("0/resolution", "800x"), ("2/resolution", "")], 0)
    res = g.run("dmesg | tail -20").out
    other()
    res = guest_prog(g, "info --card $(for c in /dev/dri/card*; do "
                     "xdf-guest info --card $c | grep -q 320x200 && echo $c; done)")
    need(res["driver"] == "xendrm-du", "driver " + str(values(str(res))))


@check(kernel="6.1", load=False, vdispl="backend=0,connectors=id0:640x480;id1:641x481", own=True)
def test_forged_lines(lab, be, g):
    """Line ends in texts of XenStore: none begins a line of its own in the guest's log"""
    def write(path):
        lab.need(f"xenstore-write {path} \"$(printf '7\\012forged by the host')\"")

    unbind(g)
    modprobe_r(g)
    write(f"/local/domain/{g.domid}/device/vdispl/0/1/resolution")
    write(f"/local/domain/0/backend/vdispl/{g.domid}/0/versions")
    g.load()
    for what in ("resolution", "speaks protocol versions"):
        wait_for(f"a word of {what}", lambda what=what: re.search(what + r'.*"7\S*nforged', g.dmesg()), 20)
    bad = [ln for ln in g.dmesg().splitlines() if re.search(r"^\[ *[0-9.]+\] forged", ln)]
    need(not bad, "a line was forged: " + str(bad))
