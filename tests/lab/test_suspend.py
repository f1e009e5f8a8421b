# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Save, restore, migration and reboot of the guest, with a session on its screen."""
import pattern
from scene import (background, check, guest_prog, keeps_protocol, let_backend_allocate, let_go, mark, need, output, raw,
                   reconnect, rgb, screen_crc, see, shown, values, wait_card, wait_for)
from speed import scaled

SPEC = "backend=0,connectors=id0:640x480;id1:322x242"
BE_ALLOC = "backend=0,be-alloc=1,connectors=id0:640x480;id1:322x242"


def moved(be, g, move, again=True):
    """A still picture and then a session of flips, each over a move.

    Without AGAIN the driver hears nothing of it, and the connection stays as it is.
    """
    wait_card(g)
    with shown(g, "draw --conns 0,1 --seed 80") as v:
        see(be, g, 0, v["conn0.crc"])
        at = mark(be)
        move()
        # a guest that was moved has another number, and no line before that
        if again:
            be.wait_log(rf"dom{g.domid}/dev0\b.*STATE fe=4", timeout=60, after=at)
        see(be, g, 0, v["conn0.crc"], timeout=30)
        see(be, g, 1, v["conn1.crc"], timeout=30)
    keeps_protocol(be, g)

    pid = background(g, "hold --conns 0,1 --timeout-ms 20000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    move()
    seen = output(g, "session").count("beat=")
    wait_for("the session to go on", lambda: output(g, "session").count("beat=") > seen + 2, 40)
    let_go(g, pid)
    v = values(output(g, "session"))
    need(v.get("errors") == "0" and v.get("missing") == "0",
         "the session saw it:\n" + output(g, "session")[-1500:])
    guest_prog(g, "flips --conns 0,1 --count 30", timeout=120)
    keeps_protocol(be, g)


@check(polite=False, own=True, timeout=500, kernel=["6.1", "7.3"], vdispl=SPEC, memory=256)
def test_save_restore(lab, be, g):
    """xl save, xl restore: the picture is there again, the session goes on"""
    moved(be, g, g.save_restore)


@check(polite=False, own=True, timeout=500, kernel="6.12", kind="pvh", vdispl=SPEC, memory=256)
def test_save_restore_pvh(lab, be, g):
    """The same in a PVH guest"""
    moved(be, g, g.save_restore)


@check(polite=False, own=True, timeout=500, kernel="6.1", vdispl=BE_ALLOC, memory=256)
def test_save_restore_be_alloc(lab, be, g):
    """The same with buffers of the backend's, which a guest cannot take along"""
    let_backend_allocate(lab)
    moved(be, g, g.save_restore)


@check(polite=False, own=True, timeout=500, kernel="6.12", vdispl=BE_ALLOC, memory=256)
def test_save_cancelled_be_alloc(lab, be, g):
    """A save that is cancelled, with such buffers: they are there again"""
    let_backend_allocate(lab)
    moved(be, g, g.save_cancelled)


# Debian's Xen has no shadow paging, without which no PV guest can be moved alive
@check(polite=False, own=True, timeout=500, kernel="6.12", kind="pvh", vdispl=SPEC, memory=256)
def test_migrate(lab, be, g):
    """xl migrate to the same host"""
    moved(be, g, g.migrate)


@check(polite=False, own=True, timeout=500, kernel="6.12", vdispl=SPEC, memory=256)
def test_save_cancelled(lab, be, g):
    """A save that is cancelled: the guest goes on where it was"""
    moved(be, g, g.save_cancelled, again=False)


def sleep(g, state):
    """The guest's own suspend or hibernation, as far as the devices: they go down and come back."""
    res = g.run(f"echo devices >/sys/power/pm_test && echo {state} >/sys/power/state", timeout=90)
    need(res.rc == 0, f"{state}: {res.out}")


@check(polite=False, own=True, timeout=500, kernel=["6.1", "7.3"], vdispl=SPEC, memory=256)
def test_sleep(lab, be, g):
    """The guest suspends its own devices and wakes them again"""
    # some kernels tell drivers on Xen's bus of that, and some do not
    moved(be, g, lambda: sleep(g, "freeze"), again=False)


@check(polite=False, own=True, timeout=500, kernel="7.3", kind="pvh", vdispl=SPEC, memory=256)
def test_hibernate(lab, be, g):
    """The same on the way to hibernation, which is called off there"""
    moved(be, g, lambda: sleep(g, "disk"), again=False)


@check(polite=False, own=True, kernel="6.1", vdispl=SPEC)
def test_shutdown(lab, be, g):
    """The guest goes down with a picture on its screen: at once, also without a backend"""
    wait_card(g)
    background(g, "hold --conns 0,1 --timeout-ms 20000", "session")
    wait_for("flips", lambda: "beat=2" in output(g, "session"), 30)
    be.kill()
    try:
        took = g.poweroff()
        need(took < scaled(4), f"the guest took {took:.1f} s to go down")
    finally:
        lab.backend()


# Xen's soft reset; Debian's toolstack does not bring PV and PVH guests back from it
@check(own=True, timeout=600, kernel="6.1", kind="hvm", vdispl=SPEC, memory=640, kexec=True)
def test_kexec(lab, be, g):
    """kexec with a picture on the screen: the next kernel finds the screen as the first one did"""
    wait_card(g)
    v = guest_prog(g, "draw --conns 0,1 --seed 95 --hold")
    for n in (0, 1):
        see(be, g, n, v[f"conn{n}.crc"])
    at = mark(be)
    g.kexec()
    # left to xenbus it would be Closing first, for as long as the backend takes
    i = be.wait_log(rf"dom{g.domid}/dev0\b.*STATE fe=[56]", timeout=5, after=at)
    need("fe=6" in be.log()[i], "the driver did not close its device: " + be.log()[i])
    wait_card(g)
    with shown(g, "draw --conns 0,1 --seed 96") as v:
        for n in (0, 1):
            see(be, g, n, v[f"conn{n}.crc"])
    guest_prog(g, "flips --conns 0,1 --count 30", timeout=120)


@check(polite=False, own=True, kernel="6.1", vdispl=SPEC, memory=256)
def test_shutdown_frozen(lab, be, g):
    """It goes down while all tasks and queues are frozen, as at the end of a hibernation: at once"""
    wait_card(g)
    res = g.run("echo 1 >/proc/sys/kernel/sysrq && echo 14 >/sys/module/suspend/parameters/pm_test_delay && "
                "echo freezer >/sys/power/pm_test")
    need(res.rc == 0, "no test of the freezer: " + res.out)
    # the delay keeps a processor busy, and the first is the one that goes down
    took = g.poweroff(command="taskset 2 sh -c 'echo freeze >/sys/power/state'", sysrq="o")
    need(took < scaled(7), f"the guest took {took:.1f} s to go down")


@check(polite=False, own=True, kernel="7.3", vdispl=SPEC, extra='on_crash="preserve"')
def test_panic(lab, be, g):
    """The kernel panics: its last words are on the screen"""
    wait_card(g)
    with_picture = guest_prog(g, "draw --conns 0,1 --seed 90 --hold")
    for n in (0, 1):
        see(be, g, n, with_picture[f"conn{n}.crc"])
    last_words(be, g)


@check(polite=False, own=True, kernel="7.3", vdispl=SPEC, extra='on_crash="preserve"')
def test_panic_converted(lab, be, g):
    """The same on a picture that the backend sees in another format"""
    wait_card(g)
    be = reconnect(lab, be, g, "--formats", "XR24")
    guest_prog(g, "draw --conns 0,1 --format RG16 --seed 90 --hold")
    for n in (0, 1):
        width, height, _, _ = raw(be, g, n)
        see(be, g, n, pattern.as_xr24("RG16", pattern.picture("RG16", width, height, 90 + n)))
    last_words(be, g)


def last_words(be, g):
    g.expected_splat = "."
    was = [screen_crc(be, g, n) for n in (0, 1)]
    g.run("(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
    for n in (0, 1):
        wait_for("the panic screen", lambda n=n: screen_crc(be, g, n) != was[n], 30)
        picture = rgb(be.picture(g.domid, 0, n, "panic"))
        black = sum(row.count(0) for row in picture) / sum(len(row) for row in picture)
        # white text or a QR code on black, no colours of the pattern
        colours = {bytes(row[i:i + 3]) for row in picture for i in range(0, len(row), 3)}
        need(black > 0.3 and len(colours) < 8, f"{black:.2f} of it black, {len(colours)} colours")
