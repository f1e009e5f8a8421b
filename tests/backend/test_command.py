#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""test_command.py PROGRAM: xen-display against control sockets and a XenStore of its own.

PROGRAM is linked with xs_stand.c; the last line is the sum.
"""
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

PROGRAM = os.path.abspath(sys.argv[1])
PASSED = FAILED = 0


def check(good, text, detail=""):
    global PASSED, FAILED
    if good:
        PASSED += 1
    else:
        FAILED += 1
        for line in str(detail).rstrip().splitlines():
            print("     | " + line)
    print("%-4s %s" % ("ok" if good else "FAIL", text), flush=True)


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes(64 * 193))) + chunk(b"IEND", b""))


class Guest:
    """A control socket that answers as it is told, and keeps what it was asked."""

    def __init__(self, where, name, answer, early=False):
        self.answer = answer
        self.asked = b""
        self.early = early
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(where, name + ".control"))
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                asked = b""
                while not self.early:
                    data = client.recv(65536)
                    if not data:
                        break
                    asked += data
                self.asked = asked
                client.sendall(self.answer)

    def end(self, path=None):
        # a thread that waits in accept() would hold it open
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        if path:
            os.unlink(path)


def run(*words, stdin=b"", env=None, where=None, user=None, program=PROGRAM):
    argv = [program, *(["--run-dir", where] if where else []), *words]
    res = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                         timeout=60, user=user, group=user, extra_groups=user and [], env={**os.environ, **(env or {})})
    return res.returncode, res.stdout, res.stderr.decode(errors="replace")


def usage():
    status, out, err = run("--help")
    check(status == 0 and all(verb in out for verb in (b"list", b"picture", b"type", b"add-input", b"log")) and
          not err, "--help names each command", err)
    status, out, err = run("--version")
    check(status == 0 and re.fullmatch(rb"xen-display \d+\.\d+\.\d+\n", out), "--version", out)
    for words in ((), ("no-such",), ("--no-such",), ("list", "x"), ("picture", "a"), ("type", "a"), ("type", "a", "b", "c"),
                  ("add-input",), ("picture", "a:x", "f"), ("picture", "a:", "f")):
        status, out, err = run(*words)
        check(status == 2 and err and not out, "wrong usage is said: %s" % " ".join(words), (status, out, err))


def listing(where):
    status, out, err = run("list", where=where + "/none")
    check(status == 1 and "not running" in err and "systemctl start" in err, "list: no backend", err)
    os.mkdir(where)
    # the backend runs
    open(os.path.join(where, "lock"), "w", encoding="ascii").close()
    status, out, err = run("list", where=where)
    check(status == 0 and not out and "No guest" in err, "list: no guest", err)
    one = Guest(where, "debian", b"ok\n"
                b"connector=0\tid=id0\tsize=1920x1080\ton=1\tflips=59.9\tviewers=2\tinput=yes\tsocket=/run/a/debian-0.sock\n"
                b"connector=1\tid=\x1b[31m" + b"x" * 3000 + b"\tsize=1280x1024\ton=0\tflips=0.0\tviewers=0\tinput=yes\t"
                b"socket=/run/a/debian-1.sock\tfuture=1\n")
    two = Guest(where, "a.b+c-d_e", b"ok\nconnector=-\tsize=-\tinput=none\n")
    status, out, err = run("list", where=where)
    lines = out.decode().splitlines()
    check(status == 0 and len(lines) == 4 and lines[0].split() == ["GUEST", "N", "ID", "SIZE", "FLIPS/S", "VIEWERS", "INPUT",
                                                                  "SOCKET"], "list: a line a connector", out.decode() + err)
    check(lines[1].split() == ["a.b+c-d_e", "-", "-", "-", "-", "-", "none", "-"], "... one without a display", lines)
    check(lines[2].split() == ["debian", "0", "id0", "1920x1080", "59.9", "2", "yes", "/run/a/debian-0.sock"], "... one with", lines)
    check("\x1b" not in lines[3] and lines[3].split()[2] == "?[31m" + "x" * 24 + "..." and lines[3].split()[3] == "off",
          "... names are cut and harmless, a size that is not shown is off", lines[3])
    check(len({line.index(word) for line, word in zip(lines[2:], ("1920x1080", "off"))}) == 1, "... in columns", lines)
    check(one.asked == two.asked == b"list\n", "... and asks each guest once", (one.asked, two.asked))
    two.answer = b"ok\nconnector=0\tsize=1x1\ttcp=127.0.0.1:5900\n"
    status, out, err = run("list", where=where)
    check(out.splitlines()[0].endswith(b"TCP") and b"127.0.0.1:5900" in out, "... addresses where there are some", out)
    for answer, says in ((b"error no \x1b[2Jroom \xc2\x9b\xc3\x9f\n", "debian: no ?[2Jroom ??\xdf"), (b"what\n", "another version"),
                         (b"", "reset by peer"), (b"error", "another version")):
        one.answer = answer
        status, out, err = run("list", where=where)
        check(status == 1 and says in err and b"a.b+c" in out, "... %s is said, and the others are listed" % answer, err)
    two.end()
    status, out, err = run("list", where=where)
    check(status == 1 and "systemctl restart" in err, "... one that nobody serves any longer", err)
    os.unlink(where + "/a.b+c-d_e.control")
    one.end(where + "/debian.control")


def pictures(where):
    guest = Guest(where, "debian", b"ok\n" + png())
    name = os.path.join(where, "x.png")
    status, out, err = run("picture", "debian", name, where=where)
    with open(name, "rb") as f:
        check(status == 0 and f.read() == png() and not out and not err, "picture: a file", err)
    check(guest.asked == b"picture 0\n", "... of the first connector", guest.asked)
    status, out, err = run("picture", "debian:3", "-", where=where)
    check(status == 0 and out == png() and guest.asked == b"picture 3\n", "... of another one, to standard output", guest.asked)
    run("picture", "debian:1.2", "-", where=where)
    check(guest.asked == b"picture 1.2\n", "... of another device", guest.asked)
    status, out, err = run("picture", "debian", "/dev/null", where=where)
    check(status == 0 and not os.path.exists("/dev/null.part"), "... to a device", err)
    guest.answer = b"ok\n" + png()[:-20]
    status, out, err = run("picture", "debian", name + "2", where=where)
    check(status == 1 and "no end" in err and not os.path.exists(name + "2") and not os.path.exists(name + "2.part"),
          "... one that ends early leaves no file", err)
    guest.answer = b"error connector 7: there is none\n"
    status, out, err = run("picture", "debian:7", name + "2", where=where)
    check(status == 1 and "there is none" in err and not os.path.exists(name + "2"), "... none that is not there", err)
    guest.answer = b"ok\n" + png()
    status, out, err = run("picture", "debian", where + "/no/x.png", where=where)
    check(status == 1 and "cannot write" in err, "... where nothing can be written", err)
    res = subprocess.run(["bash", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "-", PROGRAM, "--run-dir", where, "picture", "debian",
                          name + "2"], stderr=subprocess.PIPE, check=False)
    check(res.returncode == 1 and b"File too large" in res.stderr and not os.path.exists(name + "2.part"),
          "... where there is no room for it, and nothing is left", res.stderr)
    status, out, err = run("picture", "nobody", name, where=where)
    check(status == 1 and 'no guest "nobody"' in err and "xen-display list" in err, "... of a guest that is not there", err)
    status, out, err = run("picture", "x" * 300, name, where=where)
    check(status == 1 and "no guest" in err, "... nor could be", err)
    for name, file in (("my guest\xe4", "my_guest__"), (".hidden/x", "_hidden_x"), ("n" * 60, "n" * 39)):
        Guest(where, file, b"ok\n" + png())
        status, out, err = run("picture", name, "-", where=where)
        check(status == 0 and out == png(), "... of one whose name is no file's: " + name, err)
    status, out, err = run("picture", "../debian", "-", where=where + "/.")
    check(status == 1 and "no guest" in err, "... and of no other directory", err)
    master, slave = pty.openpty()
    res = subprocess.run([PROGRAM, "--run-dir", where, "picture", "debian", "-"], stdout=slave, stderr=subprocess.PIPE, check=False)
    check(res.returncode == 2 and b"terminal" in res.stderr, "... not to a terminal", res.stderr)
    os.close(master)
    os.close(slave)
    if os.geteuid() == 0:
        os.chmod(where + "/debian.control", 0o660)
        # where everybody may look
        status, out, err = run("picture", "debian", "-", where=where, user=65534, program=shutil.copy(PROGRAM, where))
        check(status == 1 and "adduser" in err, "... not for everybody", err)
    guest.end(where + "/debian.control")


def typing(where):
    guest = Guest(where, "debian", b"ok\n")
    status, out, err = run("type", "debian", "h\xe4 $\n", where=where)
    check(status == 0 and guest.asked == "type\nh\xe4 $\n".encode() and not out + err.encode(), "type: a word", guest.asked)
    text = b"x" * 50000
    status, out, err = run("type", "debian", "-", stdin=text, where=where)
    check(status == 0 and guest.asked == b"type\n" + text, "... from standard input", err)
    status, out, err = run("type", "debian", "-", stdin=b"x" * 65000, where=where)
    check(status == 0 and len(guest.asked) == 65005, "... a long one", err)
    guest.asked = b""
    status, out, err = run("type", "debian", "-", stdin=b"x" * 65001, where=where)
    check(status == 1 and "longer" in err and not guest.asked, "... and no more", err)
    guest.answer = "error the layout has no '\xdf'\n".encode()
    status, out, err = run("type", "debian", "\xdf", where=where)
    check(status == 1 and "no '\xdf'" in err, "... what the layout lacks is said", err)
    guest.end(where + "/debian.control")
    guest = Guest(where, "debian", b"error no input device\n", early=True)
    status, out, err = run("type", "debian", "-", stdin=text, where=where)
    check(status == 1 and ("no input device" in err or "reset by peer" in err), "... also when nobody listens to the end", err)


def inputs(where):
    name = os.path.join(where, "store")
    env = {"XS_STAND": name}
    start = ["/local/domain/0/name Domain-0", "/local/domain/4/name debian", "/local/domain/5/name twin",
             "/local/domain/12/name twin", "/local/domain/6/name 4"]

    def store(*more):
        with open(name, "w", encoding="ascii") as f:
            f.write("".join(line + " n0\n" for line in [*start, *more]))

    def has():
        with open(name, encoding="ascii") as f:
            return {line.split()[0]: line.split()[1:] for line in f}

    store()
    status, out, err = run("add-input", "debian", env=env)
    now = has()
    fe, be, copy = "/local/domain/4/device/vkbd/0", "/local/domain/0/backend/vinput/4/0", "/libxl/4/device/vkbd/0"
    check(status == 0 and b"vkb 0 of domain 4" in out, "add-input: the first", out.decode() + err)
    check(now.get(fe + "/backend") == [be, "n4,r0"] and now.get(fe + "/backend-id") == ["0", "n4,r0"] and
          now.get(fe + "/state") == ["1", "n4,r0"], "... the guest's half, for it to write", now)
    both = {"frontend": fe, "frontend-id": "4", "online": "1", "state": "1", "feature-abs-pointer": "1", "width": "32767",
            "height": "32767"}
    check(all(now.get("%s/%s" % (be, k)) == [v, "n0,r4"] for k, v in both.items()), "... ours, for it to read", now)
    check(all(now.get("%s/%s" % (copy, k)) == [v, "n0"] for k, v in {**both, "backend": be}.items()),
          "... the toolstack's, for it to remove", now)
    status, out, err = run("add-input", "debian", env=env)
    check(status == 0 and b"already" in out and has() == now, "... once is enough", out)
    store("/local/domain/4/device/vkbd/0/state 4")
    status, out, err = run("add-input", "debian", env={**env, "XS_FAIL": "3"})
    check(status == 0 and has().get("/local/domain/4/device/vkbd/1/backend", [""])[0] == "/local/domain/0/backend/vinput/4/1" and
          "/local/domain/4/device/vkbd/0/backend" not in has(), "... beside QEMU's, at the fourth attempt", has())
    store("/self/domid 7")
    status, out, err = run("add-input", "debian", env=env)
    check(has().get(fe + "/backend") == ["/local/domain/7/backend/vinput/4/0", "n4,r7"], "... in a domain that is not the first", has())
    store()
    for guest, says in (("nobody", "no guest"), ("twin", "2 guests are named"), ("Domain-0", "this domain"), ("99", "no guest"), ("0", "this domain")):
        status, out, err = run("add-input", guest, env=env)
        check(status == 1 and says in err, "... %s is rejected" % guest, err)
    status, out, err = run("add-input", "12", env=env)
    check(status == 0 and "/local/domain/12/device/vkbd/0/state" in has(), "... a number where names are doubled", err)
    status, out, err = run("add-input", "4", env=env)
    check(status == 0 and "/local/domain/6/device/vkbd/0/state" in has() and "/local/domain/4/device/vkbd/0/state" not in has(),
          "... a name that is a number is a name", err)
    store()
    before = has()
    status, out, err = run("add-input", "debian", env={**env, "XS_FAIL": "EACCES"})
    check(status == 1 and "dom0" in err and has() == before, "... not from another domain, and nothing is written", err)
    status, out, err = run("add-input", "debian", env={**env, "XS_FAIL": "1000"})
    check(status == 1 and "cannot write to XenStore" in err, "... nor for ever", err)
    status, out, err = run("add-input", "debian", env={**env, "XS_FAIL": "open"})
    check(status == 1 and "needs root" in err, "... nor by anybody", err)
    status, out, err = run("add-input", "debian", env={"XS_STAND": where + "/none"})
    check(status == 1 and "XenStore" in err, "... nor without XenStore", err)


def log(where):
    os.mkdir(where + "/bin")
    with open(where + "/bin/journalctl", "w", encoding="ascii") as f:
        f.write('#!/bin/sh\necho "$#:$*"\nexit 3\n')
    os.chmod(where + "/bin/journalctl", 0o755)
    status, out, _ = run("log", "--lines=3", "-f", env={"PATH": where + "/bin:" + os.environ["PATH"]})
    check(status == 3 and out == b"3:--unit=xen-display-backend.service --lines=3 -f\n", "log: journalctl's options", out)
    status, out, err = run("log", env={"PATH": "/nonexistent"})
    check(status == 1 and "journalctl" in err, "... and none where there is none", err)


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        where = os.path.join(top, "run")
        usage()
        listing(where)
        pictures(where)
        typing(where)
        inputs(top)
        log(top)
    print("%d passed, %d failed" % (PASSED, FAILED))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
