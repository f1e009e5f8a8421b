# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Where the memory of a picture comes from: the guest, the backend, another driver."""
import re

import images
import pattern
from scene import (background, check, guest_prog, keeps_protocol, let_backend_allocate, let_go, log, mark,
                   modprobe_r, need, nothing_mapped, output, reconnect, rejected, see, shown, values, wait_card,
                   wait_for, xdf_guest)

ONE = "backend=0,connectors=id0:640x480;id1:640x480"
BE_ALLOC = "backend=0,be-alloc=1,connectors=id0:640x480;id1:640x480"


def buffers(g, dev=None):
    """{"shared": 2, ...} of the driver's debugfs; DEV says whose card where there are two."""
    minor = "*" if dev is None else re.sub(r"\D", "", card_of(g, dev))
    text = g.run(f"cat /sys/kernel/debug/dri/{minor}/xen").out
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
    let_backend_allocate(lab)
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
    need(any("is invalid" in ln for ln in g.kernel_log()[before:]), "no word of it in the log")
    be.ctl("set zero-ref 0")
    be.ctl("reject DBUF_CREATE:ENOMEM")
    res = g.run("xdf-guest draw --seed 2")
    need(res.rc != 0, "a rejected buffer was shown")
    be.ctl("reject none")

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


@check(own=True, kernel=["6.1", "7.3"], kind="pv", vdispl=BE_ALLOC)
def test_backend_cannot_allocate_pv(lab, be, g):
    """be-alloc=1 with a backend that does not allocate: one line, and the guest's own memory"""
    backend_cannot_allocate(lab, be, g)


@check(own=True, kernel="6.12", kind="pvh", vdispl=BE_ALLOC)
def test_backend_cannot_allocate_pvh(lab, be, g):
    """The same in a PVH guest"""
    backend_cannot_allocate(lab, be, g)


def said_cannot_allocate(g):
    g.dmesg()
    return [ln for ln in g.kernel_log() if "cannot allocate buffers" in ln]


def backend_cannot_allocate(lab, be, g):
    let_backend_allocate(lab)
    wait_card(g)
    need(not said_cannot_allocate(g), "said of a backend that can")
    modprobe_r(g)
    be.stop()
    be = lab.backend(args=["--no-alloc"])
    g.load()
    wait_card(g)
    wait_for("a line on it", lambda: said_cannot_allocate(g), 15)
    at = mark(be)
    pictures(be, g)
    bad = rejected(be, g, at)
    need(not bad, f"asked again: {bad}")
    flags = {ln.get("flags") for ln in log(be, g, at, kind="REQ", op="DBUF_CREATE")}
    need(flags == {"0x0"}, f"{flags}")
    with shown(g, "draw --conns 0,1 --seed 32"):
        kinds = buffers(g)
        need(kinds["shared"] and not kinds["copied to the backend's memory"], f"{kinds}")
    said = said_cannot_allocate(g)
    need(len(said) == 1, f"{said}")
    need("error -22" in said[0] and "be-alloc=0" in said[0], said[0])
    keeps_protocol(be, g)

    # too little memory is something else: the next buffer may have it
    be = reconnect(lab, be, g)
    be.ctl("reject DBUF_CREATE:ENOMEM:1")
    g.run("xdf-guest draw --seed 2")
    be.ctl("reject none")
    at = mark(be)
    with shown(g, "draw --conns 0,1 --seed 33") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g)["copied to the backend's memory"] >= 2, f"{buffers(g)}")
        # under the picture, to one that cannot
        be = reconnect(lab, be, g, "--no-alloc")
        see(be, g, 0, v["conn0.crc"], timeout=20)
        see(be, g, 1, v["conn1.crc"], timeout=20)
    need(len(said_cannot_allocate(g)) == 2, "not said once for each backend")
    keeps_protocol(be, g)
    modprobe_r(g)
    nothing_mapped(lab, g, "after modprobe -r")


@check(own=True, kernel="7.3", kind="pv", vdispl=BE_ALLOC)
def test_backend_allocates_converted(lab, be, g):
    """The backend's memory, and formats that it rejects"""
    let_backend_allocate(lab)
    wait_card(g)
    be = reconnect(lab, be, g, "--formats", "XR24")
    for fmt in ("RG16", "AB30", "AR24"):
        with shown(g, f"draw --conns 0,1 --format {fmt} --seed 70") as v:
            for n in (0, 1):
                rows = pattern.picture(fmt, 640, 480, 70 + n)
                see(be, g, n, v[f"conn{n}.crc"] if fmt == "AR24" else pattern.as_xr24(fmt, rows))
            need(buffers(g)["copied to the backend's memory"] >= 2, f"{buffers(g)}")
    need(not said_cannot_allocate(g), "a format was taken for a lack of memory")
    # one that gives no memory for 16 bits and no other buffer of them either
    be = reconnect(lab, be, g)
    be.ctl("reject DBUF_CREATE:EINVAL:2")
    with shown(g, "draw --conns 0 --format RG16 --seed 71"):
        see(be, g, 0, pattern.as_xr24("RG16", pattern.picture("RG16", 640, 480, 71)))
        need(buffers(g)["copied to the backend's memory"], f"{buffers(g)}")
    need(not said_cannot_allocate(g), "a size was taken for a lack of memory")


LARGE = "backend=0,connectors=id0:640x480;id1:1920x1080"


def one_piece(be, g, room):
    reload(g, "contiguous=1")
    g.dmesg()
    said = sum("physically contiguous memory" in ln for ln in g.kernel_log())
    need(said == (not room), f"the lack of memory was said {said} times")
    pictures(be, g)
    with shown(g, "draw --conns 0,1 --seed 5") as v:
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])
        kinds = buffers(g)
        need(kinds["shared, contiguous"] and bool(kinds["shared"]) == (not room), f"{kinds}")
    reload(g, "")
    with shown(g, "draw --conns 0 --seed 7"):
        kinds = buffers(g)
        need(kinds["shared"] and not kinds["shared, contiguous"], f"{kinds}")


@check(own=True, kernel="7.3", vdispl=LARGE, cmdline="cma=64M", memory=512)
def test_contiguous(lab, be, g):
    """contiguous=1 with an area set aside: every buffer physically contiguous"""
    one_piece(be, g, True)


@check(own=True, kernel="7.3", vdispl=LARGE, cmdline="cma=64M", memory=512)
def test_contiguous_still_mapped(lab, be, g):
    """The module goes while a backend that is held up maps physically contiguous memory"""
    reload(g, "contiguous=1")
    with shown(g, "draw --conns 0,1 --seed 5") as v:
        see(be, g, 0, v["conn0.crc"])
        see(be, g, 1, v["conn1.crc"])
        need(buffers(g)["shared, contiguous"], f"{buffers(g)}")
    be.pause()
    try:
        modprobe_r(g, timeout=60)
        g.dmesg()
        need(any("the backend still maps" in ln for ln in g.kernel_log()), "nothing was mapped any more")
    finally:
        be.resume()
    nothing_mapped(lab, g, "after the backend went on")
    g.load()
    wait_card(g)
    with shown(g, "draw --conns 0,1 --seed 6") as v:
        see(be, g, 0, v["conn0.crc"])


@check(own=True, kernel="6.1", vdispl=LARGE)
def test_contiguous_without_room(lab, be, g):
    """contiguous=1 on a kernel without such an area: the large buffer is said to be scattered"""
    one_piece(be, g, False)


@check(own=True, kernel="7.3", vdispl=[BE_ALLOC, LARGE], cmdline="cma=96M", memory=512)
def test_contiguous_beside_be_alloc(lab, be, g):
    """contiguous=1 in a guest with one card whose backend allocates, and one whose does not"""
    let_backend_allocate(lab)
    card_of(g, 0)
    reload(g, "contiguous=1")
    cards = [card_of(g, dev) for dev in (0, 1)]
    for end in (None, be.kill):
        at = mark(be)
        with shown(g, f"draw --card {cards[0]} --conns 0,1 --seed 50") as a, \
                shown(g, f"draw --card {cards[1]} --conns 0,1 --seed 51") as b:
            if end:
                end()
                be = lab.backend()
            for n in (0, 1):
                see(be, g, n, a[f"conn{n}.crc"], timeout=40)
                see(be, g, n, b[f"conn{n}.crc"], timeout=40, dev=1)
            kinds = [buffers(g, dev) for dev in (0, 1)]
            need(kinds[0]["copied to the backend's memory"] >= 2 and
                 not kinds[0]["shared, contiguous"], f"{kinds[0]}")
            need(kinds[1]["shared, contiguous"] >= 2 and
                 not kinds[1]["copied to the backend's memory"], f"{kinds[1]}")
        if not end:
            creates = log(be, g, at, kind="REQ", op="DBUF_CREATE")
            need({ln.get("flags") for ln in creates} == {"0x0", "0x1"}, f"{creates}")
    keeps_protocol(be, g)
    modprobe_r(g)
    nothing_mapped(lab, g, "after modprobe -r")


def card_of(g, dev):
    """The node of a device's card, of which there are two."""
    path = f"/sys/bus/xen/devices/vdispl-{dev}/drm"
    wait_for("two cards", lambda: g.run(f"ls -d {path}/card*").rc == 0, 30)
    return "/dev/dri/" + g.run(f"ls {path} | grep card").out.strip()


@check(own=True, kernel=["6.1", "7.3"], vdispl=[ONE, ONE])
def test_import(lab, be, g):
    """Another card's buffer: shared as it is, or copied when the wire cannot describe it"""
    card = card_of(g, 0)
    card_of(g, 1)
    with shown(g, f"import --card {card} --conns 0 --seed 40") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g, 0)["shared, imported"] == 1, f"{buffers(g, 0)}")
    wait_for("the import to go", lambda: not buffers(g, 0)["shared, imported"], 10)
    modprobe_r(g)
    nothing_mapped(lab, g, "after modprobe -r")


@check(own=True, kernel="7.3", kind="pvh", vdispl=ONE)
def test_import_vgem(lab, be, g):
    """Another driver's buffer, shared, and copied where its lines are odd"""
    wait_card(g)
    need(g.run("modprobe vgem").rc == 0, "no vgem in this kernel")
    with shown(g, "import --from vgem --conns 0 --seed 40") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g)["shared, imported"] >= 1, f"{buffers(g)}")
    with shown(g, "import --from vgem --conns 1 --format RG16 --pad 1 --seed 41") as v:
        need(int(v["conn1.pitch"]) % 4, f"a pitch of {v['conn1.pitch']} tests nothing")
        see(be, g, 1, v["conn1.crc"])
        need(buffers(g)["copied"] >= 1, f"{buffers(g)}")
    be = reconnect(lab, be, g, "--formats", "XR24")
    with shown(g, "import --from vgem --conns 1 --format RG16 --pad 1 --seed 41"):
        see(be, g, 1, pattern.as_xr24("RG16", pattern.picture("RG16", 640, 480, 41)))


@check(own=True, kernel="6.1", vdispl=[BE_ALLOC, ONE])
def test_import_be_alloc(lab, be, g):
    """Another card's buffer where the backend allocates"""
    let_backend_allocate(lab)
    card = card_of(g, 0)
    card_of(g, 1)
    with shown(g, f"import --card {card} --conns 0 --seed 42") as v:
        see(be, g, 0, v["conn0.crc"])
        need(buffers(g, 0)["copied to the backend's memory"] >= 1, f"{buffers(g, 0)}")
    bad = [ln for ln in rejected(be, g) if "GET_EDID" not in ln]
    need(not bad, f"{bad}")


def bounced(g):
    """Slots of the bounce buffers that are taken."""
    return int(g.run("cat /sys/kernel/debug/swiotlb/io_tlb_used").out)


def import_bounced(be, g, exporter):
    """More imports than there are bounce buffers for, none of which takes any."""
    wait_card(g)
    before = bounced(g)
    for conn, count, size in ((0, 12, "640x480"), (1, 2, "3840x2160")):
        with shown(g, f"import --from {exporter} --conns {conn} --count {count} --buffer {size} "
                   f"--seed {44 + conn}") as v:
            see(be, g, conn, v[f"conn{conn}.crc"], timeout=20)
            need(bounced(g) == before, f"{count} imports take {bounced(g) - before} bounce buffers")
            kinds = buffers(g)
            need(kinds["shared, imported"] >= count and not kinds["copied"], f"{count} imports: {kinds}")
        wait_for("the imports to go", lambda: not buffers(g)["shared, imported"], 20)


@check(own=True, kernel=["6.1", "7.3"], kind="pvh", vdispl=ONE, cmdline="swiotlb=force", memory=512)
def test_import_bounced(lab, be, g):
    """Imports where all DMA goes through bounce buffers, as in confidential guests"""
    need(g.run("modprobe vgem").rc == 0, "no vgem in this kernel")
    need(g.run("grep -q ' swiotlb=force' /proc/cmdline && "
               "[ $(cat /sys/kernel/debug/swiotlb/io_tlb_nslabs) -gt 0 ]").rc == 0, "no bounce buffers")
    import_bounced(be, g, "vgem")
    if g.run("test -c /dev/udmabuf").rc == 0:
        import_bounced(be, g, "udmabuf")
    else:
        need(g.kernel == "6.1", "no udmabuf in this kernel")


def load_exporter(lab, g):
    """Builds tests/lab/exporter for the guest's kernel and loads it there."""
    g.send(images.build_other_module("exporter", g.kernel, lab.builddir), "/tmp/xdf_exporter.ko")
    res = g.run("insmod /tmp/xdf_exporter.ko")
    need(res.rc == 0, "the exporter: " + res.out)


@check(own=True, kernel="7.3", vdispl=ONE)
def test_import_without_pages(lab, be, g):
    """A buffer whose memory cannot be had is copied, whether the exporter says so early or late"""
    wait_card(g)
    load_exporter(lab, g)
    for late in "NY":
        g.run(f"echo {late} >/sys/module/xdf_exporter/parameters/attachable")
        with shown(g, "import --from exporter --conns 0 --seed 47") as v:
            see(be, g, 0, v["conn0.crc"])
            need(buffers(g)["copied"] >= 1 and not buffers(g)["shared, imported"], f"{buffers(g)}")
        wait_for("the import to go", lambda: not buffers(g)["copied"], 10)
        res = g.run("rmmod xdf_exporter && insmod /tmp/xdf_exporter.ko")
        need(res.rc == 0, "a buffer is still held: " + res.out)


def kept(g):
    return int(re.search(r"^grants kept for new buffers: (\d+)$", g.run("cat /sys/kernel/debug/dri/*/xen").out, re.M).group(1))


@check(kernel="6.1", vdispl=ONE)
def test_memory_limit(lab, be, g):
    """Buffers are charged to their process' cgroup: at its limit it gets an error, and nobody is killed"""
    wait_card(g)
    need(g.run("mkdir -p /cg && mount -t cgroup2 none /cg && echo +memory >/cg/cgroup.subtree_control && "
               "mkdir /cg/limited && echo 40M >/cg/limited/memory.max").rc == 0, "no cgroup")
    v = values(g.run("echo $$ >/cg/limited/cgroup.procs; " + xdf_guest("fill-up --limit-mb 160"), timeout=240).out)
    need(v["round0.rejected"] == "ENOMEM" and 2 <= int(v["round0.buffers"]) <= 5, f"{v}")
    events = g.run("cat /cg/limited/memory.events").out
    need(re.search(r"^oom_kill 0$", events, re.M) and re.search(r"^max [1-9]", events, re.M), events)
    with shown(g, "draw --seed 71") as v:
        see(be, g, 0, v["conn0.crc"])
    wait_for("what was kept to go", lambda: not kept(g), 20)
    # nothing of a buffer is left in the cgroup
    wait_for("the charge to go", lambda: int(g.run("cat /cg/limited/memory.current").out) < 4 << 20, 20)


@check(kernel="6.1", vdispl=ONE)
def test_kept(lab, be, g):
    """What a process does not use any more is kept for its next buffers, which are zeroed, until memory is short"""
    wait_card(g)
    pid = background(g, "again --seconds 300", "again")
    wait_for("buffers that are kept", lambda: kept(g), 20)
    # in one go, as they are not kept for long; where it is stopped with all of them in use there is nothing kept
    now = g.run(f"cd /sys/kernel/debug/dri/*/; for i in $(seq 40); do kill -STOP {pid}; sleep 0.5; grep -q 'kept.*: [1-9]' xen && break; "
                f"kill -CONT {pid}; sleep 0.1; done; grep kept xen; echo 2 >/proc/sys/vm/drop_caches; grep kept xen; kill -CONT {pid}", 120).out
    before, after = map(int, re.findall(r": (\d+)$", now, re.M))
    need(before > 0 and after == 0, f"when memory is short: {now}")
    # a list entry and a reference for each page
    m = re.search(r"^lists of (\d+) pages and their grants: (\d+) bytes$", g.run("cat /sys/kernel/debug/dri/*/xen").out, re.M)
    need(m and 0 < int(m.group(2)) <= 12 * int(m.group(1)), m and m.group(0))
    wait_for("buffers made again", lambda: int(values(output(g, "again")).get("made", 0)) > 20, 60)
    need("zeroed=no" not in output(g, "again"), "a buffer was not zeroed")
    let_go(g, pid)
    wait_for("what was kept to go", lambda: not kept(g), 20)
