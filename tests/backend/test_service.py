#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What the display backend says where it cannot run. usage: test_service.py PROGRAM"""
import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading

PROGRAM = sys.argv[1]
XS_ERROR = 16


class EmptyStore:
    """A XenStore that has nothing, on a socket of its own."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        conn, _ = self.socket.accept()
        with conn, conn.makefile("rb") as requests:
            while len(head := requests.read(16)) == 16:
                _, number, transaction, length = struct.unpack("<4I", head)
                requests.read(length)
                conn.sendall(struct.pack("<4I", XS_ERROR, number, transaction, 7) + b"ENOENT\0")


def run(*words, **env):
    res = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, timeout=60, env={**os.environ, **env})
    return res.returncode, res.stdout, res.stderr


def says(status, regex, *words, **env):
    """That status, and one line that matches, to standard error."""
    got, out, err = run(*words, **env)
    first = err.splitlines()[0] if err else ""
    assert got == status and not out and re.search(regex, first), (words, got, out, err)
    assert status == 2 or err.count("\n") == 1, err


def test_help():
    """--help has each option, --version the version"""
    status, out, err = run("--help")
    assert status == 0 and not err
    for option in ("tcp", "password-file", "no-password", "refresh", "max-mib", "layout", "run-dir", "group", "domid"):
        assert "--" + option in out, option
    status, out, err = run("--version")
    assert status == 0 and re.fullmatch(r"xen-display-backend \d+\.\d+\.\d+\n", out), out


def test_usage():
    """Wrong options are named, with what is right"""
    says(2, r"what is 'x'", "x")
    says(2, r"refresh 0: .*Hz", "--refresh", "0")
    says(2, r"refresh fast: .*Hz", "--refresh", "fast")
    says(2, r"max-mib 0: ", "--max-mib", "0")
    says(2, r"group no-such-group: no such group", "--group", "no-such-group")
    says(2, r"tcp needs --password-file", "--tcp", "127.0.0.1:5900")
    says(2, r"tcp needs --password-file", "--tcp", ":5900")
    # without a password only for this machine
    says(2, r"tcp needs --password-file", "--tcp", "0.0.0.0:5900", "--no-password")
    says(2, r"tcp 127.0.0.1:70000: .*port", "--tcp", "127.0.0.1:70000", "--no-password")
    says(2, r"tcp \[::1: .*\]", "--tcp", "[::1", "--no-password")
    says(2, r"password-file /nonexistent: No such file", "--password-file", "/nonexistent")
    with tempfile.NamedTemporaryFile() as f:
        says(2, r"first line is empty", "--password-file", f.name)


def test_no_xen():
    """Without XenStore"""
    with tempfile.TemporaryDirectory() as d:
        says(1, r"no XenStore: .*xenstored", "--run-dir", d)
        # and the next one is not told that this one runs
        says(1, r"no XenStore", "--run-dir", d)


def test_no_event_channels():
    """A guest's process without /dev/xen/evtchn"""
    if os.path.exists("/dev/xen/evtchn"):
        return
    with tempfile.TemporaryDirectory() as d:
        store = os.path.join(d, "xenstore")
        EmptyStore(store)
        says(1, r"no event channels: .*xen-evtchn", "--run-dir", d, "--domid", "0", "--guest", "7", XENSTORED_PATH=store)


def test_two():
    """A second one at the same time"""
    with tempfile.TemporaryDirectory() as d, open(os.path.join(d, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        says(1, r"another one", "--run-dir", d)


def test_no_folder():
    """Where the sockets cannot be"""
    says(1, r"cannot make /nonexistent/dir", "--run-dir", "/nonexistent/dir")
    says(1, r"cannot write in /proc.*systemctl start", "--run-dir", "/proc")


def main():
    tests = [f for name, f in globals().items() if name.startswith("test_")]
    bad = 0
    print("1..%d" % len(tests))
    for n, func in enumerate(tests, 1):
        try:
            func()
            print("ok %d - %s" % (n, func.__name__))
        except Exception as err:
            bad += 1
            print("not ok %d - %s: %s: %s" % (n, func.__name__, type(err).__name__, err))
    return 1 if bad else 0


sys.exit(main())
