# SPDX-License-Identifier: GPL-2.0 OR MIT
"""That the debug kernel finds what it is for; only for `tests/lab/run --debug`."""
import images
from scene import need, wait_for
from xdflab import scenario

KERNEL = "6.12-debug"


def finds(lab, g, fault, words):
    g.send(images.build_other_module("faults", g.kernel, lab.builddir), "/tmp/xdf_faults.ko")
    # the fault is what is wanted here
    g.expected_splat = "."
    at = len(g.kernel_log())
    res = g.run("insmod /tmp/xdf_faults.ko fault=" + fault)
    need(res.rc == 0, "the module with the faults: " + res.out)
    found = g.leaks() if fault == "leak" else []
    g.dmesg()
    g.expected_splat = None
    wait_for("a report of the fault", lambda: any(words in line for line in [*g.splats(at), *found]), 20)
    g.expected_splat = "."


def debug_scenario(func):
    return scenario(kernel=KERNEL, kind="pvh", vdispl=None, own=True, modules="none")(func)


@debug_scenario
def test_use_after_free(lab, g):
    """KASAN"""
    finds(lab, g, "use-after-free", "KASAN: slab-use-after-free")


@debug_scenario
def test_lock_inversion(lab, g):
    """lockdep"""
    finds(lab, g, "lock-inversion", "possible circular locking")


@debug_scenario
def test_atomic_sleep(lab, g):
    """DEBUG_ATOMIC_SLEEP"""
    finds(lab, g, "atomic-sleep", "scheduling while atomic")


@debug_scenario
def test_leak(lab, g):
    """kmemleak"""
    finds(lab, g, "leak", "unreferenced object")


@debug_scenario
def test_shift(lab, g):
    """UBSAN"""
    finds(lab, g, "shift", "UBSAN: shift-out-of-bounds")
