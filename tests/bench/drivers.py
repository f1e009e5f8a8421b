# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the drivers are given to do, how it is measured, and what is said of it: for driver and cost."""
import collections
import os
import statistics
import subprocess
import time

from bench import HERE, SPACES, Bench, LabError, compile_c, images, values
# they are in tests/lab, which bench has put on the path
from scene import let_backend_allocate, reconnect, wait_card, wait_for
from speed import limit

# the kernel's own driver takes no more lines
FHD, UHD = "1920x1080", "3840x2040"
OUTPUTS = [UHD, FHD, "640x480", "640x480"]
COUNTS = ("notifications", "display", "switches", "hypercalls")
# how far "flat" goes
FLAT = 1.1


def size(text):
    return "-W %s -H %s" % tuple(text.split("x"))


def outputs(*sizes):
    return "backend=0,connectors=" + ";".join("id%d:%s" % s for s in enumerate(sizes))


# What it is, the command by driver, its limit, and the goals: at most so many times the kernel's own driver's, the
# limit's, or what it was when it was first kept. A limit is a work itself.
Work = collections.namedtuple("Work", "text ours intree limit goals", defaults=(None, None, None, {}))
WORKS = {
    "pingpong": Work("limit: event channel ping-pong"),
    "pingpong-60": Work("limit: ping-pong at 60 Hz, idle between"),
    "anonymous": Work("limit: anonymous memory, a page", "touch -w anon -n 2 " + size(FHD)),
    "flip": Work("async flip", "flip -c 2 -n 300 -a", "flip -c 2 -n 300", "pingpong", {"intree": 0.7, "limit": 1.4}),
    "flip-60": Work("ordinary flip, a backend of 60 Hz", "flip -c 2 -n 60", "flip -c 2 -n 60", "pingpong-60", {"intree": 0.7, "limit": 1.4}),
    "flip-sync": Work("ordinary flip, a backend that shows at once", "flip -c 2 -n 60", "flip -c 2 -n 300", "pingpong", {"intree": 0.7, "limit": 1.4}),
    "flip-4": Work("flip, four outputs", "flip -c 0,1,2,3 -n 60 -a", "flip -c 0,1,2,3 -n 60", None, {"intree": 0.7}),
    "flip-4k": Work("async flip, " + UHD, "flip -c 0 -n 100 -a", "flip -c 0 -n 100", "flip", {"limit": FLAT}),
    "flip-1000": Work("async flip, 1,000 buffers", "flip -c 2 -n 100 -a -m 1000", None, "flip", {"limit": FLAT}),
    "damage": Work("64x64 damage, " + UHD, "damage -c 0 -n 25 -s 40", None, "flip-4k", {"limit": 0.6}),
    "touch": Work("map and first touch, a page", "touch -n 2 " + size(FHD), "touch -n 2 " + size(FHD), "anonymous", {"intree": 1.0, "limit": 0.4}),
}
for key, wh in (("fhd", FHD), ("4k", UHD)):
    cycle = "cycle -n 4 -s 100 " + size(wh)
    WORKS.update({
        "grants-" + key: Work("limit: pages one by one, " + wh, "grants -n 3 " + size(wh)),
        "grants4-" + key: Work("limit: pages in sixteens, " + wh, "grants -o 4 -n 3 " + size(wh)),
        "cycle-" + key: Work("create, AddFB, RmFB, destroy " + wh, cycle, cycle, "grants-" + key, {"intree": 0.25, "limit": 1.0}),
        "again-" + key: Work("the same again", cycle + " -w again", cycle + " -w again", None, {"intree": 0.1}),
        "idle-" + key: Work("idle console %s, a second" % wh, "idle -n 4 -s 1500", "idle -n 4 -s 1500"),
        "blink-" + key: Work("a blink of its cursor", "idle -n 4 -s 1500", None, "flip-60", {"limit": 1.0}),
        "print-" + key: Work("a line printed, " + wh, "print -n 100 -s 1000", goals={"first": 0.2}),
    })
WORKS.update({
    "load": Work("from modprobe to the first frame, no console", "load -c 2 -w xen_drm_front", "load -c 2 -w drm_xen_front", None,
                 {"intree": 0.7}),
    "load-console": Work("the same, with the console of four outputs", "load -c 2 -w xen_drm_front"),
    "flip-16": Work("flip, 16 outputs", "flip -c %s -n 20 -a" % ",".join(map(str, range(16))), None, "flip", {"limit": FLAT}),
    "reconnect": Work("reconnect, four of " + UHD, limit="cycle-4k", goals={"limit": 1.2}),
})
# of a buffer beyond its pages, for each of them
BYTES = 12
# Hz, of a console's cursor
BLINKS = 5


DRIVERS = ("ours", "intree")


def compile_programs(out):
    """The guests' and dom0's."""
    return (compile_c(out, "work.c", *[os.path.join(HERE, "../guest", name) for name in ("card.c", "pattern.c")], "-static", "-ldrm", "-lm"),
            compile_c(out, "echo.c", "-lxenevtchn", "-lxengnttab"))


class Drivers(Bench):
    BACKEND = ["--at-once", "--no-log-flips", "--no-copies"]

    def __enter__(self):
        super().__enter__()
        try:
            self.work, echo = compile_programs(self.out)
            os.chmod(images.write_if_new(os.path.join(self.dir, "bin/echo"), images.read(echo)), 0o755)
            self.need("cp /share/bin/echo /run/echo")
            let_backend_allocate(self)
        except BaseException:
            self.close()
            raise
        return self

    def more(self, key):
        """What the guests have beside their usual programs."""
        cpio = images.Cpio()
        cpio.copy("bin/work", self.work)
        kernel = images.Kernel(key)
        for module in ("xen-evtchn", "xen-gntalloc"):
            cpio.file("bench/%s.ko" % module, kernel.modules.data(kernel.modules.closure([module])[-1]))
        cpio.copy("bench/xdf_limit.ko", images.build_other_module(os.path.join(HERE, "limit"), key, self.builddir))
        return cpio.data()

    def pair(self, key, kind, drivers=DRIVERS):
        """A guest for each driver, and nothing found out yet."""
        for g in list(self.guests.values()):
            g.destroy()
        self.tick, self.found, self.g = {}, collections.defaultdict(dict), {}
        self.backend(args=self.BACKEND)
        more = self.more(key)
        for cpu, which in enumerate(drivers, 1):
            g = self.g[which] = self.guest_on(which, cpu, more, kernel=key, kind=kind, modules=which, vdispl=outputs(*OUTPUTS), load=False)
            self.want(g, "for m in /bench/*.ko; do insmod $m; done; modprobe drm_kms_helper")
            found = self.count(g, "work spin -n 2")
            self.tick[which] = {s: found[s] / max(found["ticks"], 1) for s in ("kernel", "xen")}
            print("%s: a tick costs %.0f instructions of the kernel and %.0f of Xen (%.0f a second)" % (
                which, self.tick[which]["kernel"], self.tick[which]["xen"], found["ticks"] / found["seconds"]), flush=True)

    def ready(self, wanted, profile=False):
        """The driver is loaded."""
        for which, g in self.g.items():
            if wanted("load"):
                self.load(which, "load", False, profile)
            else:
                g.load()
            if wanted("load") and which == "ours":
                self.want(g, "rmmod xen_drm_front")
                self.load(which, "load-console", True, profile)
            info = wait_card(g, 60)
            print("%s: %s of %s" % (which, info["driver"], info["date"]), flush=True)
            self.want(g, "echo 0 >/sys/class/graphics/fbcon/cursor_blink")

    def per_op(self, which, found):
        """Of one operation, without the timer's interrupts."""
        for s, n in self.tick[which].items():
            found[s] -= found["ticks"] * n
        found["all"] = sum(found[s] for s in SPACES)
        return {k: found[k] / found["ops"] for k in (*SPACES, "all", "dom0", *COUNTS, "other", "exits", "ticks", "noise", "seconds")}

    def load(self, which, name, console, profile):
        """The kernel's own driver has no console."""
        self.want(self.g[which], "echo %s >/sys/module/drm_kms_helper/parameters/fbdev_emulation" % "NY"[console])
        self.note(name, which, self.one(which, getattr(WORKS[name], which)))
        if profile:
            self.show_last(which, 1)

    def one(self, which, cmd, timeout=120):
        return self.per_op(which, self.count(self.g[which], "work " + cmd, timeout))

    def note(self, name, which, v):
        self.found[name][which] = {k: round(n, 6 if k == "seconds" else 3) for k, n in v.items()}
        print("%-12s %-7s %10.0f = user %.0f + kernel %.0f + module %.0f + Xen %.0f; dom0 %.0f; %s; ticks %.2f" % (
            name, which, v["all"], v["user"], v["kernel"], v["module"], v["xen"], v["dom0"],
            ", ".join("%s %.2f" % (c, v[c]) for c in (*COUNTS, "other", "exits")), v["ticks"]), flush=True)

    def measure(self, name, rounds):
        work = WORKS[name]
        taken = {which: [] for which in self.g if getattr(work, which)}
        for _ in range(rounds):
            for which, got in taken.items():
                v = self.one(which, getattr(work, which))
                if name.startswith(("cycle", "damage")):
                    # what is around it: the end of all that was kept, and sleep
                    around = self.one(which, getattr(work, which) + " -w empty")
                    v = {k: v[k] - around[k] for k in v}
                got.append(v)
        for which, got in taken.items():
            self.note(name, which, {k: statistics.median(v[k] for v in got) for k in got[0]})

    def pingpong(self, name, count, hz=""):
        """With a program of dom0's as the other side."""
        g = self.g["ours"]

        def run(_):
            self.want(g, "(work pingpong -n %d >/tmp/pingpong 2>&1 &) ; for i in 1 2 3 4 5 6 7 8 9 10; do "
                      "grep -q ref= /tmp/pingpong && exit; sleep 0.2; done; cat /tmp/pingpong; exit 1" % count)
            v = values(self.want(g, "cat /tmp/pingpong"))
            marks = self.counts.marks
            self.need("setsid /run/echo %d %s %s %s </dev/null >/run/echo.out 2>&1 & echo $! >/run/echo.pid" % (
                g.domid, v["port"], v["ref"], hz))
            try:
                # the guest is not asked: meanwhile nobody else is to have its processor
                wait_for("the end of the ping-pong's window", lambda: self.counts.marks >= marks + 2, 30)
            finally:
                self.dom0("kill $(cat /run/echo.pid)")
            out = self.want(g, "for i in 1 2 3 4 5; do grep -q switches= /tmp/pingpong && break; sleep 1; done; cat /tmp/pingpong")
            if "switches" not in values(out):
                raise LabError("ping-pong: %s%s" % (out, self.dom0("cat /run/echo.out").out))
            return values(out)

        self.note(name, "ours", self.per_op("ours", self.count(g, "ping-pong", run=run)))

    def attach(self, which, spec):
        """Another display in the place of what it has."""
        g = self.g[which]
        g.detach()
        res = g.attach(spec)
        if res.rc:
            raise LabError("attaching: " + res.out)
        wait_card(g, 60)
        wait_for("a framebuffer device", lambda: g.run("test -e /dev/fb0").rc == 0)

    def console(self, key, wh, wanted, profile=False):
        """Nothing but an idle console, and then one that is printed to."""
        g = self.g["ours"]
        self.attach("ours", outputs(wh))
        if wanted("idle") or wanted("blink"):
            v = [self.one("ours", WORKS["idle-" + key].ours)]
            self.note("idle-" + key, "ours", v[0])
            if "intree" in self.g:
                self.note("idle-" + key, "intree", self.one("intree", WORKS["idle-" + key].intree))
            self.want(g, "echo 1 >/sys/class/graphics/fbcon/cursor_blink")
            v.append(self.one("ours", WORKS["blink-" + key].ours))
            self.note("blink-" + key, "ours", {k: (v[1][k] - v[0][k]) / BLINKS for k in v[0]})
            self.want(g, "echo 0 >/sys/class/graphics/fbcon/cursor_blink")
        if wanted("print"):
            self.measure("print-" + key, 1)
            if profile:
                self.show_profile("print-" + key)

    def reconnect(self):
        g = self.g["ours"]
        self.attach("ours", outputs(*[UHD] * 4))
        held = values(self.want(g, "work hold -c 0,1,2,3"))["held_by"]
        time.sleep(limit(1))

        def run(_):
            begin = values(self.want(g, "work mark -w begin"))
            reconnect(self, self.backends["be"], g, *self.BACKEND)
            time.sleep(limit(2))
            end = values(self.want(g, "work mark -w end"))
            return {k: int(float(end[k])) - int(float(begin[k])) for k in ("ticks", "display", "other", "switches")} | {"ops": 4}

        self.note("reconnect", "ours", self.per_op("ours", self.count(g, "reconnect", run=run)))
        self.want(g, "kill %s" % held)

    def beyond_pages(self):
        for which, g in self.g.items():
            v = values(self.want(g, "work memory -n 12 -s 500 " + size(FHD)))
            # of this driver's what its debugfs counts; the free memory says it less exactly
            self.found["memory"][which] = float(v.get("listed", v["measured"]))
            print("memory: %s: %s bytes a page beyond it" % (which, v), flush=True)

    def all(self, key, kind, wanted, rounds, profile):
        self.pair(key, kind)
        self.ready(wanted, profile)
        if wanted("memory"):
            self.beyond_pages()
        if wanted("pingpong"):
            self.pingpong("pingpong", 300)
        if wanted("pingpong-60"):
            self.pingpong("pingpong-60", 60, 60)
        for name, work in WORKS.items():
            if not wanted(name) or not work.ours or name.startswith(("idle", "blink", "print", "load", "flip-16")):
                continue
            self.backends["be"].ctl("set at-once %d" % (name != "flip-60"))
            self.measure(name, rounds if work.intree else 1)
            if profile:
                self.show_profile(name)
        for size_key, wh in (("fhd", FHD), ("4k", UHD)):
            if any(map(wanted, ("idle-" + size_key, "blink-" + size_key, "print-" + size_key))):
                self.console(size_key, wh, lambda name, k=size_key: wanted("%s-%s" % (name, k)), profile)
        if wanted("flip-16"):
            self.attach("ours", outputs(*["320x200"] * 16))
            self.measure("flip-16", 1)
        if wanted("reconnect"):
            self.reconnect()
        return dict(self.found)

    def show_profile(self, name):
        for which in self.g:
            if getattr(WORKS[name], which):
                self.show_last(which, self.count(self.g[which], "work " + getattr(WORKS[name], which))["ops"])

    def show_last(self, which, ops):
        """Of the window that was open last."""
        print("  %s: where the instructions of one are, and calls" % which)
        for n, calls, symbol in self.profile(self.g[which], self.g[which].cpu):
            print("    %10.1f %8.2f %s" % (n / ops, calls / ops, symbol), flush=True)


def short(n):
    if n is None:
        return "-"
    return "%.2f M" % (n / 1e6) if abs(n) >= 1e6 else "%.1f k" % (n / 1e3) if abs(n) >= 1e4 else "%.0f" % n


def compared(name, found, first):
    """{what it is compared with: (ratio, at most)}"""
    work, v = WORKS[name], found[name]
    against = {"intree": v.get("intree"), "limit": found.get(work.limit, {}).get("ours"),
               "first": first.get(name, {}).get("ours") if "first" in work.goals else None}
    return {k: (v["ours"]["all"] / other["all"], work.goals.get(k)) for k, other in against.items()
            if "ours" in v and other and other["all"] > 0}


def missed(found, first):
    bad = ["%s: %.2f times %s, not %.2f" % (WORKS[name].text, ratio, k, most) for name in found if name != "memory"
           for k, (ratio, most) in compared(name, found, first).items() if most and ratio > most]
    flip = found.get("flip", {}).get("ours")
    if flip:
        bad += ["async flip: %.2f %s, not %d" % (flip[k], text, most) for k, text, most in (
            ("notifications", "notifications", 1), ("display", "interrupts", 1), ("switches", "context switches", 4)) if round(flip[k], 1) > most]
    idle = [(k, found[k]) for k in ("idle-fhd", "idle-4k") if k in found]
    bad += ["%s: %s more than without a console" % (WORKS[k].text, short(v["ours"]["all"] - v["intree"]["all"]))
            for k, v in idle if v["ours"]["all"] > 1.1 * v["intree"]["all"] + 5000]
    if found.get("memory", {}).get("ours", 0) > BYTES:
        bad.append("memory beyond a buffer's pages: %.1f bytes a page, not %d" % (found["memory"]["ours"], BYTES))
    return bad


def table(found, kept):
    first = kept.get("first", {})
    kept = kept.get("found", {})
    lines = ["| work | in-tree | this | limit | of in-tree | of the limit | switches, notifications, interrupts | in-tree's | dom0, in-tree's | of what was kept |",
             "|---|---|---|---|---|---|---|---|---|---|"]

    def counts(v):
        return "%.1f, %.1f, %.1f" % (v["switches"], v["notifications"], v["display"]) if v else ""

    for name in [k for k in WORKS if k in found]:
        v, work = found[name], WORKS[name]
        ours, intree, bound = v["ours"], v.get("intree"), found.get(work.limit, {}).get("ours")
        ratio = {k: "%.2f%s" % (r, "" if most is None else " (at most %.2f)" % most if r <= most else " **(not %.2f)**" % most)
                 for k, (r, most) in compared(name, found, first).items()}
        before = kept.get(name, {}).get("ours")
        cells = [work.text, short(intree and intree["all"]), short(ours["all"]), short(bound and bound["all"]),
                 ratio.get("intree", ""), ratio.get("limit", ""), counts(ours), counts(intree),
                 short(ours["dom0"]) + (", " + short(intree["dom0"]) if intree else ""),
                 "%.2f" % (ours["all"] / before["all"]) if before and before["all"] else ""]
        if work.text.startswith("limit: "):
            cells[:4] = [work.text[7:], "", "", short(ours["all"])]
        if "first" in ratio:
            cells[-1] += "; of the first %s" % ratio["first"]
        lines.append("| %s |" % " | ".join(cells))
    if "memory" in found:
        lines.append("| bytes beyond a buffer's page | %.1f | %.1f | %d |" % (found["memory"]["intree"], found["memory"]["ours"], BYTES) + " |" * 6)
    if "flip" in found:
        lines += ["", "flips a second: %s" % ", ".join("%s %.0f, in-tree %.0f" % (WORKS[k].text, *(1 / found[k][w]["seconds"] for w in ("ours", "intree")))
                                                       for k in ("flip", "flip-4") if k in found)]
    return "\n".join(lines)


def plot(results, path):
    """Ratios to the kernel's own driver: a bar for each kernel and kind of guest, a point for the goal."""
    names = [k for k in WORKS if all("intree" in found.get(k, {}) for found in results.values())]
    if not names:
        return
    data = ["$data << END"]
    for name in names:
        most = WORKS[name].goals.get("intree")
        data.append('"%s" %s %s' % (WORKS[name].text, most or "NaN", " ".join(
            "%.3f" % (found[name]["ours"]["all"] / found[name]["intree"]["all"]) for found in results.values())))
    script = data + ["END", "set term pngcairo size 1400,800 font 'DejaVu Sans,11'", "set output '%s'" % path,
                     "set style data histogram", "set style histogram clustered gap 1", "set style fill solid 0.8 noborder",
                     "set xtics rotate by -30", "set rmargin 18", "set grid ytics", "set yrange [0:*]", "set key top right",
                     "set ylabel 'guest instructions, times those of the in-tree driver'",
                     "plot %s, 1 title 'in-tree' lc rgb 'black', $data using 0:2 with points pt 7 lc rgb 'red' title 'at most'" % ", ".join(
                         "$data using %d:xtic(1) title '%s'" % (i + 3, title) for i, title in enumerate(results))]
    res = subprocess.run(["gnuplot"], input="\n".join(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(res.stdout + ("the plot: %s" % os.path.relpath(path) if not res.returncode else "no plot"))
