# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A real Xen under QEMU, with dom0 and guests, for tests.

    with Lab(builddir, cache) as lab:
        be = lab.backend()
        g = lab.guest("g1", kernel="6.1", kind="pv", vdispl="backend=0,connectors=id0:800x600")
        print(g.run("modetest -M xendrm-du -c").out)

A scenario is a function test_NAME in a file test_*.py; @scenario says what it
needs (see there). tests/lab/run runs them.
"""
import base64
import collections
import ctypes
import fcntl
import itertools
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import images
import rfb
import speed
from images import LabError, say
from speed import limit

TOP = images.TOP
Result = collections.namedtuple("Result", "rc out")

# Lines of a kernel log that no scenario may cause unless it says so.
SPLAT = re.compile(
    r"\bBUG:|WARNING:|\bOops|refcount_t|use-after-free|Poison overwritten|Object already free|"
    r"Redzone|double free|possible recursive|possible circular|inconsistent lock|"
    r"blocked for more than|soft lockup|hard LOCKUP|rcu.*(stall|detected)|kernel BUG|"
    r"\bKASAN\b|UBSAN:|ODEBUG:|suspected memory leaks|non-static key|suspicious RCU|DEBUG_LOCKS|"
    r"general protection fault|unable to handle|Kernel panic|sleeping function called|"
    r"scheduling while atomic|Call Trace:|Objects remaining|Slab corruption|Bad page|"
    r"g\.e\. .* still pending|leaking g\.e\.|freeing event channel", re.IGNORECASE)
# Stock kernels say these on this emulated machine; nothing of ours is in them.
HARMLESS = re.compile(
    r"hrtimer: interrupt took|Spectre|unchecked MSR|ACPI BUG|WARNING: Spectre|"
    r"rcu:.*(Adjusting|Hierarchical|srcu)|RCU.*(restricting|detected CPU)|"
    r"RCU callback double-/use-after-free debug is enabled|kasan: KernelAddressSanitizer initialized|"
    r"clocksource:|platform eisa|x86/PAT|IOMMU|Detected CPU|"
    # the limits that it was given
    r"\bCommand line: |RCU CPU stall warnings timeout set|"
    r"(suspend|hibernation) debug: Waiting", re.IGNORECASE)


# Seconds: of a processor, ten times what dom0's boot takes; and for a dom0 that does nothing.
BOOT_WORK = 300
BOOT_REST = 1800


# of dom0, for viewers
VNC_PORTS = range(5900, 5908)


def free_ports(count):
    """Ports of the loopback address that nobody listens at."""
    socks = [socket.socket() for _ in range(count)]
    try:
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]
    finally:
        for sock in socks:
            sock.close()


def die_with_parent():
    """QEMU ends with us, however we end."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    # Ctrl-C is ours to handle: an orderly end saves the logs.
    os.setsid()


class Skip(Exception):
    """Raised by a scenario that cannot run here; its text says why."""


def scenario(kernel="6.1", kind="pv", vdispl="backend=0,connectors=id0:800x600", own=False,
             alone=False, timeout=300, **guest):
    """What a scenario needs; it is then called as test_NAME(lab, g).

    kernel and kind may be lists: the scenario runs for each combination. Guests
    of the same kind are shared between scenarios, booted ahead of time, and
    have the driver loaded; own=True is for a scenario that leaves its guest
    unusable for others, alone=True for one beside which no guest may boot. All else goes to Lab.guest().
    """
    def mark(func):
        kernels = [kernel] if isinstance(kernel, str) else list(kernel)
        kinds = [kind] if isinstance(kind, str) else list(kind)
        func.scenario = {"guests": [dict(guest, kernel=k, kind=t, vdispl=vdispl)
                                    for k in kernels for t in kinds],
                         "own": own, "alone": own or alone, "timeout": timeout}
        return func
    return mark


class Lab:
    def __init__(self, builddir=None, cache=None, verbose=True, memory=4096, hvm=False, arch=None, dom0=None,
                 dom0_memory=1280):
        if arch:
            images.ARCH = arch
        if cache:
            images.CACHE = os.path.abspath(cache)
        self.builddir = os.path.abspath(builddir or os.path.join(TOP, "build"))
        self.memory, self.dom0_memory = memory, dom0_memory
        # whether HVM guests can be had, which take a larger dom0
        self.hvm = hvm
        # the disk of a dom0 with systemd, in place of the lab's own
        self.dom0_disk = dom0
        self.verbose = verbose
        self.dir = None
        self.qemu = None
        self.guests = {}
        self.backends = {}
        self.disks = []
        self.processors = 2
        self.accel = "tcg,thread=multi"
        # more words of QEMU's
        self.qemu_args = []
        self._ids = itertools.count(1)
        self._pending = {}
        self._consoles = {}
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._create_lock = threading.Lock()
        self._ready = threading.Event()
        self._sock = None
        self._share_lock = None
        self._modules = {}
        self._base = None
        self._image_lock = threading.Lock()
        self._closing = False
        self.generation = 0
        # whether guests may boot beside the scenario that runs
        self.guests_boot = False
        # of dom0, and where they are on this machine
        self.ports = {}

    # ---- start and end -------------------------------------------------

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    def _take_dir(self):
        """build/lab, or build/lab.2 ... when another lab of this tree runs."""
        for i in range(1, 9):
            path = os.path.join(self.builddir, "lab" if i == 1 else "lab.%d" % i)
            os.makedirs(path, exist_ok=True)
            lock = open(os.path.join(path, "lock"), "a+", encoding="utf-8")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self._share_lock = lock
            self.dir = path
            return
        raise LabError("eight labs are running in %s already" % self.builddir)

    def start(self):
        begin = time.monotonic()
        self._take_dir()
        for name in ("logs", "pictures", "guests", "bin", "dom0", "tmp"):
            path = os.path.join(self.dir, name)
            if name in ("logs", "guests", "tmp"):
                shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path, exist_ok=True)
        for name in ("dom0-init.sh", "dom0-agent.py", "dom0-keyboard.py", "dom0-block.sh", "dom0-xl.sh"):
            path = images.write_if_new(os.path.join(self.dir, "dom0", name.replace("dom0-xl.sh", "xl")),
                                       images.read(os.path.join(images.HERE, name)))
            os.chmod(path, 0o755)
        shutil.copy(images.xl_time(self.builddir), os.path.join(self.dir, "bin/xl-time.so"))
        images.need_space(self.dir, 1500, "the lab")
        xen = images.xen()
        kernel = images.Kernel(images.by_arch("6.1"))
        image = kernel.image()
        initrd = images.dom0_initramfs(kernel, os.path.join(self.dir, images.by_arch("dom0") + ".initrd"))
        argv = [*(self._arm64 if images.ARCH == "arm64" else self._amd64)(xen, image, initrd),
                "-accel", self.accel, "-smp", str(self.processors), "-m", str(self.memory),
                "-nodefaults", "-display", "none", "-no-reboot",
                "-serial", "file:" + os.path.join(self.dir, "logs/xen.log"),
                "-fsdev", "local,id=share,path=%s,security_model=none" % self.dir,
                "-fsdev", "local,id=cache,path=%s,security_model=none,readonly=on" %
                os.path.join(images.CACHE, "lab"), "-chardev",
                "socket,id=agent,path=%s,server=on,wait=off" % self._socket_path()]
        # on arm64 Xen leaves no PCI to dom0
        bus = "device" if images.ARCH == "arm64" else "pci"
        for i, path in enumerate([self.dom0_disk or images.dom0_disk(self.hvm), *self.disks]):
            argv += ["-drive", "file=%s,format=raw,if=none,id=disk%d,snapshot=on" % (path, i),
                     "-device", "virtio-blk-%s,drive=disk%d" % (bus, i)]
        # nothing comes out of it, and what comes in comes from this machine alone
        self.ports = dict(zip(VNC_PORTS, free_ports(len(VNC_PORTS))))
        argv += ["-netdev", "user,id=net,restrict=on," + ",".join(
            "hostfwd=tcp:127.0.0.1:%d-:%d" % (here, there) for there, here in self.ports.items()),
            "-device", "virtio-net-%s,netdev=net" % bus]
        for name in ("share", "cache"):
            argv += ["-device", "virtio-9p-%s,fsdev=%s,mount_tag=%s" % (bus, name, name)]
        argv += [*self.qemu_args, "-device", "virtio-serial-" + bus, "-device", "virtserialport,chardev=agent,name=agent"]
        env = {**os.environ, "TMPDIR": os.path.join(self.dir, "tmp")}
        started = time.monotonic()
        with open(os.path.join(self.dir, "logs/qemu.log"), "wb") as log:
            self.qemu = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         env=env, preexec_fn=die_with_parent)
        self._connect()
        self._wait_dom0(started)
        speed.machine.dom0(time.monotonic() - started)
        self._tell_scale()
        res = self.dom0("xl list", timeout=60)
        if res.rc:
            raise LabError("xl does not work in dom0: %s\nsee %s" % (
                res.out, os.path.join(self.dir, "logs/dom0-init.log")))
        self._serve()
        self._note("Xen and dom0 are up after %.0f s; time limits are %.1f times those of an idle machine" %
                   (time.monotonic() - begin, speed.machine.scale))

    def _wait_dom0(self, started):
        """How slow the machine is will be known by this: it is the work that has an end here, not the time."""
        while not self._ready.wait(1):
            worked = images.cpu_seconds(self.qemu.pid)
            if self.qemu.poll() is not None:
                why = "QEMU has ended"
            elif worked > BOOT_WORK:
                why = "no answer after %.0f s of work" % worked
            elif time.monotonic() - started > BOOT_REST:
                why = "no answer after %.0f s" % (time.monotonic() - started)
            else:
                continue
            raise LabError("dom0 did not come up (%s): see %s and %s" % (
                why, os.path.join(self.dir, "logs/xen.log"), os.path.join(self.dir, "logs/qemu.log")))

    def _tell_scale(self):
        """For xl, which has time limits of its own."""
        images.write_if_new(os.path.join(self.dir, "scale"), b"%.2f\n" % speed.machine.scale)

    XEN_ARGS = "dom0_max_vcpus=2 gnttab_max_frames=256 loglvl=info guest_loglvl=info bootscrub=0"
    DOM0_ARGS = "console=hvc0 quiet mitigations=off audit=0"
    SYSTEMD_ARGS = " net.ifnames=0 systemd.wants=lab-agent.service systemd.default_device_timeout_sec=900" \
        " systemd.default_timeout_start_sec=900"

    def _xen_args(self):
        return "dom0_mem=%dM %s" % (self.dom0_memory, self.XEN_ARGS)

    CPU = "qemu64,+svm,+npt,+nrip-save"

    def _amd64(self, xen, image, initrd):
        return ["qemu-system-x86_64", "-cpu", self.CPU, "-kernel", xen,
                "-append", "console=com1 com1=115200 spec-ctrl=no xpti=no " + self._xen_args(),
                "-initrd", "%s %s,%s" % (image, self.DOM0_ARGS + (self.SYSTEMD_ARGS if self.dom0_disk else ""), initrd)]

    def _arm64(self, xen, image, initrd):
        # where in memory they lie: clear of Xen, and of one another
        return ["qemu-system-aarch64", "-machine", "virt,virtualization=on,gic-version=3",
                "-cpu", "cortex-a76", "-kernel", xen, "-append", "console=dtuart " + self._xen_args(),
                "-device", 'guest-loader,addr=0x49000000,kernel=%s,bootargs="%s"' % (image, self.DOM0_ARGS),
                "-device", "guest-loader,addr=0x4d000000,initrd=%s" % initrd,
                "-global", "virtio-mmio.force-legacy=false"]

    def _note(self, text):
        if self.verbose:
            say(text)

    def _socket_path(self):
        # a path in the tree may be too long for a socket
        if not hasattr(self, "_sockdir"):
            import tempfile
            self._sockdir = tempfile.mkdtemp(prefix="xdf-lab.")
        return os.path.join(self._sockdir, "agent")

    def _connect(self):
        # nothing is known yet of this machine's speed; but this takes milliseconds
        end = time.monotonic() + 300
        while True:
            self._sock = socket.socket(socket.AF_UNIX)
            try:
                self._sock.connect(self._socket_path())
                break
            except OSError:
                self._sock.close()
                if self.qemu.poll() is not None or time.monotonic() > end:
                    raise LabError("QEMU does not start: %s" % images.read(
                        os.path.join(self.dir, "logs/qemu.log"), "r")) from None
                time.sleep(0.1)
        threading.Thread(target=self._reader, daemon=True).start()

    def _reader(self):
        buf = b""
        while True:
            try:
                data = self._sock.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                break
            buf += data
            *lines, buf = buf.split(b"\n")
            for line in lines:
                try:
                    self._message(json.loads(line))
                except ValueError:
                    continue
        # dom0 is gone: whoever waits for an answer must hear of it
        with self._lock:
            for q in self._pending.values():
                q.put({"rc": 255, "out": "dom0 is gone"})

    def _message(self, msg):
        if msg.get("ready"):
            self._ready.set()
        elif "console" in msg:
            with self._lock:
                console = self._consoles.get(msg["console"])
            if console:
                console.receive(msg)
        elif "id" in msg:
            with self._lock:
                q = self._pending.pop(msg["id"], None)
            if q:
                q.put(msg)

    def _send(self, obj):
        with self._write_lock:
            self._sock.sendall((json.dumps(obj) + "\n").encode())

    def _call(self, wait, **req):
        req["id"] = next(self._ids)
        q = queue.Queue()
        with self._lock:
            self._pending[req["id"]] = q
        if self.qemu is None or self.qemu.poll() is not None:
            raise LabError("the emulated machine is not running")
        try:
            self._send(req)
            return q.get(timeout=wait)
        except queue.Empty:
            return {"rc": 124, "out": "no answer from dom0 in %d s" % wait}
        except OSError as err:
            raise LabError("the connection to dom0 is lost: %s" % err) from None
        finally:
            with self._lock:
                self._pending.pop(req["id"], None)

    def _serve(self):
        """Lets tests/lab/sh run commands in this lab."""
        path = os.path.join(self._sockdir, "sh")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(8)
        images.write_if_new(os.path.join(self.dir, "control"), path.encode())

        def answer(conn):
            with conn, conn.makefile("rw") as f:
                req = json.loads(f.readline())
                try:
                    res = self.sh(req["where"], req["cmd"], req["timeout"])
                except KeyError:
                    res = Result(127, "no guest %s; there are: %s\n" % (
                        req["where"], " ".join(["dom0", *self.guests])))
                except LabError as err:
                    res = Result(126, "%s\n" % err)
                f.write(json.dumps({"rc": res.rc, "out": res.out}) + "\n")

        def loop():
            while True:
                try:
                    conn, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(conn,), daemon=True).start()

        threading.Thread(target=loop, daemon=True).start()

    def close(self):
        if self._closing:
            return
        self._closing = True
        if self.qemu is not None and self.qemu.poll() is None:
            try:
                if self._ready.is_set():
                    res = self._call(limit(5), op="run", cmd="xl dmesg", timeout=limit(4))
                    with open(os.path.join(self.dir, "logs/xl-dmesg.log"), "w",
                              encoding="utf-8") as f:
                        f.write(res["out"])
            except (LabError, OSError):
                pass
            self.qemu.kill()
        if self.qemu is not None:
            self.qemu.wait()
        if self._sock:
            self._sock.close()
        if hasattr(self, "_sockdir"):
            shutil.rmtree(self._sockdir, ignore_errors=True)
        if self._share_lock:
            self._share_lock.close()

    # ---- dom0 ------------------------------------------------------------

    def dom0(self, cmd, timeout=60):
        """Runs a shell command in dom0."""
        timeout = limit(timeout)
        res = self._call(timeout + limit(5), op="run", cmd=cmd, timeout=timeout)
        return Result(res["rc"], res["out"])

    def need(self, cmd, timeout=60):
        """Like dom0(), but it must succeed."""
        res = self.dom0(cmd, timeout)
        if res.rc:
            raise LabError("dom0: '%s' failed (%d): %s" % (cmd, res.rc, res.out.strip()))
        return res.out

    def backend(self, name="be", args=()):
        """A running reference backend; one that runs with the same arguments is kept."""
        be = self.backends.get(name)
        if be and be.args == list(args) and be.alive():
            return be
        with self._create_lock:
            if be:
                be.replace()
            be = Backend(self, name, list(args))
            self.backends[name] = be
            be.start()
        return be

    def displays(self, args=(), tcp=True):
        """The display backend for dom0, in place of the reference one."""
        for be in self.backends.values():
            if be.alive():
                be.stop()
        return Displays(self, list(args), tcp)

    def keyboard(self):
        """Starts the keyboard of guests with vkb="backend-type=linux"; before they are created."""
        self.need("rm -f /run/keyboard; mkfifo /run/keyboard; setsid python3 "
                  "/share/dom0/dom0-keyboard.py /run/keyboard </dev/null "
                  ">/share/logs/keyboard.log 2>&1 &")

    def type_keys(self, domid, text, timeout=60):
        """Types on a guest's keyboard, not on its console."""
        line = "type %d %s" % (domid, text.replace("\n", "\\n"))
        self.need("cat >/run/keyboard <<'END'\n%s\nEND" % line, timeout)

    # ---- guests ------------------------------------------------------------

    def module(self, key, which, more=()):
        """(kernel, cpio of its modules), made once."""
        with self._image_lock:
            if (key, which, *more) not in self._modules:
                kernel = images.Kernel(key)
                ours = None
                if which in ("ours", "both"):
                    ours = images.build_module(key, self.builddir)
                self._modules[key, which, *more] = (
                    kernel, images.guest_modules(kernel, which, ours, more))
            return self._modules[key, which, *more]

    def programs(self):
        """The initramfs part with tests/guest's programs."""
        with self._image_lock:
            if self._base is None:
                progs = []
                if os.path.exists(os.path.join(TOP, "tests/guest/Makefile")):
                    out = images.build_part("guest", self.builddir)
                    progs = [os.path.join(out, f) for f in sorted(os.listdir(out))
                             if os.access(os.path.join(out, f), os.X_OK) and
                             os.path.isfile(os.path.join(out, f))]
                self._base = images.guest_base(self.builddir, progs)
            return self._base

    def guest(self, name, kernel="6.1", kind="pv", vdispl=None, memory=384, modules="ours",
              cmdline="", vcpus=2, vkb=None, load=True, timeout=150, extra="", more=b"", kexec=False):
        """Boots a guest and returns when its shell answers.

        vdispl: text of one device, or a list of them. modules: ours, intree,
        both or none. load=False leaves loading the driver to the scenario.
        kexec=True gives it what Guest.kexec() needs.
        """
        if name in self.guests:
            self.guests[name].destroy()
        for again in (True, False):
            g = Guest(self, name, kernel, kind)
            g.create(vdispl, memory, modules, cmdline, vcpus, vkb, extra, more, kexec)
            try:
                g.wait_ready(timeout)
                break
            except LabError:
                if not again or not g.met_own_breakpoint():
                    raise
            self._note("guest %s (%s %s): its kernel met a breakpoint of its own before any module was there: once more" % (
                name, kernel, kind))
            g.destroy()
        if load and modules != "none":
            g.load()
        return g

    def guest_disk(self, name, disk, kernel, ramdisk, vdispl=None, vkb=None, memory=1024, vcpus=2,
                   cmdline="", kind="pv"):
        """Boots a guest from a disk given to self.disks (as /dev/vdb); login on its console."""
        g = Guest(self, name, None, kind)
        g.create_disk(disk, kernel, ramdisk, vdispl, vkb, memory, vcpus, cmdline)
        return g

    def sh(self, where, cmd, timeout=60):
        return self.dom0(cmd, timeout) if where == "dom0" else self.guests[where].run(cmd, timeout)


class Backend:
    """The reference backend as a process of dom0."""

    def __init__(self, lab, name, args):
        self.lab = lab
        self.name = name
        self.args = args
        self.logfile = os.path.join(lab.dir, "logs", name + ".log")
        self.socket = "/run/%s.sock" % name
        self.pidfile = "/run/%s.pid" % name

    def start(self):
        lab = self.lab
        out = images.build_part("backend", lab.builddir)
        binary = os.path.join(out, "xdf-backend")
        target = os.path.join(lab.dir, "bin/xdf-backend")
        if not os.path.exists(target) or images.read(target) != images.read(binary):
            shutil.copy(binary, target + ".new")
            os.rename(target + ".new", target)
        for old in (self.logfile,):
            if os.path.exists(old):
                os.rename(old, "%s.%d" % (old, time.time_ns() // 1000000))
        lab.generation += 1
        ready = "/run/%s.ready" % self.name
        argv = ["/share/bin/xdf-backend", "--log", "/share/logs/%s.log" % self.name,
                "--pictures", "/share/pictures", "--control", self.socket, "--ready", ready,
                *self.args]
        quoted = " ".join("'%s'" % a.replace("'", "'\\''") for a in argv)
        lab.need("rm -f %s %s; setsid %s </dev/null >/share/logs/%s.out 2>&1 & echo $! >%s; "
                 "for i in $(seq %d); do [ -e %s ] && exit 0; kill -0 $(cat %s) || exit 1; "
                 "sleep 0.1; done; exit 1" % (ready, self.socket, quoted, self.name, self.pidfile,
                                              10 * limit(15), ready, self.pidfile), timeout=40)

    def alive(self):
        return self.lab.dom0("kill -0 $(cat %s)" % self.pidfile).rc == 0

    def log(self):
        try:
            with open(self.logfile, encoding="utf-8", errors="replace") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def wait_log(self, regex, timeout=30, after=0):
        """The index of the first line from AFTER on that matches; raises when none comes."""
        end = time.monotonic() + limit(timeout)
        exp = re.compile(regex)
        while True:
            lines = self.log()
            for i in range(after, len(lines)):
                if exp.search(lines[i]):
                    return i
            if time.monotonic() > end:
                raise LabError("backend never said /%s/; its last lines:\n%s" %
                               (regex, "\n".join(lines[-12:])))
            time.sleep(0.1)

    def violations(self):
        return [line for line in self.log() if " VIOLATION " in line]

    def ctl(self, line, timeout=30):
        timeout = limit(timeout)
        res = self.lab._call(timeout + limit(5), op="ctl", socket=self.socket, line=line,
                             timeout=timeout)
        if res["rc"]:
            raise LabError("backend control '%s': %s" % (line, res["out"]))
        lines = res["out"].rstrip("\n").split("\n")
        if lines[-1].startswith("error"):
            raise LabError("backend control '%s': %s" % (line, lines[-1]))
        return "\n".join(lines[:-1])

    def picture(self, domid, dev=0, conn=0, name="picture"):
        file = "%s.png" % name
        path = os.path.join(self.lab.dir, "pictures", file)
        if os.path.exists(path):
            os.unlink(path)
        self.ctl("picture %d %d %d /share/pictures/%s" % (domid, dev, conn, file))
        if not os.path.exists(path):
            raise LabError("backend wrote no picture %s" % path)
        return path

    def raw(self, domid, dev=0, conn=0):
        """What is shown now: (width, height, fourcc, bytes without padding of rows)."""
        name = "raw-%d-%d-%d" % (domid, dev, conn)
        path = os.path.join(self.lab.dir, "pictures", name)
        if os.path.exists(path):
            os.unlink(path)
        self.ctl("raw %d %d %d /share/pictures/%s" % (domid, dev, conn, name))
        data = images.read(path)
        os.unlink(path)
        head, _, data = data.partition(b"\n")
        width, height, pitch, fourcc = head.decode().split()
        width, height, pitch = int(width), int(height), int(pitch)
        line = width * (2 if fourcc.endswith("16") else 4)
        if pitch != line:
            data = b"".join(data[y * pitch:y * pitch + line] for y in range(height))
        return width, height, fourcc, data[:line * height]

    def _signal(self, sig):
        self.lab.dom0("pid=$(cat %s) && kill -%s $pid && for i in $(seq %d); do "
                      "kill -0 $pid 2>/dev/null || exit 0; sleep 0.1; done; exit 1" %
                      (self.pidfile, sig, 10 * limit(5)), timeout=20)

    def _may_end(self):
        if self.lab.guests_boot:
            raise LabError("a scenario that ends the backend says own=True or alone=True: beside this one guests boot")

    def stop(self):
        self._may_end()
        self._signal("TERM")

    def kill(self):
        self._may_end()
        self._signal("KILL")

    def replace(self):
        """Ends it where another one follows at once, and none is created meanwhile."""
        self._signal("TERM")

    def pause(self):
        self.lab.need("kill -STOP $(cat %s)" % self.pidfile)

    def resume(self):
        self.lab.need("kill -CONT $(cat %s)" % self.pidfile)


class Displays:
    """The display backend for dom0, as the program of its package, while in a with statement."""

    DIR = "/run/xen-display"
    PASSWORD = "secret"

    def __init__(self, lab, args, tcp):
        self.lab = lab
        self.args = args
        if tcp:
            lab.need("echo %s >/run/password" % self.PASSWORD)
            self.args += ["--tcp", "0.0.0.0:%d" % VNC_PORTS[0], "--password-file", "/run/password"]
        self.logfile = os.path.join(lab.dir, "logs/displays.log")

    def __enter__(self):
        images.display_tree(self.lab.builddir, os.path.join(self.lab.dir, "display"))
        # from the host's directory each program would take seconds to start
        self.lab.need("rm -rf /run/display; cp -a /share/display /run/display; "
                      "groupadd -r xen-display 2>/dev/null; true")
        if os.path.exists(self.logfile):
            os.rename(self.logfile, "%s.%d" % (self.logfile, time.time_ns() // 1000000))
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    ENV = "env LD_LIBRARY_PATH=/run/display/lib XKB_CONFIG_ROOT=/run/display/xkb "

    def start(self):
        quoted = " ".join("'%s'" % a for a in self.args)
        self.lab.need("setsid %s /run/display/xen-display-backend %s </dev/null >>/share/logs/displays.log 2>&1 & "
                      "echo $! >/run/displays.pid; sleep 0.5; kill -0 $!" % (self.ENV, quoted))

    def stop(self, sig="TERM"):
        self.lab.dom0("pid=$(cat /run/displays.pid); kill -%s $pid; for i in $(seq %d); do "
                      "kill -0 $pid 2>/dev/null || break; sleep 0.1; done" % (sig, 10 * limit(15)), timeout=30)

    def log(self):
        return images.read(self.logfile, "r").splitlines() if os.path.exists(self.logfile) else []

    def said(self, regex, timeout=30):
        """The first line of the log that matches, once it is there."""
        end = time.monotonic() + limit(timeout)
        while True:
            for line in self.log():
                if re.search(regex, line):
                    return line
            if time.monotonic() > end:
                raise LabError("the display backend never said /%s/; its last lines:\n%s" % (
                    regex, "\n".join(self.log()[-12:])))
            time.sleep(0.2)

    def command(self, words, timeout=60):
        """xen-display in dom0."""
        return self.lab.dom0("%s /run/display/xen-display %s" % (self.ENV, words), timeout)

    def port(self, g, conn=0):
        """On this machine."""
        line = self.said(r"guest %s: %s-%d is at 0\.0\.0\.0:\d+ " % (g.name, g.name, conn))
        return self.lab.ports[int(re.search(r":(\d+) for", line).group(1))]

    def viewer(self, g, conn=0, **kw):
        """A viewer on this machine, connected."""
        kw.setdefault("password", self.PASSWORD)
        kw.setdefault("timeout", limit(60))
        return rfb.Viewer(("127.0.0.1", self.port(g, conn)), **kw)


class Console:
    """What a guest says on its PV console, and how to type there."""

    def __init__(self, lab, domid, logfile):
        self.lab = lab
        self.domid = domid
        self.log = open(logfile, "w", encoding="utf-8", errors="replace")
        self.text = ""
        self.closed = False
        self.changed = threading.Condition()
        self.handler = None
        self.on_close = None
        self._partial = ""

    def receive(self, msg):
        data = msg.get("data", "")
        with self.changed:
            if msg.get("closed"):
                self.closed = True
                if self.on_close:
                    self.on_close()
            if self.handler:
                *lines, self._partial = (self._partial + data).split("\n")
                for line in lines:
                    self.handler(line.rstrip("\r"))
            else:
                self.text += data
                self.log.write(data)
                self.log.flush()
            self.changed.notify_all()

    def type(self, data):
        # the ring of a PV console is small, and a tty's line buffer too
        for i in range(0, len(data), 512):
            self.lab._send({"op": "type", "domid": self.domid, "data": data[i:i + 512]})

    def expect(self, regex, timeout=60, after=0):
        """Waits until the text from position AFTER on matches; returns the end's position."""
        exp = re.compile(regex)
        end = time.monotonic() + limit(timeout)
        with self.changed:
            while True:
                m = exp.search(self.text, after)
                if m:
                    return m.end()
                left = end - time.monotonic()
                if left <= 0 or self.closed:
                    raise LabError("console never showed /%s/; it ends with:\n%s" %
                                   (regex, self.text[-1500:]))
                self.changed.wait(min(left, 1))


class Guest:
    def __init__(self, lab, name, kernel, kind):
        self.lab = lab
        self.name = name
        self.kernel = kernel
        self.kind = kind
        self.domid = None
        self.dead = None
        self.expected_splat = None
        self._kernel_log = []
        self._ids = itertools.count(1)
        self._jobs = {}
        self._ready = threading.Event()
        self.console = None
        self.booted = None

    def _log(self, text):
        self.console.log.write(text + "\n")
        self.console.log.flush()

    # one framed line of the agent, or text of a kernel in distress
    def _line(self, line):
        at = line.find("@@")
        if at < 0:
            if line.strip():
                self._kernel_log.append(line)
                self._log(line)
                if "Kernel panic" in line:
                    self._die("its kernel panicked")
            return
        if at > 0:
            self._kernel_log.append(line[:at])
            self._log(line[:at])
        kind, _, rest = line[at + 2:].partition(" ")
        if kind == "R":
            self._ready.set()
        elif kind == "K":
            self._kernel_log.append(rest)
            self._log(rest)
        elif kind in ("O", "E"):
            num, _, rest = rest.partition(" ")
            job = self._jobs.get(int(num)) if num.isdigit() else None
            if not job:
                return
            if kind == "O":
                try:
                    job["out"] += base64.b64decode(rest)
                except ValueError:
                    job["out"] += b"<garbled>"
            else:
                job["rc"] = int(rest)
                job["done"].set()
        else:
            self._log(line)

    def _die(self, why):
        self.dead = why
        for job in list(self._jobs.values()):
            job["done"].set()

    @staticmethod
    def _quote(text):
        return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')

    def _config(self, lines, vdispl, vkb, memory, vcpus, cmdline, extra):
        lab = self.lab
        if isinstance(vdispl, str):
            vdispl = [vdispl]
        if isinstance(vkb, str):
            vkb = [vkb]
        text = ["name=%s" % self._quote(self.name), "type=%s" % self._quote(self.kind),
                "memory=%d" % memory, "vcpus=%d" % vcpus, "extra=%s" % self._quote(cmdline),
                # emulating the counter on an emulated machine takes most of its time
                'tsc_mode="native"', 'on_poweroff="destroy"', 'on_reboot="destroy"', 'on_crash="destroy"', *lines]
        if vdispl:
            text.append("vdispl=[%s]" % ",".join(self._quote(v) for v in vdispl))
        if vkb:
            text.append("vkb=[%s]" % ",".join(self._quote(v) for v in vkb))
        if extra:
            text.append(extra)
        path = os.path.join(lab.dir, "guests", self.name + ".cfg")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(text) + "\n")
        with lab._create_lock:
            # what was built for this guest before does not count
            self._begin = time.monotonic()
            res = lab.dom0("xl create /share/guests/%s.cfg && xl domid %s" %
                           (self.name, self.name), timeout=90)
        if res.rc:
            raise LabError("xl create %s failed (%d): %s" % (self.name, res.rc, res.out.strip()))
        self.domid = int(res.out.split()[-1])
        self.console = Console(lab, self.domid,
                               os.path.join(lab.dir, "logs/%s.console.log" % self.name))
        lab.guests[self.name] = self

    def _attach_console(self):
        lab = self.lab
        with lab._lock:
            lab._consoles[self.domid] = self.console
        res = lab._call(limit(30) + 30, op="console", domid=self.domid, timeout=limit(30))
        if res["rc"]:
            raise LabError("no console of %s: %s" % (self.name, res["out"]))

    def _file(self, kind, data):
        """A file of this guest's; its name in dom0."""
        name = "guests/%s.%s" % (self.name, kind)
        with open(os.path.join(self.lab.dir, name), "wb") as f:
            f.write(data)
        return "/share/" + name

    def _hvm_lines(self, kernel, initrd_size, extra):
        """Its device model puts kernel and initramfs into its memory."""
        begin, rest = images.split_bzimage(os.path.join(kernel.dir, "vmlinuz"), initrd_size)
        more = []
        for file, at in ((self._file("kernel", rest), images.HVM_KERNEL),
                         ("/share/guests/%s.initrd" % self.name, images.HVM_INITRD)):
            more += ["-device", "loader,file=%s,addr=%#x,force-raw=on" % (file, at)]
        lines = ["kernel=%s" % self._quote(self._file("begin", begin)),
                 "device_model_args_hvm=[%s]" % ",".join(map(self._quote, more)),
                 "nographics=1", "vnc=0"]
        # an emulated VGA, seen by nobody but the guest
        return lines if "vga=" in extra else lines + ['vga="stdvga"']

    def create(self, vdispl, memory, modules, cmdline, vcpus, vkb, extra, more, kexec):
        lab = self.lab
        hvm = self.kind == "hvm"
        drivers = images.HVM_MODULES if hvm else ()
        if modules == "none":
            kernel = images.Kernel(self.kernel)
            data = images.guest_modules(kernel, "none", None, drivers)
        else:
            kernel, data = lab.module(self.kernel, modules, drivers)
        args = ("console=hvc0 quiet loglevel=1 mitigations=off audit=0 panic=1 rdinit=/init "
                "slub_debug=FZPU slab_debug=FZPU "
                # its kernel's own limits, at their values on a machine of the usual speed
                "sysctl.kernel.hung_task_timeout_secs=%d rcupdate.rcu_cpu_stall_timeout=%d watchdog_thresh=%d " %
                (speed.scaled(60), min(300, speed.scaled(21)), min(60, speed.scaled(10))) + cmdline).strip()
        data = lab.programs() + data + more
        if kexec:
            data += images.kexec(kernel, data)
        self._file("initrd", data)
        if hvm:
            # a look for bridges in 256 buses by emulated ports takes longer than all the rest
            args += " pci=noearly"
            lines = self._hvm_lines(kernel, len(data), extra)
        else:
            lines = ["kernel=%s" % self._quote("/cache/" + os.path.relpath(
                kernel.image(), os.path.join(images.CACHE, "lab"))),
                "ramdisk=%s" % self._quote("/share/guests/%s.initrd" % self.name)]
        self._config(lines, vdispl, vkb, memory, vcpus, args, extra)
        self.console.handler = self._line
        # whoever waits for an answer need not wait any longer
        self.console.on_close = lambda: self._die("its domain is gone")
        self._attach_console()

    def create_disk(self, disk, kernel, ramdisk, vdispl, vkb, memory, vcpus, cmdline):
        self._config(["kernel=%s" % self._quote(kernel), "ramdisk=%s" % self._quote(ramdisk),
                      'disk=["format=raw,vdev=xvda,access=w,script=/share/dom0/dom0-block.sh,target=%s"]' % disk], vdispl, vkb, memory, vcpus, cmdline, "")
        self._attach_console()

    def met_own_breakpoint(self):
        """Now and then a PV guest's processor does so while another patches its kernel's static keys: see RESULTS.md"""
        return any("Oops: int3" in line for line in self._kernel_log)

    def is_up(self):
        return self._ready.is_set() and not self.dead

    def wait_ready(self, timeout=150):
        end = time.monotonic() + limit(timeout)
        while not self._ready.wait(1):
            if self.dead or self.console.closed or time.monotonic() > end:
                raise LabError("guest %s did not reach its shell (%s): see %s" % (
                    self.name, self.dead or ("closed" if self.console.closed else "timeout"),
                    self.console.log.name))
        self.booted = time.monotonic() - self._begin
        speed.machine.guest(self.kind, self.booted)
        self.lab._tell_scale()
        self.lab._note("guest %s (%s %s) is up after %.0f s" % (self.name, self.kernel, self.kind,
                                                                self.booted))

    def load(self):
        """Loads the drivers of all Xen devices by alias, as udev would."""
        return self.run("coldplug", timeout=60)

    def run(self, cmd, timeout=60):
        """Runs a shell command in the guest; output and errors together."""
        if self.dead:
            raise LabError("guest %s is dead: %s" % (self.name, self.dead))
        num = next(self._ids)
        timeout = int(limit(timeout))
        job = {"out": b"", "rc": None, "done": threading.Event()}
        self._jobs[num] = job
        code = base64.b64encode(cmd.encode()).decode()
        self.console.type("R %d %d %s\n" % (num, timeout, code))
        job["done"].wait(timeout + limit(8))
        del self._jobs[num]
        if job["rc"] is None:
            if self.dead:
                raise LabError("guest %s died during '%s': %s" % (self.name, cmd, self.dead))
            return Result(124, job["out"].decode(errors="replace") + "\n(no answer from guest)")
        return Result(job["rc"], job["out"].decode(errors="replace"))

    def send(self, path, target):
        """Puts a file of this machine's there."""
        text = base64.b64encode(images.read(path)).decode()
        for at in range(0, len(text), 40000):
            res = self.run("echo %s >>/tmp/sent" % text[at:at + 40000])
            if res.rc:
                raise LabError("no room in guest %s: %s" % (self.name, res.out))
        self.run("base64 -d /tmp/sent >%s; rm /tmp/sent" % target)

    def leaks(self):
        """What the debug kernel's kmemleak has found since the last call; lines."""
        res = self.run("cd /sys/kernel/debug && echo scan >kmemleak && sleep 6 && echo scan >kmemleak && "
                       "cat kmemleak && echo clear >kmemleak", timeout=120)
        if res.rc:
            return ["kmemleak does not work: " + res.out]
        return res.out.splitlines()

    def dmesg(self):
        """All kernel messages so far."""
        if not self.dead:
            # whatever was logged before this command has come before its answer
            self.run(":", timeout=20)
        return "\n".join(self._kernel_log)

    def kernel_log(self):
        """The kernel messages received, without asking a guest that may be dead."""
        return list(self._kernel_log)

    def splats(self, after=0):
        bad = [line for line in self._kernel_log[after:] if SPLAT.search(line) and
               not HARMLESS.search(line)]
        if self.expected_splat:
            bad = [line for line in bad if not re.search(self.expected_splat, line)]
        return bad

    def wait_card(self, timeout=20, card="card0"):
        """Waits for the DRM node; returns whether it came."""
        end = time.monotonic() + limit(timeout)
        while time.monotonic() < end:
            if self.run("[ -e /dev/dri/%s ]" % card).rc == 0:
                return True
            time.sleep(0.3)
        return False

    def detach(self, devid=0, timeout=40):
        return self.lab.dom0("xl vdispl-detach %d %s" % (self.domid, devid), timeout)

    def attach(self, spec, timeout=40):
        """SPEC as in xl's configuration: backend=0,connectors=id0:800x600;id1:..."""
        words = " ".join("'%s'" % part for part in spec.split(","))
        return self.lab.dom0("xl vdispl-attach %d %s" % (self.domid, words), timeout)

    def _moved(self, cmd, timeout):
        """A command of dom0's after which the guest is another domain of the same name."""
        lab = self.lab
        with lab._lock:
            console = lab._consoles.pop(self.domid, None)
        try:
            lab.need(cmd, timeout)
        except LabError:
            # it goes on where it was
            with lab._lock:
                lab._consoles[self.domid] = console
            raise
        self.domid = int(lab.need("xl domid %s" % self.name).split()[-1])
        self.console.domid = self.domid
        self.console.closed = False
        self._attach_console()

    def save_restore(self, timeout=240):
        path = "/tmp/%s.save" % self.name
        self._moved("xl save %d %s && xl restore %s; rc=$?; rm -f %s; exit $rc" %
                    (self.domid, path, path, path), timeout)

    def save_cancelled(self, timeout=240):
        """Suspended for a save that is then not completed: it goes on as the same domain."""
        self.lab.need("xl save -c %d /dev/null" % self.domid, timeout)

    def migrate(self, timeout=300):
        """To the same host."""
        # the new domain's own xl keeps the output open for as long as that lives
        self._moved("xl migrate -s '' %d 'xl migrate-receive' >/tmp/migrate.log 2>&1 </dev/null; "
                    "rc=$?; cat /tmp/migrate.log; exit $rc" % self.domid, timeout)

    def poweroff(self, timeout=40, command="poweroff -f", sysrq=None):
        """Its kernel goes down; returns how many seconds that took.

        With SYSRQ it is that key which has it go down, some time after COMMAND.
        """
        self.run("(sleep 1; %s) >/dev/null 2>&1 &" % command)
        begin = time.monotonic() + 1
        if sysrq:
            time.sleep(limit(4))
            begin = time.monotonic()
            self.lab.dom0("xl sysrq %d %s" % (self.domid, sysrq))
        # not until it is gone: the toolstack waits ten seconds for a backend that is dead
        while True:
            res = self.lab.dom0("xl list %d" % self.domid)
            now = time.monotonic()
            if res.rc or set("sd") & set(res.out.splitlines()[-1].split()[-2]):
                self._die("it went down")
                return now - begin
            if now > begin + limit(timeout):
                raise LabError("guest %s does not go down:\n%s" % (self.name, res.out))
            time.sleep(0.1)

    def kexec(self, timeout=120):
        """Its kernel boots the same one again, without the toolstack's creating another domain."""
        kernel = "cat /proc/sys/kernel/random/boot_id"
        before = self.run(kernel).out
        # kexec copies to pages that the guest may have given back to Xen, and so lose what it copies
        res = self.run("cd /sys/devices/system/xen_memory/xen_memory0 && "
                       "echo $(($(cat info/current_kb) + $(cat info/low_kb))) >target_kb && "
                       "for i in $(seq %d); do [ $(cat info/low_kb) = 0 ] && exit; sleep 1; done; "
                       "grep . info/*; exit 1" % limit(5), timeout=30)
        if res.rc:
            raise LabError("the guest's memory does not come back from Xen: " + res.out)
        res = self.run("kexec -s -l /kexec/vmlinuz --initrd=/kexec/initrd --reuse-cmdline", timeout=90)
        if res.rc:
            raise LabError("kexec in the guest: " + res.out)
        self.run("(sleep 1; kexec -e) >/dev/null 2>&1 &")
        end = time.monotonic() + limit(timeout)
        while time.monotonic() < end:
            time.sleep(3)
            try:
                res = self.run(kernel, timeout=10)
                if res.rc == 0 and res.out != before:
                    self.load()
                    return
            except LabError:
                pass
        raise LabError("guest %s does not come back from kexec: see %s" % (
            self.name, self.console.log.name))

    def destroy(self):
        if self.domid is None:
            return
        self.lab.dom0("xl destroy %d" % self.domid, timeout=40)
        self._die("destroyed")
        with self.lab._lock:
            self.lab._consoles.pop(self.domid, None)
        self.lab.guests.pop(self.name, None)
        self.domid = None
