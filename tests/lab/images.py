# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the lab boots: Xen, dom0's root and initramfs, guests' kernels and initramfs.

Everything big lives in the cache, each entry keyed by what it is made of and
published by a rename, so an interrupted run never leaves half of one.
"""
import contextlib
import fcntl
import glob
import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CACHE = subprocess.run([os.path.join(TOP, "tests/lib/cache")], stdout=subprocess.PIPE, text=True,
                       check=True).stdout.strip()
APT = os.path.join(TOP, "tests/lib/apt-private")
SUITE = "bookworm"
XEN = "4.17"
# Debian's name of the machine that is emulated; what runs on it is built here, on amd64.
ARCH = "amd64"
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

DOM0_PACKAGES = ["xen-utils-" + XEN, "xenstore-utils", "python3-minimal", "libpng16-16", "kmod",
                 "iproute2", "libxenstore4", "libxenevtchn1", "libxengnttab1"]
# Headers and libraries for programs of another architecture than this machine's, and those
# of a guest's programs that come from Debian.
SYSROOT_PACKAGES = ["libc6-dev", "libxen-dev", "libpng-dev", "libdrm-dev", "dash", "kmod",
                    "busybox-static", "libdrm-tests"]
# A dom0 as people have it, and what the package of the display backend depends on.
DOM0_SYSTEMD_PACKAGES = ["systemd-sysv", "udev", "libvncserver1", "libxkbcommon0", "xkb-data"]
# The device model of HVM guests; on a disk of its own, for few scenarios want it.
DOM0_HVM_PACKAGES = ["qemu-system-xen", "seabios", "ipxe-qemu"]
# In this order they load; each brings its dependencies.
DOM0_MODULES = ["virtio_pci", "virtio_mmio", "virtio_blk", "crc32c_generic", "ext4", "9pnet_virtio", "9p",
                "virtio_console", "virtio_net", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd",
                "xenfs", "xen-blkback"]
# Whatever a DRM driver or its tests may want; those that a kernel lacks are left out.
GUEST_MODULES = ["i2c-core", "drm", "drm_kms_helper", "drm_shmem_helper", "drm_client_lib", "drm_ttm_helper",
                 "vgem", "vkms", "xen-kbdfront", "evdev", "xen-blkfront", "sysimgblt", "syscopyarea",
                 "sysfillrect", "fb_sys_fops", "fb_sys_helpers", "fb_deferred_io", "video"]
# The emulated VGA's driver; its name has changed.
HVM_MODULES = ["bochs", "bochs-drm"]
INTREE = "drm_xen_front"


class LabError(RuntimeError):
    """Something of the lab itself failed; the text says what to do."""


def say(text):
    print("lab: " + text, file=sys.stderr, flush=True)


def command(argv, **kw):
    """Runs a program and returns what it printed; on failure shows all of it."""
    res = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         errors="replace", **kw)
    if res.returncode:
        raise LabError("%s failed (%d):\n%s%s" % (" ".join(argv[:4]), res.returncode,
                                                  res.stdout[-4000:], res.stderr[-4000:]))
    return res.stdout


def apt(*args):
    """What tests/lib/apt-private says, asked for the emulated machine's architecture."""
    return command([APT, *args], env={**os.environ, "XDF_ARCH": ARCH})


def foreign():
    return ARCH != "amd64"


def by_arch(name):
    """NAME, or a name of its own for another architecture than this machine's."""
    return "%s-%s" % (name, ARCH) if foreign() else name


def at_home(specs):
    """The guests of SPECS as this architecture has them: Xen knows one kind of guest on arm64."""
    if not foreign():
        return specs
    # what is of an emulated PC alone is left out
    return [dict(s, kind="pvh", kernel=s["kernel"] if ARCH in s["kernel"] else by_arch(s["kernel"]))
            for s in specs if s["kind"] != "hvm"]


def put(root, files):
    """Files of these names and texts below ROOT."""
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            part = part.encode()
        h.update(len(part).to_bytes(8, "little"))
        h.update(part)
    return h.hexdigest()[:16]


def read(path, mode="rb"):
    with open(path, mode) as f:
        return f.read()


def cpu_seconds(pid):
    """How long a process has had a processor."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        words = f.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def locked(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def need_space(path, mib, what):
    os.makedirs(path, exist_ok=True)
    st = os.statvfs(path)
    free = st.f_bavail * st.f_frsize >> 20
    if free < mib:
        raise LabError("%s needs %d MiB in %s, only %d MiB are free: make room, or set XDF_CACHE "
                       "to a directory on a bigger disk" % (what, mib, path, free))


def cached(name, key, build, mib):
    """The cache entry NAME for this key; build(directory) makes it when there is none."""
    base = os.path.join(CACHE, "lab")
    path = os.path.join(base, "%s-%s" % (name, key))
    if os.path.isdir(path):
        os.utime(path)
        return path
    try:
        os.makedirs(base, exist_ok=True)
    except OSError as err:
        raise LabError("cannot make %s (%s): run as root and make room there, or set XDF_CACHE" % (
            base, err.strerror)) from None
    with locked(path + ".lock"):
        if os.path.isdir(path):
            return path
        need_space(base, mib, name)
        tmp = path + ".tmp"
        remove_tree(tmp)
        os.makedirs(tmp)
        begin = time.monotonic()
        say("building %s ..." % name)
        build(tmp)
        os.rename(tmp, path)
        say("building %s took %.0f s" % (name, time.monotonic() - begin))
    # Older ones of the same name have had their time.
    for entry in os.listdir(base):
        old = os.path.join(base, entry)
        if re.fullmatch(re.escape(name) + r"-[0-9a-f]{16}(\.tmp)?", entry) and old != path and \
                time.time() - os.stat(old).st_mtime > 2 * 86400:
            remove_tree(old)
    return path


def remove_tree(path):
    """Like rm -rf, but never into a file system that is still mounted below."""
    real = os.path.realpath(path)
    with open("/proc/self/mounts", encoding="utf-8") as f:
        mounts = [line.split()[1] for line in f]
    for mount in sorted(mounts, reverse=True):
        if mount.startswith(real + "/"):
            subprocess.run(["umount", mount], check=True)
    shutil.rmtree(path, ignore_errors=True)


class Cpio:
    """A newc archive, made without root and the same every time."""

    def __init__(self):
        self.parts = []
        self.ino = 0
        self.names = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        if name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self._entry(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.ino += 1
        raw = name.encode() + b"\0"
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, name, path):
        self.file(name, read(path), stat.S_IMODE(os.stat(path).st_mode) | 0o444)

    def symlink(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def console(self):
        self._entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
        self._entry("dev/null", stat.S_IFCHR | 0o666, rdev=(1, 3))

    def program(self, name, path, root=""):
        """A program with the libraries of ROOT that it is linked to."""
        self.copy(name, path)
        # not by ldd, which runs the program's own loader
        said = command(["readelf", "-dl", path])
        places = ["%s/lib/%s" % (usr, TRIPLETS[ARCH]) for usr in ("", "/usr")]
        for lib in re.findall(r"interpreter: (/[^]]+)\]|\(NEEDED\).*\[(.+)\]", said):
            names = [lib[0]] if lib[0] else ["%s/%s" % (place, lib[1]) for place in places]
            found = [n for n in names if os.path.exists(root + n)]
            if not found:
                raise LabError("no %s for %s: looked for %s" % (
                    lib[0] or lib[1], path, " ".join(root + n for n in names)))
            if found[0].strip("/") not in self.names:
                self.program(found[0], os.path.realpath(root + found[0]), root)

    def data(self):
        out = list(self.parts)
        name = b"TRAILER!!!\0"
        head = b"070701" + b"".join(b"%08X" % f for f in
                                    (0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name), 0)) + name
        out += [head, b"\0" * (-len(head) % 4)]
        data = b"".join(out)
        return data + b"\0" * (-len(data) % 512)


def write_if_new(path, data):
    """Replaces a file in one step, and only when it would change."""
    if os.path.exists(path) and read(path) == data:
        return path
    tmp = "%s.%d" % (path, os.getpid())
    with open(tmp, "wb") as f:
        f.write(data)
    os.rename(tmp, path)
    return path


def vmlinux(bzimage):
    """The ELF inside a bzImage, or None. Unpacking it here spares the emulated machine."""
    data = read(bzimage)
    if data[0x202:0x206] != b"HdrS"[:4] and data[0x202:0x206] != b"HdrS":
        return None
    setup = data[0x1f1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    payload = data[(setup + 1) * 512 + offset:][:length]
    if payload[:6] == b"\xfd7zXZ\0":
        dec = lzma.LZMADecompressor()
        out = dec.decompress(payload)
    elif payload[:2] == b"\x1f\x8b":
        out = gzip.decompress(payload)
    elif payload[:4] == b"\x28\xb5\x2f\xfd" and shutil.which("zstd"):
        res = subprocess.run(["zstd", "-dcq"], input=payload[:-4], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        out = res.stdout
    else:
        return None
    return out if out[:4] == b"\x7fELF" else None


class Modules:
    """The modules of one unpacked kernel, with their dependencies."""

    def __init__(self, directory, version):
        self.base = os.path.join(directory, "lib/modules", version)
        self.version = version
        self.deps = {}
        self.paths = {}
        for line in read(os.path.join(self.base, "modules.dep"), "r").splitlines():
            path, _, deps = line.partition(":")
            self.deps[path] = deps.split()
            self.paths[self.name(path)] = path
        self.builtin = {self.name(p) for p in
                        read(os.path.join(self.base, "modules.builtin"), "r").split()}

    @staticmethod
    def name(path):
        return re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)).replace("-", "_")

    def closure(self, names):
        """Paths in the order of loading; unknown names are left out."""
        order = []

        def add(path):
            if path in order:
                return
            for dep in reversed(self.deps[path]):
                add(dep)
            order.append(path)

        for name in names:
            path = self.paths.get(name.replace("-", "_"))
            if path:
                add(path)
        return order

    def data(self, path):
        raw = read(os.path.join(self.base, path))
        if path.endswith(".xz"):
            return lzma.decompress(raw)
        if path.endswith(".gz"):
            return gzip.decompress(raw)
        if path.endswith(".zst"):
            return subprocess.run(["zstd", "-dcq"], input=raw, stdout=subprocess.PIPE,
                                  check=True).stdout
        return raw


class Kernel:
    """A kernel under test, for dom0 or a guest."""

    def __init__(self, key):
        self.key = key
        self.dir = command([os.path.join(TOP, "tests/kernels/fetch-image"), key]).split("\n")[-2]
        self.version = read(os.path.join(self.dir, "version"), "r").strip()
        self.modules = Modules(self.dir, self.version)

    def image(self):
        """The file for xl's kernel=, in the cache."""
        source = os.path.join(self.dir, "vmlinuz")

        def build(tmp):
            elf = vmlinux(source)
            with open(os.path.join(tmp, "vmlinux"), "wb") as f:
                f.write(elf if elf else read(source))

        return os.path.join(cached("vmlinux-" + self.key,
                                   digest("1", self.version, self.dir, str(os.stat(source).st_mtime_ns)), build, 200), "vmlinux")


def xen():
    """The hypervisor, unpacked from its package."""
    deb = apt("fetch", SUITE, "xen-hypervisor-%s-%s" % (XEN, ARCH)).split()[-1]

    def build(tmp):
        command(["dpkg-deb", "-x", deb, os.path.join(tmp, "root")])
        path = os.path.join(tmp, "root/boot/xen-%s-%s" % (XEN, ARCH))
        data = read(path) if os.path.exists(path) else gzip.decompress(read(path + ".gz"))
        with open(os.path.join(tmp, "xen"), "wb") as f:
            f.write(data)
        shutil.rmtree(os.path.join(tmp, "root"))

    return os.path.join(cached(by_arch("xen"), digest("1", os.path.basename(deb)), build, 50), "xen")


def mmdebstrap(target, packages, extra=(), suite=SUITE):
    """A root, configured; one of another architecture is unpacked alone, for nothing of it runs here."""
    variant = ["--variant=extract", "--architectures=" + ARCH, "--skip=check/qemu"] if foreign() else \
        ["--variant=minbase"]
    command(["mmdebstrap", "--mode=root", *variant, "--quiet",
             "--include=" + ",".join(packages),
             # a suite in the making may not have been signed again for a while
             '--aptopt=Acquire::Check-Valid-Until "false"',
             "--dpkgopt=path-exclude=/usr/share/doc/*",
             "--dpkgopt=path-exclude=/usr/share/man/*",
             "--dpkgopt=path-exclude=/usr/share/locale/*",
             *extra, suite, target, "-"],
            input=sources(suite), env={**os.environ, "LC_ALL": "C"})


def sources(suite=SUITE):
    """sources.list of a suite, without source packages."""
    return "\n".join(line for line in apt("sources", suite).splitlines()
                     if not line.startswith("deb-src")) + "\n"


def ext4(directory, image, mib):
    # no journal: the image is thrown away or made again, never repaired
    command(["/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E",
             "lazy_itable_init=1,root_owner=0:0", "-d", directory, image, "%dM" % mib])


def dom0_disk(hvm=False):
    version = apt("version", SUITE, "xen-utils-" + XEN).strip()
    packages = DOM0_PACKAGES + (DOM0_HVM_PACKAGES if hvm else [])
    # what is not configured is not seen to be complete either
    extra = ["--include=?essential", "--include=mount"] if foreign() else []

    def build(tmp):
        root = os.path.join(tmp, "root")
        mmdebstrap(root, packages, extra)
        if foreign():
            # as base-files' script would have it
            os.rmdir(os.path.join(root, "var/run"))
            os.symlink("../run", os.path.join(root, "var/run"))
        ext4(root, os.path.join(tmp, "dom0.ext4"), 1024 if hvm else 768)
        remove_tree(root)

    return os.path.join(cached(by_arch("dom0-hvm" if hvm else "dom0"),
                               digest("1", SUITE, *packages, version), build, 1500 if hvm else 1200), "dom0.ext4")


def dom0_root():
    """The root of a dom0 with systemd, and with the lab's agent as a service."""
    version = apt("version", SUITE, "xen-utils-" + XEN).strip()
    packages = DOM0_PACKAGES + DOM0_SYSTEMD_PACKAGES
    agent = read(os.path.join(HERE, "dom0-agent.service"), "r")

    def build(tmp):
        root = os.path.join(tmp, "root")
        mmdebstrap(root, packages)
        # packages are complete from here on: an example of one is wanted
        for path in glob.glob(os.path.join(root, "var/cache/apt/*.bin")) + [
                os.path.join(root, "etc/dpkg/dpkg.cfg.d/99mmdebstrap")]:
            os.unlink(path)
        put(root, {"etc/hostname": "dom0\n", "etc/hosts": "127.0.0.1 localhost dom0\n", "etc/fstab": "",
                   # else it would be the first boot, where all services are enabled
                   "etc/machine-id": digest(agent) * 2 + "\n",
                   "etc/systemd/system/lab-agent.service": agent})

    return os.path.join(cached("dom0-systemd", digest("2", SUITE, *packages, version, agent), build, 800), "root")


def sysroot():
    """Where the emulated machine's programs and libraries are; "" for this machine's own."""
    if not foreign():
        return ""
    versions = [apt("version", SUITE, package).strip() for package in SYSROOT_PACKAGES]

    def build(tmp):
        mmdebstrap(os.path.join(tmp, "root"), SYSROOT_PACKAGES)

    return os.path.join(cached(by_arch("sysroot"), digest("1", SUITE, *SYSROOT_PACKAGES, *versions),
                               build, 200), "root")


def compiler():
    """The words of the compiler for the emulated machine's programs."""
    if not foreign():
        return ["gcc"]
    return [TRIPLETS[ARCH] + "-gcc", "--sysroot=" + sysroot()]


def build_part(part, builddir):
    """Builds tests/PART for the emulated machine; returns the directory of what comes out."""
    out = os.path.join(builddir, by_arch(part))
    os.makedirs(out, exist_ok=True)
    with locked(os.path.join(out, "lock")):
        command(["make", "-s", "-C", os.path.join(TOP, "tests", part), "O=" + out,
                 *(["CC=" + " ".join(compiler())] if foreign() else [])])
    return out


# of dom0's own C library
LIBC = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util))\.so\b")


def display_tree(builddir, target):
    """The display backend and its command with all they need, for dom0."""
    out = os.path.join(builddir, "xen-display")
    os.makedirs(os.path.join(target, "lib"), exist_ok=True)
    with locked(out + ".lock"):
        command(["make", "-s", "-C", os.path.join(TOP, "src/backend"), "O=" + out])
        for name in ("xen-display-backend", "xen-display"):
            path = os.path.join(out, name)
            if not os.path.exists(path):
                continue
            shutil.copy(path, os.path.join(target, name))
            for lib in re.findall(r"=> (/\S+)", command(["ldd", path])):
                base = os.path.basename(lib)
                if not LIBC.match(base) and not os.path.exists(os.path.join(target, "lib", base)):
                    shutil.copy(lib, os.path.join(target, "lib", base))
    if not os.path.exists(os.path.join(target, "xkb")):
        shutil.copytree("/usr/share/X11/xkb", os.path.join(target, "xkb"), symlinks=True)


def display_part(builddir, kernel):
    """The same as a part of the initramfs of a guest that is a driver domain, with the modules for that."""
    target = os.path.join(builddir, "display-part")
    display_tree(builddir, target)
    cpio = Cpio()
    for name in ("xen-display-backend", "xen-display"):
        cpio.program("display/" + name, os.path.join(target, name))
    for directory, _, files in sorted(os.walk(os.path.join(target, "xkb"))):
        for name in sorted(files):
            path = os.path.join(directory, name)
            cpio.copy(os.path.join("display", os.path.relpath(path, target)), path)
    for n, path in enumerate(kernel.modules.closure(["xen-evtchn", "xen-gntdev", "xen-gntalloc"])):
        cpio.file("display/modules/%02d.ko" % n, kernel.modules.data(path))
    return cpio.data()


def busybox():
    for path in (sysroot() + "/bin/busybox", sysroot() + "/usr/bin/busybox"):
        if os.path.exists(path) and "INTERP" not in command(["readelf", "-lW", path]):
            return path
    raise LabError("no static busybox: apt-get install busybox-static")


def dom0_initramfs(kernel, path):
    cpio = Cpio()
    cpio.console()
    cpio.copy("bin/busybox", busybox())
    order = []
    for module in kernel.modules.closure(DOM0_MODULES):
        name = kernel.modules.name(module) + ".ko"
        cpio.file("modules/" + name, kernel.modules.data(module))
        order.append(name)
    cpio.file("modules/order", ("\n".join(order) + "\n").encode())
    cpio.file("init", read(os.path.join(HERE, "dom0-initramfs.sh")), 0o755)
    return write_if_new(path, gzip.compress(cpio.data(), 1, mtime=0))


# Where HVM guests have their kernel and initramfs: above what the firmware uses.
HVM_KERNEL = 0x1000000
HVM_INITRD = 0x8000000


def split_bzimage(path, initrd_size):
    """A kernel whose code only goes where the real one is put, and that.

    The firmware gets what kernel= and ramdisk= name byte by byte through an
    emulated port, which takes an emulated machine minutes. So it gets the real
    mode part and a stub that knows the places.
    """
    data = read(path)
    if data[0x202:0x206] != b"HdrS":
        raise LabError("%s is no bzImage" % path)
    end = ((data[0x1f1] or 4) + 1) * 512
    here, = struct.unpack_from("<I", data, 0x214)
    # movl $..., ramdisk_image(%esi); movl $..., ramdisk_size(%esi); jmp
    stub = struct.pack("<HIIHII", 0x86c7, 0x218, HVM_INITRD, 0x86c7, 0x21c, initrd_size)
    stub += struct.pack("<Bi", 0xe9, HVM_KERNEL - (here + len(stub) + 5))
    return data[:end] + stub.ljust(512, b"\0"), data[end:]


def compile_agent(builddir):
    out = os.path.join(builddir, by_arch("guest-agent"))
    src = os.path.join(HERE, "guest-agent.c")
    if not os.path.exists(out) or os.stat(out).st_mtime < os.stat(src).st_mtime:
        command([*compiler(), "-O2", "-static", "-Wall", "-Wextra", "-o", out + ".new", src])
        os.rename(out + ".new", out)
    return out


def xl_time(builddir):
    """xl-time.c, for dom0."""
    out = os.path.join(builddir, by_arch("xl-time") + ".so")
    src = os.path.join(HERE, "xl-time.c")
    with locked(out + ".lock"):
        if not os.path.exists(out) or os.stat(out).st_mtime < os.stat(src).st_mtime:
            command([*compiler(), "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-o", out + ".new", src])
            os.rename(out + ".new", out)
    return out


def guest_base(builddir, programs):
    """The part of a guest's initramfs that does not depend on the kernel."""
    cpio = Cpio()
    cpio.console()
    root = sysroot()
    for d in ("bin", "sbin", "usr/bin", "usr/sbin", "lib64", "etc", "var", "root"):
        cpio.directory(d)
    cpio.copy("bin/busybox", busybox())
    # not busybox's shell: that one takes its own applets before the real kmod
    cpio.program("bin/sh", os.path.realpath(root + "/bin/dash"), root)
    cpio.program("bin/kmod", root + "/bin/kmod", root)
    for tool in ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod"):
        cpio.symlink("sbin/" + tool, "../bin/kmod")
    modetest = root + "/usr/bin/modetest"
    if os.path.exists(modetest):
        cpio.program("usr/bin/modetest", modetest, root)
    cpio.copy("bin/guest-agent", compile_agent(builddir))
    cpio.file("bin/coldplug", read(os.path.join(HERE, "guest-coldplug.sh")), 0o755)
    cpio.file("init", read(os.path.join(HERE, "guest-init.sh")), 0o755)
    cpio.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    cpio.file("etc/group", b"root:x:0:\n")
    for path in programs:
        cpio.program("usr/bin/" + os.path.basename(path), path, root)
    return cpio.data()


def kexec(kernel, initrd):
    """The part with which a guest boots that kernel and initramfs by itself."""
    deb = command([APT, "fetch", SUITE, "kexec-tools"]).split()[-1]

    def build(tmp):
        command(["dpkg-deb", "-x", deb, tmp])

    tools = cached("kexec", digest("1", os.path.basename(deb)), build, 5)
    cpio = Cpio()
    cpio.program("sbin/kexec", os.path.join(tools, "sbin/kexec"))
    cpio.copy("kexec/vmlinuz", os.path.join(kernel.dir, "vmlinuz"))
    cpio.file("kexec/initrd", initrd)
    return cpio.data()


def guest_modules(kernel, which, ours=None, more=()):
    """The part with /lib/modules. WHICH: ours, intree, both or none."""
    names = GUEST_MODULES + list(more)
    if which in ("intree", "both"):
        names.append(INTREE)
    if ours:
        names += command(["/sbin/modinfo", "-F", "depends", ours]).strip().split(",")
    tmp = os.path.join(CACHE, "lab", "stage.%d.%x" % (os.getpid(), time.monotonic_ns()))
    base = os.path.join(tmp, "lib/modules", kernel.version)
    cpio = Cpio()
    try:
        os.makedirs(base)
        for path in kernel.modules.closure(names):
            out = os.path.join(base, re.sub(r"\.ko\.\w+$", ".ko", path))
            os.makedirs(os.path.dirname(out), exist_ok=True)
            with open(out, "wb") as f:
                f.write(kernel.modules.data(path))
        if ours:
            os.makedirs(os.path.join(base, "updates"))
            shutil.copy(ours, os.path.join(base, "updates/xen_drm_front.ko"))
        for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            source = os.path.join(kernel.modules.base, name)
            if os.path.exists(source):
                text = read(source)
                if name == "modules.order":
                    text = re.sub(rb"\.ko\.\w+\n", b".ko\n", text)
                with open(os.path.join(base, name), "wb") as f:
                    f.write(text)
        command(["/sbin/depmod", "-b", tmp, kernel.version])
        for directory, _, files in sorted(os.walk(tmp)):
            for name in sorted(files):
                path = os.path.join(directory, name)
                cpio.copy(os.path.relpath(path, tmp), path)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    if which in ("ours", "both"):
        for path in sorted(glob.glob(os.path.join(TOP, "src/data/modprobe.d/*.conf"))):
            cpio.copy("usr/lib/modprobe.d/" + os.path.basename(path), path)
    return cpio.data()


def build_other_module(name, kernel_key, builddir):
    """The one module of tests/lab/NAME for one kernel; returns the path of the .ko. NAME may be another path."""
    work = os.path.join(builddir, "modules", kernel_key + "-" + os.path.basename(name))
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, name), work)
    kdir, *flags = command(["bash", "-c", '. "$1"; "$here/fetch-headers" "$2"; make_flags "$2"', "bash",
                            os.path.join(TOP, "tests/kernels/kernels.sh"), kernel_key]).split()
    command(["make", "-C", kdir, "M=" + work, *flags, "modules"])
    ko = glob.glob(os.path.join(work, "*.ko"))[0]
    command(["strip", "--strip-debug", ko])
    return ko


def build_module(kernel_key, builddir):
    """Our module for one kernel; returns the path of the .ko."""
    kdir = command([os.path.join(TOP, "tests/kernels/fetch-headers"), kernel_key]).strip()
    tree = os.path.join(builddir, "modules", kernel_key)
    with locked(tree + ".lock"):
        os.makedirs(tree, exist_ok=True)
        keep = set()
        for part in ("Kbuild", "src", "include"):
            source = os.path.join(TOP, part)
            files = [source] if os.path.isfile(source) else \
                [os.path.join(d, f) for d, _, fs in os.walk(source) for f in fs]
            for path in files:
                rel = os.path.relpath(path, TOP)
                if not (rel == "Kbuild" or re.search(r"\.(c|h|sh|awk)$|Makefile|Kbuild|^[^.]+$",
                                                     os.path.basename(rel))):
                    continue
                if rel.endswith(".mod.c"):
                    continue
                keep.add(rel)
                out = os.path.join(tree, rel)
                os.makedirs(os.path.dirname(out), exist_ok=True)
                if not os.path.exists(out) or read(out) != read(path):
                    shutil.copy(path, out)
        # a file that has gone from the tree must not stay in the copy
        for directory, _, files in os.walk(tree):
            for name in files:
                path = os.path.join(directory, name)
                rel = os.path.relpath(path, tree)
                if rel.split("/")[0] in ("src", "include") and name.endswith((".c", ".h")) and \
                        rel not in keep and not name.endswith(".mod.c") and \
                        os.path.exists(os.path.join(TOP, os.path.dirname(rel))) and \
                        "generated" not in rel:
                    os.unlink(path)
        flags = command(["bash", "-c", '. "$1" && make_flags "$2"', "bash",
                         os.path.join(TOP, "tests/kernels/kernels.sh"), kernel_key]).split()
        command(["make", "-C", kdir, "M=" + tree, *flags, "-j%d" % (os.cpu_count() or 1), "modules"])
    for rel in ("xen_drm_front.ko", "src/xen_drm_front.ko"):
        path = os.path.join(tree, rel)
        if os.path.exists(path):
            return path
    raise LabError("building for %s made no xen_drm_front.ko in %s" % (kernel_key, tree))
