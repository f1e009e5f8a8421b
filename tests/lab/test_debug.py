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


# test: what finds it, the fault, the words of the report
FAULTS = {
    "use_after_free": ("KASAN", "use-after-free", "KASAN: slab-use-after-free"),
    "lock_inversion": ("lockdep", "lock-inversion", "possible circular locking"),
    "atomic_sleep": ("DEBUG_ATOMIC_SLEEP", "atomic-sleep", "scheduling while atomic"),
    "leak": ("kmemleak", "leak", "unreferenced object"),
    "shift": ("UBSAN", "shift", "UBSAN: shift-out-of-bounds"),
}


def found_by(name, what, fault, words):
    def test(lab, g):
        finds(lab, g, fault, words)
    test.__name__, test.__doc__ = "test_" + name, what
    return scenario(kernel=KERNEL, kind="pvh", vdispl=None, own=True, modules="none")(test)


globals().update({"test_" + name: found_by(name, *row) for name, row in FAULTS.items()})
