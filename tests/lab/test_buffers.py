# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Where the memory of a picture comes from: the guest, the backend, another driver."""
import re

from scene import (check, guest_prog, keeps_protocol, log, mark, modprobe_r, need, nothing_mapped,
                   refused, see, shown, wait_card, wait_for)

ONE = "backend=0,connectors=id0:640x480;id1:322x242"
BE_ALLOC = "backend=0,be-alloc=1,connectors=id0:640x480;id1:322x242"


def buffers(g):
    """{"shared": 2, ...} of the driver's debugfs."""
    g.run("mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null")
    text = g.run("cat /sys/kernel/debug/dri/*/xen").out
    return {m.group(1): int(m.group(2)) for m in re.finditer(r"buffers ([^:]+): (\d+),", text)}


def reload(g, params):
    modprobe_r(g)
    res = g.run("modprobe xen_drm_front " + params)
    need(res.rc == 0, "modprobe: " + res.out)
    wait_card(g)


def pictures(be, g):
    """Everything that changes a picture: the backend sees it each time."""
    with shown(g, "draw --conns 0,1 --seed 20") as v:
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])
    with shown(g, "draw --conns 1 --format RG16 --pad 3 --seed 21") as v:
        see(be, g, 1, v["conn1.crc"])
    with shown(g, "damage --count 60 --seed 22", timeout=120) as v:
        see(be, g, 0, v["conn0.crc"])
    with shown(g, "prime --seed 23") as v:
        see(be, g, 0, v["conn0.crc"])
    with shown(g, "fbdev --seed 24") as v:
        see(be, g, 0, v["crc"])
    v = guest_prog(g, "flips --conns 0,1 --count 30", timeout=120)
    need(v["conn0.events"] == "30" and v["conn1.events"] == "30", f"{v}")


@check(own=True, kernel=["6.1", "7.3"], kind="pv", vdispl=BE_ALLOC)
def test_backend_allocates_pv(lab, be, g):
    """The backend's memory, with the backend lost and found again under the picture"""
    backend_allocates(lab, be, g)


@check(own=True, kernel="6.12", kind="pvh", vdispl=BE_ALLOC)
def test_backend_allocates_pvh(lab, be, g):
    """The same in a PVH guest"""
    backend_allocates(lab, be, g)


def backend_allocates(lab, be, g):
    lab.need("echo 65536 >/sys/module/xen_gntalloc/parameters/limit")
    wait_card(g)
    at = mark(be)
    pictures(be, g)
    creates = log(be, g, at, kind="REQ", op="DBUF_CREATE")
    need(creates and all(ln.get("flags") == "0x1" for ln in creates), "not all were asked for")
    keeps_protocol(be, g, at)

    # a reference that is none
    be.ctl("set zero-ref 1")
    before = len(g.kernel_log())
    res = g.run("xdf-guest draw --seed 2")
    need(res.rc != 0, "a reference of 0 was taken")
    g.dmesg()
    need(any("is of no use" in ln for ln in g.kernel_log()[before:]), "no word of it in the log")
    be.ctl("set zero-ref 0")
    be.ctl("refuse DBUF_CREATE:ENOMEM")
    res = g.run("xdf-guest draw --seed 2")
    need(res.rc != 0, "a refused buffer was shown")
    be.ctl("refuse none")

    for end in (lambda: be.stop(), lambda: be.kill()):
        with shown(g, "draw --conns 0,1 --seed 31") as v:
            see(be, g, 0, v["conn0.crc"])
            end()
            be = lab.backend()
            be.wait_log(rf"dom{g.domid}/dev0\b.*STATE.*fe=4", timeout=40)
            see(be, g, 0, v["conn0.crc"], timeout=20)
            see(be, g, 1, v["conn1.crc"], timeout=20)
        keeps_protocol(be, g)
    modprobe_r(g)
    nothing_mapped(lab, g, "after modprobe -r")


@check(kernel=["6.1", "7.3"], vdispl=ONE, cmdline="cma=32M")
def test_contiguous(lab, be, g):
    """contiguous=1: one piece each; more than there is: a message, and it works all the same"""
    reload(g, "contiguous=1")
    pictures(be, g)
    with shown(g, "draw --conns 0,1 --seed 5"):
        kinds = buffers(g)
        need(kinds["shared, contiguous"] >= 2 and not kinds["shared"], f"{kinds}")
    before = len(g.kernel_log())
    guest_prog(g, "fill-up --limit-mb 60", timeout=180)
    g.dmesg()
    said = [ln for ln in g.kernel_log()[before:] if "memory in one piece" in ln]
    need(len(said) == 1, f"the lack of memory was said {len(said)} times")
    with shown(g, "draw --conns 0,1 --seed 6") as v:
        see(be, g, 0, v["conn0.crc"])
    reload(g, "")
    with shown(g, "draw --conns 0 --seed 7"):
        kinds = buffers(g)
        need(kinds["shared"] and not kinds["shared, contiguous"], f"{kinds}")


@check(kernel=["6.1", "7.3"], vdispl=ONE)
def test_import(lab, be, g):
    """Another driver's buffer: shared as it is, or copied when the wire cannot describe it"""
    wait_card(g)
    need(g.run("modprobe vgem").rc == 0, "no vgem in this kernel")
    with shown(g, "import --conns 0 --seed 40") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g)["shared, imported"] >= 1, f"{buffers(g)}")
    # lines of 2 times an odd number of bytes
    with shown(g, "import --conns 1 --format RG16 --pad 1 --seed 41") as v:
        need(int(v["conn1.pitch"]) % 4, f"a pitch of {v['conn1.pitch']} tests nothing")
        see(be, g, 1, v["conn1.crc"])
        need(buffers(g)["copied"] >= 1, f"{buffers(g)}")
    wait_for("the imports to go", lambda: not buffers(g)["shared, imported"], 10)


@check(kernel="6.1", vdispl=BE_ALLOC)
def test_import_be_alloc(lab, be, g):
    """Another driver's buffer where the backend allocates"""
    lab.need("echo 65536 >/sys/module/xen_gntalloc/parameters/limit")
    wait_card(g)
    g.run("modprobe vgem")
    with shown(g, "import --conns 0 --seed 42") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g)["copied to the backend's memory"] >= 1, f"{buffers(g)}")
    need(not refused(be, g), f"{refused(be, g)}")
