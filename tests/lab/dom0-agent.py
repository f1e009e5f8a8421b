#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Runs in dom0 and does what the lab on the host asks for.

One JSON object per line over a virtio serial port, in both directions:
  {"id": 1, "op": "run", "cmd": "...", "timeout": 60}  -> {"id": 1, "rc": 0, "out": "..."}
  {"id": 2, "op": "ctl", "socket": "...", "line": "..."} -> {"id": 2, "out": "..."}
  {"id": 3, "op": "console", "domid": 4}                -> {"id": 3, "rc": 0}
  {"op": "type", "domid": 4, "data": "..."}
  and from here on: {"console": 4, "data": "..."}
"""
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

port = None
port_lock = threading.Lock()
consoles = {}


def say(obj):
    data = (json.dumps(obj) + "\n").encode()
    with port_lock:
        while data:
            n = os.write(port, data)
            data = data[n:]


def run(req):
    with tempfile.TemporaryFile() as out:
        proc = subprocess.Popen(["/bin/sh", "-c", req["cmd"]], stdin=subprocess.DEVNULL,
                                stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            rc = proc.wait(req.get("timeout", 60))
        except subprocess.TimeoutExpired:
            os.killpg(proc.pid, signal.SIGKILL)
            proc.wait()
            rc = 124
        out.seek(0)
        return {"rc": rc, "out": out.read().decode(errors="replace")}


def ctl(req):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(req.get("timeout", 30))
        s.connect(req["socket"])
        s.sendall((req["line"] + "\n").encode())
        data = b""
        while True:
            last = data.rstrip(b"\n").rsplit(b"\n", 1)[-1]
            if data.endswith(b"\n") and (last == b"ok" or last.startswith((b"ok ", b"error"))):
                break
            part = s.recv(65536)
            if not part:
                break
            data += part
        return {"rc": 0, "out": data.decode(errors="replace")}


def xenstore(path):
    res = subprocess.run(["xenstore-read", path], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    return res.stdout.strip()


def pump(domid, fd):
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        if not data:
            break
        say({"console": domid, "data": data.decode("latin-1")})
    consoles.pop(domid, None)
    os.close(fd)
    say({"console": domid, "closed": True})


def console(req):
    domid = req["domid"]
    tty = ""
    end = time.monotonic() + req.get("timeout", 60)
    while not tty:
        tty = xenstore("/local/domain/%d/console/tty" % domid)
        if not tty:
            if time.monotonic() > end:
                return {"rc": 1, "out": "domain %d has no console" % domid}
            time.sleep(0.2)
    fd = os.open(tty, os.O_RDWR | os.O_NOCTTY)
    consoles[domid] = fd
    threading.Thread(target=pump, args=(domid, fd), daemon=True).start()
    return {"rc": 0, "out": tty}


OPS = {"run": run, "ctl": ctl, "console": console}


def serve(req):
    try:
        res = OPS[req["op"]](req)
    except Exception as err:
        res = {"rc": 126, "out": "%s: %s" % (type(err).__name__, err)}
    res["id"] = req["id"]
    say(res)


def main():
    global port
    while True:
        try:
            port = os.open("/dev/vport0p1", os.O_RDWR)
            break
        except OSError:
            # the device's number depends on the order of probing
            for name in os.listdir("/dev"):
                if name.startswith("vport"):
                    try:
                        port = os.open("/dev/" + name, os.O_RDWR)
                    except OSError:
                        continue
            if port is not None:
                break
            time.sleep(0.2)
    say({"ready": True})
    buf = b""
    while True:
        select.select([port], [], [])
        data = os.read(port, 65536)
        if not data:
            # nobody connected on the host
            time.sleep(0.1)
            continue
        buf += data
        while b"\n" in buf:
            line, buf = buf.split(b"\n", 1)
            try:
                req = json.loads(line)
            except ValueError:
                continue
            if req.get("op") == "type":
                fd = consoles.get(req["domid"])
                if fd is not None:
                    os.write(fd, req["data"].encode("latin-1"))
                continue
            threading.Thread(target=serve, args=(req,), daemon=True).start()


main()
