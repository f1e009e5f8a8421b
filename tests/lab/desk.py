# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A stock Debian guest with the package, its screen and its keyboard: what demo and clients share."""
import array
import base64
import errno
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib

import images
from images import LabError
from speed import limit
from xdflab import Lab

HERE = images.HERE
BUILD = os.path.join(images.TOP, "build")
PACKAGES = ["systemd-sysv", "udev", "dbus", "libpam-systemd", "login", "kmod", "procps",
            "linux-image-amd64", "linux-headers-amd64", "initramfs-tools", "zstd", "dkms", "weston",
            "seatd", "libdrm-tests", "fonts-dejavu-core", "e2fsprogs"]
USER = "guest"
BEGIN = time.monotonic()


def step(text):
    print("[%4.0f s] %s" % (time.monotonic() - BEGIN, text), flush=True)


def need(cond, text):
    if not cond:
        raise LabError(text)


def newest_deb(pattern=None, name="xen-drm-front-dkms"):
    debs = sorted(glob.glob(pattern or os.path.join(BUILD, "deb/%s_*.deb" % name)), key=os.path.getmtime)
    need(debs, "no package %s in build/deb: run make deb and make deb-backend first" % name)
    return debs[-1]


def base_root(name="guest", more=(), mib=2500, packages=None, device="/dev/xvda", modules=("xen-blkfront", "ext4"),
              files=None):
    """Debian with kernel, DKMS and weston or other packages, but nothing of ours; kept in the cache.

    MODULES are in its initramfs. FILES are there before any package is.
    """
    version = images.command([images.APT, "version", images.SUITE, "linux-image-amd64"]).strip()
    date = images.command([images.APT, "version", images.SUITE, "weston"]).strip()
    packages = (packages or PACKAGES) + list(more)
    files = files or {}

    def build(tmp):
        root = os.path.join(tmp, "root")
        # An initramfs with what this guest needs: the emulated machine unpacks it slowly.
        hook = os.path.join(tmp, "hook")
        with open(hook, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n[ \"$1\" = prereqs ] && exit 0\n"
                    ". /usr/share/initramfs-tools/hook-functions\n"
                    "manual_add_modules %s\n" % " ".join(modules))
        early = os.path.join(tmp, "early")
        os.makedirs(early)
        images.put(early, files)
        images.mmdebstrap(root, packages, [
            "--essential-hook=mkdir -p $1/etc/initramfs-tools/conf.d $1/etc/initramfs-tools/hooks",
            "--essential-hook=echo MODULES=list >$1/etc/initramfs-tools/conf.d/xen",
            "--essential-hook=install -m 755 %s $1/etc/initramfs-tools/hooks/xen" % hook,
            "--essential-hook=cp -r %s/. $1" % early])
        os.unlink(hook)
        shutil.rmtree(early)
        # The size of the cache matters more than these.
        for path in glob.glob(os.path.join(root, "var/cache/apt/*.bin")):
            os.unlink(path)
        images.command(["chroot", root, "sh", "-c",
                        "useradd -m -s /bin/bash -G video,input %s && "
                        "printf '%s:%s\\nroot:%s\\n' | chpasswd" % (USER, USER, USER, USER)])
        images.put(root, {
            "etc/hostname": "debian\n",
            "etc/hosts": "127.0.0.1 localhost debian\n",
            "etc/fstab": device + " / ext4 defaults,noatime 0 0\n",
            # the desktop has no GPU to draw with
            "etc/xdg/weston/weston.ini":
                "[core]\nuse-pixman=true\nidle-time=0\nrequire-input=false\n"
                "[shell]\nbackground-color=0xff204a87\nlocking=false\n"
                "[terminal]\nfont-size=14\n"})

    key = images.digest("5", images.SUITE, *packages, version, date, USER, device, *modules,
                        *[word for item in sorted(files.items()) for word in item])
    return os.path.join(images.cached(name, key, build, mib), "root")


def guest_image(root, out, deb, name="guest"):
    """The disk of a guest, or of dom0: base plus our package; in a guest its DKMS builds that."""
    os.makedirs(out, exist_ok=True)
    images.need_space(out, 2500, "the disk of " + name)
    image = os.path.join(out, name + ".ext4")
    log = os.path.join(BUILD, "logs/%s-root.log" % name)
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "wb") as f:
        res = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child",
                              os.path.join(HERE, "guest-root.sh"), root, os.path.join(out, "work"),
                              image, *([deb] if deb else [])], stdout=f, stderr=f, check=False)
    text = images.read(log, "r")
    shutil.rmtree(os.path.join(out, "work"), ignore_errors=True)
    need(res.returncode == 0, "installing the package into %s failed, see %s:\n%s" % (name, log, text[-3000:]))
    if deb:
        print("\n".join("         " + ln for ln in text.splitlines() if re.search(
            r"Setting up xen-d|Building|Done|xen_drm_front|depmod|DKMS|dkms", ln)))
    return image


class Shell:
    """A login on the guest's console, used as a person would."""

    def __init__(self, console, user):
        self.console = console
        self.count = 0
        at = len(console.text)
        console.type("\n")
        at = console.expect(r"login: $", 60, at)
        console.type(user + "\n")
        at = console.expect(r"Password: ?", 60, at)
        console.type(USER + "\n")
        at = console.expect(r"[$#] $", 120, at)
        console.type("stty -echo; PS1=; PS2=; unset PROMPT_COMMAND; bind 'set enable-bracketed-paste off'\n")
        self.run("true")

    def run(self, cmd, timeout=60, check=True):
        self.count += 1
        at = len(self.console.text)
        self.console.type("%s\necho @@$?-%d@@\n" % (cmd, self.count))
        end = self.console.expect(r"@@\d+-%d@@" % self.count, timeout, at)
        text = self.console.text[at:end]
        rc = int(re.search(r"@@(\d+)-%d@@$" % self.count, text).group(1))
        text = text[:text.rindex("@@%d-" % rc)].replace("\r", "")
        need(rc == 0 or not check, "in the guest, '%s' failed (%d): %s" % (cmd, rc, text[-1500:]))
        return text.strip("\n")

    def until(self, cmd, seconds=60, otherwise="false"):
        """Waits in the guest until CMD succeeds; OTHERWISE says more when it does not."""
        self.run("for i in $(seq %d); do %s && break; sleep 0.5; done; %s || { %s; false; }" %
                 (limit(seconds), cmd, cmd, otherwise), seconds * 3 // 2)

    def put(self, path, text):
        """A file of the user's; encoded, for the shell completes at a tab."""
        code = base64.encodebytes(text.encode()).decode()
        self.run("runuser -u %s -- mkdir -p '%s'; base64 -d >'%s' <<END\n%sEND\nchown %s: '%s'" %
                 (USER, os.path.dirname(path), path, code, USER, path))


def colours(data):
    """How many pixels there are of which value."""
    count = {}
    # every 7th pixel is enough to tell a picture from a blank screen
    for i in range(0, len(data) - 3, 28):
        v = data[i:i + 3]
        count[v] = count.get(v, 0) + 1
    return count


def settled(be, domid, outputs, what, wanted, timeout=120):
    """Waits until the outputs together show something of the kind wanted, and no longer change."""
    end = time.monotonic() + limit(timeout)
    last = None
    while True:
        try:
            crc = 0
            total = {}
            for output in outputs:
                data = be.raw(domid, 0, output)[3]
                crc = zlib.crc32(data, crc)
                for value, n in colours(data).items():
                    total[value] = total.get(value, 0) + n
            if wanted(total) and crc == last:
                return
            last = crc
        except LabError:
            last = None
        need(time.monotonic() < end, "the screen never showed %s; see build/logs and build/lab/logs" %
             what)
        time.sleep(1)


def bars(count):
    """modetest's pattern has these among its colours (blue, green, red)."""
    total = sum(count.values())
    want = [bytes((192, 192, 192)), bytes((0, 192, 192)), bytes((192, 192, 0)),
            bytes((0, 192, 0)), bytes((192, 0, 192)), bytes((0, 0, 192)), bytes((192, 0, 0))]
    return all(count.get(w, 0) > total / 50 for w in want)


def text_console(count):
    total = sum(count.values())
    black = count.get(bytes(3), 0)
    return total * 0.8 < black < total and any(v != bytes(3) for v in count)


class Picture:
    """A output's pixels, as numbers 0xrrggbb."""

    def __init__(self, width, height, fourcc, data):
        self.width, self.height = width, height
        need(fourcc in ("XR24", "AR24"), "the picture's format is %s" % fourcc)
        self.crc = zlib.crc32(data)
        data = bytearray(data)
        data[3::4] = bytes(len(data) // 4)
        pixels = array.array("I", bytes(data))
        self.rows = [pixels[y * self.width:(y + 1) * self.width] for y in range(self.height)]
        self.size = "%dx%d" % (self.width, self.height)

    def box(self, value):
        """The smallest rectangle (left, top, right, bottom) with all pixels of this value."""
        found = [(y, row.index(value), self.width - row[::-1].index(value))
                 for y, row in enumerate(self.rows) if value in row]
        if not found:
            return None
        return (min(f[1] for f in found), found[0][0], max(f[2] for f in found), found[-1][0] + 1)

    def part(self, box):
        left, top, right, bottom = box
        return [row[left:right] for row in self.rows[top:bottom]]

    def only(self, value, box=(0, 0, 0, 0)):
        """Whether there is nothing but this value outside the rectangle."""
        left, top, right, bottom = box
        full = array.array("I", [value]) * self.width
        return all(row == full if not top <= y < bottom else
                   row[:left] == full[:left] and row[right:] == full[right:]
                   for y, row in enumerate(self.rows))

    def count(self, value):
        return sum(row.count(value) for row in self.rows)

    def differs(self, other):
        """The rectangle in which two pictures of one size differ."""
        rows = [(y, a, b) for y, (a, b) in enumerate(zip(self.rows, other.rows)) if a != b]
        if not rows:
            return None
        places = [x for _, a, b in rows for x in range(self.width) if a[x] != b[x]]
        return min(places), rows[0][0], max(places) + 1, rows[-1][0] + 1

    def like(self, other, cursor):
        """The same but for one cell of text, where a cursor is."""
        if self.size != other.size:
            return False
        box = self.differs(other)
        return not box or box[2] - box[0] <= cursor[0] and box[3] - box[1] <= cursor[1]


class Desk:
    """The guest while it runs: with Desk(...) as desk."""

    def __init__(self, sizes, pictures, intree=False):
        self.sizes = sizes
        self.outputs = len(sizes)
        self.intree = intree
        self.out = pictures
        self.pictures = []
        self.lab = self.be = self.g = self.root = None

    def __enter__(self):
        # pictures of an earlier run would be taken for this one's
        os.makedirs(self.out, exist_ok=True)
        for path in glob.glob(os.path.join(self.out, "*.png")):
            os.unlink(path)
        return self

    def __exit__(self, *exc):
        if self.lab:
            self.lab.close()

    VKB = "backend-type=linux"
    WHOSE = "the backend got them"

    def start_backend(self):
        """What shows the guest's screen and types on its keyboard."""
        self.be = self.lab.backend(args=[])
        self.lab.keyboard()
        step("the reference backend runs in dom0; xl create ...")

    def boot(self, image, cmdline="root=/dev/xvda ro console=hvc0", dom0=None):
        """Xen, the backend and the guest, which begins to boot; DOM0 is the disk of one with systemd."""
        # the guest's own kernel and initramfs, as its bootloader would take them
        boot = image + ".boot"
        kernel = sorted(glob.glob(os.path.join(boot, "vmlinuz-*")))[-1]
        initrd = sorted(glob.glob(os.path.join(boot, "initrd.img-*")))[-1]
        step("starting Xen ...")
        self.lab = lab = Lab(dom0=dom0)
        lab.disks = [image]
        lab.start()
        # unpacked here, which spares the emulated machine the work
        images.write_if_new(os.path.join(lab.dir, "guests/vmlinuz"),
                            images.vmlinux(kernel) or images.read(kernel))
        shutil.copy(initrd, os.path.join(lab.dir, "guests/initrd"))
        self.start_backend()
        vdispl = "backend=0,connectors=" + ";".join(
            "id%d:%s" % (i, size) for i, size in enumerate(self.sizes))
        self.g = g = lab.guest_disk(
            "debian", "/dev/vdb", "/share/guests/vmlinuz", "/share/guests/initrd", vdispl=vdispl,
            vkb=self.VKB, memory=1024, cmdline=cmdline + " quiet mitigations=off "
            # the host may be busy with other things
            "systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900")
        print("         " + "\n         ".join(images.read(
            os.path.join(lab.dir, "guests/debian.cfg"), "r").splitlines()), flush=True)

    def login(self):
        self.g.console.expect(r"login: $", 300)
        step("the guest is up; logging in on its serial console")
        self.root = Shell(self.g.console, "root")
        self.root.run("dmesg -n 1")

    def driver(self):
        """Which driver took the card, although two could have?"""
        root = self.root
        for cmd in ("uname -r; cat /etc/debian_version | sed 's/^/Debian /'",
                    "cat /sys/bus/xen/devices/vdispl-0/modalias",
                    "find /lib/modules/$(uname -r) -name '*xen*front*.ko*' | grep -i drm",
                    "lsmod | grep -E 'drm_xen_front|xen_drm_front'",
                    "basename $(readlink /sys/bus/xen/devices/vdispl-0/driver)",
                    "cat /sys/class/drm/card0-*/modes | head -n %d" % self.outputs):
            print("         # %s\n%s" % (cmd, "\n".join(
                "           " + ln for ln in root.run(cmd, check=False).splitlines())), flush=True)
        loaded = root.run("lsmod", 60)
        if not self.intree:
            need(re.search(r"^xen_drm_front ", loaded, re.M), "the guest did not load xen_drm_front")
            need(root.run("basename $(readlink /sys/bus/xen/devices/vdispl-0/driver)") ==
                 "xen_drm_front", "another driver holds the card")
            # else this would prove nothing
            root.run("find /lib/modules/$(uname -r)/kernel -name drm_xen_front.ko | grep -q .")

    def vcs(self, tty, text, seconds=60):
        """Waits until a text console shows TEXT (a basic regular expression)."""
        self.root.until("grep -q '%s' /dev/vcs%d" % (text, tty), seconds,
                        "tr -d '\\0' </dev/vcs%d | fold -w 80 | grep -v '^ *$' | tail -n 8" % tty)

    def type(self, text):
        """On the guest's keyboard."""
        self.lab.type_keys(self.g.domid, text)

    def press(self, *codes):
        """Keys together, by their numbers in linux/input-event-codes.h."""
        self.lab.need("echo 'key %d %s' >/run/keyboard" % (
            self.g.domid, " ".join(str(c) for c in codes)))

    def log_in_on_screen(self, tty):
        for line, answer in ((USER, "Password"), (USER, "[$]")):
            self.type(line + "\n")
            self.vcs(tty, answer)

    def modetest(self):
        """Its pattern in the background, one over all outputs, side by side."""
        root = self.root
        conns = root.run("modetest -M xendrm-du -c | awk '$3 == \"connected\" { print $1 }'").split()
        need(len(conns) == self.outputs, "modetest sees %d connectors, not %d" %
             (len(conns), self.outputs))
        modes = " ".join("-s %s:%s" % (c, self.sizes[i]) for i, c in enumerate(conns))
        root.run("sleep 1000 | modetest -M xendrm-du %s >/tmp/modetest.log 2>&1 &" % modes)
        settled(self.be, self.g.domid, range(self.outputs), "modetest's pattern", bars)

    def end_modetest(self):
        self.root.run("pkill -x modetest; pkill -x sleep; true")

    def weston_terminal(self, tty=1, seconds=100):
        """A terminal on the desktop of the user who has started weston."""
        root = self.root
        runtime = "/run/user/$(id -u %s)" % USER
        root.until("[ -S %s/wayland-1 ]" % runtime, seconds, "tr -d '\\0' </dev/vcs%d | fold -w 80" % tty)
        root.run("cd /home/%s; runuser -u %s -- env XDG_RUNTIME_DIR=%s WAYLAND_DISPLAY=wayland-1 "
                 "weston-terminal >/tmp/terminal.log 2>&1 &" % (USER, USER, runtime))

    def picture(self, name, outputs=None, quiet=False):
        """The outputs as the backend has them, as PNG files."""
        for output in range(self.outputs) if outputs is None else outputs:
            label = name if self.outputs == 1 else "%s-output%d" % (name, output)
            path = self.be.picture(self.g.domid, 0, output, label)
            target = os.path.join(self.out, label + ".png")
            shutil.copy(path, target)
            self.pictures.append(target)
        if not quiet:
            step("picture: " + name)

    def list_pictures(self):
        text = "Pictures of the guest's screen, as %s:\n" % self.WHOSE + "".join(
            "  %s\n" % os.path.relpath(p, os.getcwd()) for p in self.pictures)
        with open(os.path.join(self.out, "list"), "w", encoding="utf-8") as f:
            f.write(text)
        print(text, end="", flush=True)

    @staticmethod
    def wait():
        step("the lab stays up until Ctrl-C; try tests/lab/sh dom0 'xl list'")
        while True:
            time.sleep(1)


def interrupted(*_):
    raise KeyboardInterrupt


def run(name, main):
    """Ends the program with main()'s status; threads that wait for what is gone must not keep us."""
    # also when started in the background, where a shell ignores it
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, interrupted)
    try:
        status = main()
    except LabError as err:
        print("%s: %s" % (name, err), flush=True)
        status = 1
    except OSError as err:
        if err.errno != errno.ENOSPC:
            raise
        print("%s: %s: make room" % (name, err), flush=True)
        status = 1
    except KeyboardInterrupt:
        print("%s: interrupted" % name, flush=True)
        status = 130
    sys.stdout.flush()
    os._exit(status or 0)
