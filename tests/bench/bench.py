# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A lab that counts instructions.

dom0 has the machine's first processor for itself, and each guest one of the others, so what a
processor executes is a guest's, or Xen's on its behalf, or dom0's. count.c counts that.
"""
import bisect
import collections
import ctypes
import mmap
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))
import images  # noqa: E402
from scene import Failed, values  # noqa: E402
from xdflab import Lab, LabError  # noqa: E402

# As count.c and mark.h have it.
CPUS, MARKS, BLOCKS = 4, 4096, 1 << 22
USER, KERNEL, MODULE, XEN = range(4)
SPACES = ("user", "kernel", "module", "xen")
MARK, POINT, BEGIN, END = 0x133700000000, 0, 0x400, 0x800


class Mark(ctypes.Structure):
    _fields_ = [("ns", ctypes.c_uint64), ("kind", ctypes.c_uint64), ("cpu", ctypes.c_uint64),
                ("n", ctypes.c_uint64 * 4), ("first", ctypes.c_uint64)]


class Counts(ctypes.Structure):
    _fields_ = [("cpu", ctypes.c_uint64 * 8 * CPUS), ("marks", ctypes.c_uint64), ("mark", Mark * MARKS),
                ("counting", ctypes.c_uint64), ("blocks", ctypes.c_uint64),
                ("block", ctypes.c_uint64 * 2 * BLOCKS), ("executed", ctypes.c_uint64 * BLOCKS * CPUS)]


# Xen's own, of which a guest cannot help anything: all processors wait for one another once in a while.
RENDEZVOUS = ("time_calibration", "local_time_calibration", "smp_call_function", "call_function_interrupt", "on_selected_cpus")
# Where it waits for another processor. A turn for each call is what they cost.
SPINS = ("_spin_lock", "_spin_lock_cb", "_spin_lock_irqsave", "_spin_lock_irq", "_read_lock", "_write_lock")
# Calls of these are counted in Xen, and in a guest's kernel.
XEN_ENTRIES = {"hypercalls": ("pv_hypercall", "hvm_hypercall"), "exits": ("svm_vmexit_handler",)}
KERNEL_ENTRIES = {"notifications": ("notify_remote_via_irq",)}


def compile_c(out, name, *flags):
    path = os.path.join(out, os.path.splitext(name)[0] + (".so" if "-shared" in flags else ""))
    words = [f for f in flags if not f.startswith("-l")]
    images.command(["gcc", "-O2", "-s", "-Wall", "-Wextra", "-Wno-unused-parameter", "-std=gnu11", "-D_GNU_SOURCE",
                    "-I/usr/include/libdrm", *words, "-o", path, os.path.join(HERE, name),
                    *[f for f in flags if f.startswith("-l")]])
    return path


class Symbols:
    def __init__(self, pairs):
        self.pairs = sorted(pairs)
        self.addresses = [a for a, _ in self.pairs]
        self.start = collections.defaultdict(list)
        for address, name in self.pairs:
            self.start[address].append(name)

    def name(self, address):
        i = bisect.bisect_right(self.addresses, address) - 1
        return self.pairs[i][1] if i >= 0 else hex(address)


class Bench(Lab):
    XEN_ARGS = Lab.XEN_ARGS.replace("dom0_max_vcpus=2", "dom0_max_vcpus=1 dom0_vcpus_pin")

    def __init__(self, **kw):
        super().__init__(**kw)
        self.processors = 3
        self.out = os.path.join(self.builddir, "bench")
        os.makedirs(self.out, exist_ok=True)
        plugin = compile_c(self.out, "count.c", "-fPIC", "-shared")
        self.file = os.path.join(self.out, "counts")
        self.qemu_args = ["-plugin", "file=%s,counts=%s" % (plugin, self.file)]
        self.counts = self.memory_map = self.xen = None
        self.kernels = {}

    def start(self):
        super().start()
        with open(self.file, "r+b") as f:
            self.memory_map = mmap.mmap(f.fileno(), ctypes.sizeof(Counts))
        self.counts = Counts.from_buffer(self.memory_map)
        self.need("cat /proc/xen/xensyms >/share/xensyms")
        lines = images.read(os.path.join(self.dir, "xensyms"), "r").splitlines()
        self.xen = Symbols((int(w[0], 16), w[2].rsplit("#", 1)[-1]) for w in map(str.split, lines) if len(w) > 2)

    def guest_on(self, name, cpu, more=b"", memory=768, cmdline="", more_config=(), **kw):
        """A guest with a processor for itself."""
        g = self.guest(name, vcpus=1, memory=memory, more=more, timeout=300,
                       # as a user's kernel is; checks of the slabs cost more than flips
                       cmdline=("slub_debug=- slab_debug=- " + cmdline).strip(),
                       extra="\n".join(['cpus="%d"' % cpu, "max_grant_frames=256", *more_config]), **kw)
        g.cpu = cpu
        names = [n for entry in KERNEL_ENTRIES.values() for n in entry]
        out = self.want(g, "grep -wE '%s' /proc/kallsyms" % "|".join(names))
        self.kernels[name] = {int(w[0], 16): w[2] for w in map(str.split, out.splitlines()) if w[2] in names}
        return g

    @staticmethod
    def want(g, cmd, timeout=120):
        res = g.run(cmd, timeout)
        if res.rc:
            raise LabError("guest %s: '%s' failed (%d): %s" % (g.name, cmd, res.rc, res.out.strip()[-1000:]))
        return res.out

    # ---- counting ------------------------------------------------------

    def reset(self):
        self.counts.counting = 0
        begin = ctypes.addressof(self.counts) + Counts.executed.offset
        for cpu in range(CPUS):
            ctypes.memset(begin + cpu * BLOCKS * 8, 0, self.counts.blocks * 8)
            ctypes.memset(begin + (cpu * BLOCKS + BLOCKS - 1) * 8, 0, 8)

    def blocks(self, cpu):
        """(address, instructions, how often executed) of all that the processor has executed."""
        count = self.counts.blocks
        view = memoryview(self.memory_map)
        at = Counts.executed.offset + cpu * BLOCKS * 8
        turns = view[at:at + count * 8].cast("Q").tolist()
        block = view[Counts.block.offset:Counts.block.offset + count * 16].cast("Q").tolist()
        if self.counts.executed[cpu][BLOCKS - 1]:
            raise LabError("more blocks of code than there is room for")
        return [(block[2 * i], block[2 * i + 1], n) for i, n in enumerate(turns) if n]

    def calls(self, blocks, name):
        """How often each function of Xen, and of those wanted of the guest's kernel, was called."""
        entries = collections.Counter()
        for address, _, n in blocks:
            for symbol in self.xen.start.get(address, ()):
                entries[symbol] += n
            symbol = self.kernels.get(name, {}).get(address)
            if symbol:
                entries["kernel " + symbol] += n
        return entries

    def turns(self, address, n, entries):
        """Of a block of Xen's: how many of its turns a guest is to answer for."""
        symbol = self.xen.name(address)
        if symbol.startswith(RENDEZVOUS):
            return 0
        return min(n, entries[symbol]) if symbol in SPINS else n

    def spent(self, cpu, name=None):
        """What a processor did in the window: instructions of each space, and calls."""
        found = collections.Counter()
        blocks = self.blocks(cpu)
        entries = self.calls(blocks, name)
        for address, length, n in blocks:
            space = space_of(address)
            if space == XEN:
                own = self.turns(address, n, entries)
                found["noise"] += length * (n - own)
                n = own
            found[SPACES[space]] += length * n
        for key, symbols in XEN_ENTRIES.items():
            found[key] = sum(entries[s] for s in symbols)
        for key, symbols in KERNEL_ENTRIES.items():
            found[key] = sum(entries["kernel " + s] for s in symbols)
        return found

    def count(self, g, cmd, timeout=120, run=None):
        """Runs a program in the guest that opens and closes the window; all that was found, not per operation."""
        self.reset()
        said = run(cmd) if run else values(self.want(g, cmd, timeout))
        if self.counts.counting:
            raise LabError("%s: it has not come to its end" % cmd)
        found = self.spent(g.cpu, g.name)
        dom0 = self.spent(0)
        found["dom0"] = sum(dom0[s] for s in SPACES)
        for key in ("ops", "windows", "ticks", "display", "other", "switches"):
            if key in said:
                found[key] = int(said[key])
        found["seconds"] = float(said.get("seconds", 0))
        return found

    def profile(self, g, cpu, top=30):
        """[(instructions, calls, function)] of the last window."""
        blocks = self.blocks(cpu)
        entries = self.calls(blocks, g.name)
        blocks = sorted(((a, length, self.turns(a, n, entries) if space_of(a) == XEN else n) for a, length, n in blocks),
                        key=lambda b: -b[1] * b[2])
        kernel = [b for b in blocks if space_of(b[0]) in (KERNEL, MODULE)][:3000]
        names = self.names(g, [b[0] for b in kernel])
        found, calls = collections.Counter(), collections.Counter()
        for address, length, n in blocks:
            space = space_of(address)
            name, start = ("user", False) if space == USER else \
                ("Xen " + self.xen.name(address), address in self.xen.start) if space == XEN else \
                names.get(address, ("other of the kernel", False))
            found[name] += length * n
            if start:
                calls[name] += n
        return [(n, calls[name], name) for name, n in found.most_common(top)]

    def names(self, g, addresses):
        """{address: (function of the guest's kernel, whether it is its first)}"""
        path = os.path.join(self.out, "addresses")
        with open(path, "w", encoding="utf-8") as f:
            # after the symbol at the same place
            f.writelines("%016x ~\n" % a for a in sorted(addresses))
        g.send(path, "/tmp/addresses")
        out = self.want(g, "sort /proc/kallsyms /tmp/addresses | awk '$2 == \"~\" { print $1, s, n $4; next } { s = $1; n = $3 $4 }'", 300)
        return {int(a, 16): (n, a == s) for a, s, n in (ln.split()[:3] for ln in out.splitlines() if len(ln.split()) > 2)}


def space_of(address):
    if address < 1 << 47:
        return USER
    if address >> 36 == 0xffff82d:
        return XEN
    return MODULE if 0xffffffffc0000000 <= address < 0xffffffffff000000 else KERNEL


__all__ = ["BEGIN", "END", "MARK", "POINT", "Bench", "Counts", "Failed", "LabError", "MARKS", "SPACES", "Symbols", "compile_c", "images", "values"]
