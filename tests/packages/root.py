# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Roots of Debian suites to install packages in, thrown away after use.

The base of each suite is made once and kept in the cache. A root is an overlay
on it, mounted in the mount name space of this process, so that nothing stays
mounted when it ends. apt runs in there as a user's would, but never fetches
anything itself: it reads package lists and packages from the cache, into which
tests/lib/apt-private fetches what is missing.
"""
import contextlib
import fcntl
import hashlib
import os
import re
import resource
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
APT = os.path.join(TOP, "tests/lib/apt-private")

# Changes whenever making a base changes, so that old ones are not used.
RECIPE = "1"
# Older bases would make apt replace half of their packages at each use.
MAX_AGE = 30 * 86400
BASE_PACKAGES = ["kmod"]

MERGE_USR = ('cd "$1" && mkdir usr && for d in bin sbin lib lib64; do '
             'mkdir usr/$d && ln -s usr/$d $d; done')

APT_CONF = """\
APT::Install-Suggests "false";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Dpkg::Use-Pty "false";
DPkg::Path "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
DPkg::Options { "--force-unsafe-io"; };
"""

ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "TERM": "dumb",
}


class RootError(RuntimeError):
    """Something of the roots themselves failed; the text says what."""


class Results:
    """Counts and prints what was found."""

    def __init__(self):
        self.passed = self.failed = 0
        self.suite = ""

    def check(self, good, text, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            for line in str(detail).rstrip().splitlines()[-25:]:
                print("     | " + line)
        print("%-4s %s%s" % ("ok" if good else "FAIL", self.suite and self.suite + ": ", text),
              flush=True)
        return good

    @staticmethod
    def say(text):
        print("     " + text, flush=True)


class Clock:
    """Seconds of what is done in its `with`: by the wall, and by the processors."""

    def __enter__(self):
        self.begin = time.monotonic()
        self.before = self.used()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self.begin
        self.work = self.used() - self.before

    @staticmethod
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def __str__(self):
        return "%.1f s (processors %.1f s)" % (self.wall, self.work)


def run_program(name, results, main):
    """main()'s status; what goes wrong outside of a scenario is said, and counted."""
    try:
        return main()
    except (RootError, OSError) as err:
        print("FAIL %s: %s" % (name, err))
        print("%d passed, %d failed" % (results.passed, results.failed + 1))
        return 1


def cache(*parts):
    """The directory for what is made once, or one in it, which is then there."""
    res = subprocess.run([os.path.join(TOP, "tests/lib/cache"), *parts], stdout=subprocess.PIPE,
                         text=True, check=False)
    if res.returncode:
        # it has said why
        sys.exit(1)
    return res.stdout.strip()


def host(argv, **kw):
    """Runs a program of this machine and returns what it printed."""
    res = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         errors="replace", check=False, **kw)
    if res.returncode:
        raise RootError("%s failed (%d):\n%s%s" % (" ".join(argv[:4]), res.returncode,
                                                   res.stdout[-3000:], res.stderr[-3000:]))
    return res.stdout


def sources(suite):
    return "".join(line + "\n" for line in host([APT, "sources", suite]).splitlines())


def base(suite, packages=BASE_PACKAGES):
    """The directory of a suite's base with these packages, made if need be."""
    key = hashlib.sha256("\n".join([RECIPE, MERGE_USR, sources(suite), *packages]).encode())
    home = cache("packages")
    entry = os.path.join(home, "%s-%s" % (suite, key.hexdigest()[:12]))
    with open(entry + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = os.path.isdir(entry) and time.time() - os.stat(entry).st_mtime < MAX_AGE
        if not fresh:
            print("     making the base of %s ..." % suite, flush=True)
            new = entry + ".new"
            remove(new)
            try:
                # bullseye's packages do not merge /usr, but its installer did
                merge = ["--setup-hook=" + MERGE_USR] if suite == "bullseye" else []
                host(["mmdebstrap", "--mode=root", "--variant=minbase", "--quiet", *merge,
                      "--include=" + ",".join(packages),
                      '--aptopt=Acquire::Check-Valid-Until "false"',
                      "--dpkgopt=force-unsafe-io", suite, new, "-"],
                     input=sources(suite), env={**os.environ, "LC_ALL": "C"})
                os.utime(new)
                remove(entry)
                os.rename(new, entry)
            except RootError:
                # without network the old one is better than none
                if not os.path.isdir(entry):
                    raise
                print("     cannot make it again, using the old one", flush=True)
    return entry


def remove(path):
    if os.path.lexists(path):
        host(["rm", "-rf", "--one-file-system", path])


def copy_tree(target):
    """The tracked files of this tree, or all of a tree that is not git's."""
    remove(target)
    os.makedirs(target)
    res = subprocess.run(["git", "-C", TOP, "-c", "safe.directory=*", "ls-files", "-z"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    names = [n for n in res.stdout.decode().split("\0") if n and
             os.path.lexists(os.path.join(TOP, n))]
    if not names:
        names = [n for n in os.listdir(TOP) if n not in (".git", "build")]
    with subprocess.Popen(["tar", "-C", TOP, "-c", "--null", "-T", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as pack:
        with subprocess.Popen(["tar", "-C", target, "-x"], stdin=pack.stdout) as unpack:
            pack.stdin.write("\0".join(names).encode())
            pack.stdin.close()
        if unpack.returncode:
            raise RootError("cannot copy the tree to %s" % target)


def mount(*words):
    host(["mount", *words])


class Root:
    """A root of a suite on top of layers of directories, below `work`."""

    def __init__(self, suite, work, layers=None, packages=BASE_PACKAGES):
        self.suite = suite
        self.dir = work
        self.layers = layers or [base(suite, packages)]
        self.root = os.path.join(work, "root")
        self.log = os.path.join(os.path.dirname(work), os.path.basename(work) + ".log")
        self.mounts = []
        self.shared = []
        remove(work)
        os.makedirs(self.path())
        # an empty log, even of a root used for the second time
        with open(self.log, "w", encoding="utf-8"):
            pass
        self.overlay(self.layers, self.root, "root", "volatile")
        for kind, where, options in (("proc", "proc", ""), ("sysfs", "sys", "ro"),
                                     ("tmpfs", "tmp", ""), ("tmpfs", "run", ""),
                                     ("devpts", "dev/pts", "")):
            self.mount(self.path(where), "-t", kind, *(["-o", options] if options else []), kind)
        self.lists()
        if layers is None:
            self.write("/etc/apt/sources.list", sources(suite))
            self.write("/etc/apt/apt.conf.d/99tests", APT_CONF)
            # services are not to start in here
            self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)

    def path(self, inside=""):
        return os.path.join(self.root, inside.lstrip("/"))

    def mount(self, where, *words):
        os.makedirs(where, exist_ok=True)
        mount(*words, where)
        self.mounts.append(where)

    def overlay(self, lower, where, name, *options):
        upper = os.path.join(self.dir, name + ".upper")
        work = os.path.join(self.dir, name + ".work")
        remove(work)
        os.makedirs(upper, exist_ok=True)
        os.makedirs(work)
        self.mount(where, "-t", "overlay", "overlay", "-o", ",".join(
            ["lowerdir=" + ":".join(reversed(lower)), "upperdir=" + upper, "workdir=" + work,
             *options]))

    def unmount(self, where):
        self.mounts.remove(where)
        host(["umount", where])

    def lists(self):
        """The package lists as apt-private has them."""
        self.cached = host([APT, "dir", self.suite]).strip()
        where = self.path("var/lib/apt/lists")
        if where in self.mounts:
            self.unmount(where)
        self.overlay([os.path.join(self.cached, "lists")], where, "lists")

    def share(self, directory):
        """Shows a directory of the machine in the same place."""
        where = self.path(directory)
        if where in self.shared:
            return
        self.mount(where, "--bind", "-o", "ro", directory)
        self.shared.append(where)

    def freeze(self):
        """Ends this root, and returns the layers for others on top of it."""
        self.close(keep=True)
        return [*self.layers, os.path.join(self.dir, "root.upper")]

    def close(self, keep=False):
        for where in reversed(self.mounts):
            host(["umount", where])
        self.mounts = []
        if not keep:
            remove(self.dir)

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # a file of a lower layer must not be written through a link
        if os.path.lexists(path):
            os.remove(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def read(self, inside):
        with open(self.path(inside), encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, command, way=("unshare", "--net", "chroot"), env=None):
        """Runs a shell command in there; returns (status, output).

        The way in is without network: all that is used comes from the cache.
        """
        with open(self.log, "a", encoding="utf-8") as log:
            log.write("\n# %s\n" % command)
            log.flush()
            res = subprocess.run([*way, self.root, "/bin/bash", "-c", command],
                                 env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors="replace", check=False)
            log.write(res.stdout)
            log.write("# status %d\n" % res.returncode)
        return res.returncode, res.stdout

    def must(self, command):
        status, out = self.run(command)
        if status:
            raise RootError("%s: %s failed (%d):\n%s" % (self.suite, command, status,
                                                        out[-3000:]))
        return out

    def fetch(self, words):
        """Brings the packages that an apt-get would download into the cache."""
        for attempt in (1, 2):
            status, out = self.run("apt-get -y -q --print-uris " + words)
            if status:
                # apt itself says why when it is run
                return
            names = [m.group(1) for m in re.finditer(
                r"^'(?!file:)[^']*' ([^ ]+\.deb) \d+", out, re.M)]
            missing = [name for name in names if not os.path.exists(
                os.path.join(self.cached, "archives", name))]
            if not missing:
                return
            print("     %s: fetching %d packages ..." % (self.suite, len(missing)), flush=True)
            wanted = ["%s=%s" % (name.split("_")[0], name.split("_")[1].replace("%3a", ":"))
                      for name in missing]
            try:
                host([APT, "fetch", self.suite, *wanted])
                return
            except RootError:
                if attempt == 2:
                    raise
                # the mirror has moved on, and the lists were read again
                self.lists()
                self.update()

    def update(self):
        """`apt update`, of the added sources alone."""
        return self.run("apt-get -q update -o Dir::Etc::SourceList=/dev/null "
                        "-o APT::Get::List-Cleanup=false")

    @contextlib.contextmanager
    def archives(self):
        """Lets apt find what was fetched, as if it had downloaded it."""
        where = self.path("var/cache/apt/archives")
        self.overlay([os.path.join(self.cached, "archives")], where, "archives")
        yield
        self.unmount(where)
        remove(os.path.join(self.dir, "archives.upper"))

    def apt(self, words, env=""):
        """apt-get with these words; returns (status, output, its clock)."""
        self.fetch(words)
        with self.archives(), Clock() as clock:
            status, out = self.run(env + " apt-get -y -q " + words)
        return status, out, clock

    def must_apt(self, words, env=""):
        status, out, clock = self.apt(words, env)
        if status:
            raise RootError("%s: apt-get %s failed (%d):\n%s" % (self.suite, words, status,
                                                                out[-3000:]))
        return out, clock

    def listing(self, ignore):
        """What lies in there: path -> kind, size or target of each."""
        found = {}
        out = host(["find", self.root, "-xdev", "-printf", "%P\\t%y\\t%l\\t%s\\n"])
        for line in out.splitlines():
            path, kind, target, size = line.split("\t")
            if not ignore.match("/" + path):
                found["/" + path] = (kind, target, size if kind == "f" else "")
        return found


