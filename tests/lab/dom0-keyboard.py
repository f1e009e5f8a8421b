#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A keyboard for guests with vkb=["backend-type=linux"]: types what it is told to.

Runs in dom0 and serves every vkbd frontend. Commands are lines in the FIFO
given as argument: "type DOMID TEXT" (with \\n for Enter) or "key DOMID CODE...",
codes pressed together, as in linux/input-event-codes.h.
"""
import ctypes
import os
import struct
import sys
import threading
import time

PAGE = 4096
RING, SLOT = 1024, 40
SLOTS = 51
KEY_EVENT = 3
SHIFT = 42
ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./"}
UPPER = dict(zip("!@#$%^&*()_+{}:\"~|<>?", "1234567890-=[];'`\\,./"))
CODES = {c: start + i for start, row in ROWS.items() for i, c in enumerate(row)}
CODES.update({" ": 57, "\n": 28, "\t": 15})

gnttab = ctypes.CDLL("libxengnttab.so.1", use_errno=True)
evtchn = ctypes.CDLL("libxenevtchn.so.1", use_errno=True)
store = ctypes.CDLL("libxenstore.so.4")
libc = ctypes.CDLL(None)
libc.free.argtypes = [ctypes.c_void_p]
store.xs_open.restype = ctypes.c_void_p
store.xs_open.argtypes = [ctypes.c_ulong]
store.xs_read.restype = ctypes.c_void_p
store.xs_read.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_void_p]
store.xs_write.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_char_p,
                           ctypes.c_uint]
store.xs_directory.restype = ctypes.POINTER(ctypes.c_void_p)
store.xs_directory.argtypes = store.xs_read.argtypes
xsh = store.xs_open(0)
gnttab.xengnttab_open.restype = ctypes.c_void_p
gnttab.xengnttab_open.argtypes = [ctypes.c_void_p, ctypes.c_uint]
gnttab.xengnttab_map_grant_ref.restype = ctypes.c_void_p
gnttab.xengnttab_map_grant_ref.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32,
                                           ctypes.c_int]
gnttab.xengnttab_unmap.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
evtchn.xenevtchn_open.restype = ctypes.c_void_p
evtchn.xenevtchn_open.argtypes = [ctypes.c_void_p, ctypes.c_uint]
evtchn.xenevtchn_bind_interdomain.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
evtchn.xenevtchn_notify.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
evtchn.xenevtchn_unbind.argtypes = [ctypes.c_void_p, ctypes.c_uint32]

# where libxl puts keyboards that no device model serves
BASE = "/local/domain/0/backend/vinput"
boards = {}
lock = threading.Lock()


def xs_read(path):
    n = ctypes.c_uint()
    p = store.xs_read(xsh, 0, path.encode(), ctypes.byref(n))
    if not p:
        return ""
    text = ctypes.string_at(p, n.value).decode()
    libc.free(p)
    return text


def xs_write(path, text):
    store.xs_write(xsh, 0, path.encode(), text.encode(), len(text))


def xs_list(path):
    n = ctypes.c_uint()
    p = store.xs_directory(xsh, 0, path.encode(), ctypes.byref(n))
    if not p:
        return []
    names = [ctypes.string_at(p[i]).decode() for i in range(n.value)]
    libc.free(p)
    return names


class Keyboard:
    def __init__(self, domid, path, front):
        self.domid = domid
        self.path = path
        self.front = front
        self.page = None
        self.port = None
        self.gt = None
        self.ec = None

    def connect(self):
        ref = int(xs_read(self.front + "/page-gref"))
        remote = int(xs_read(self.front + "/event-channel"))
        self.gt = gnttab.xengnttab_open(None, 0)
        self.page = gnttab.xengnttab_map_grant_ref(self.gt, self.domid, ref, 3)
        self.ec = evtchn.xenevtchn_open(None, 0)
        self.port = evtchn.xenevtchn_bind_interdomain(self.ec, self.domid, remote)
        if not self.page or self.port < 0:
            raise OSError("cannot map the keyboard's page of domain %d" % self.domid)

    def disconnect(self):
        if self.page:
            gnttab.xengnttab_unmap(self.gt, self.page, 1)
            evtchn.xenevtchn_unbind(self.ec, self.port)
        self.page = self.port = None

    def step(self):
        state = xs_read(self.path + "/state")
        front = xs_read(self.front + "/state")
        if state == "1" and front in ("1", "3", ""):
            xs_write(self.path + "/state", "2")
        elif front in ("3", "4") and state == "2" and not self.page and \
                xs_read(self.front + "/page-gref"):
            self.connect()
            xs_write(self.path + "/state", "4")
        elif front in ("5", "6") and state == "4":
            self.disconnect()
            xs_write(self.path + "/state", "6")

    def event(self, code, pressed):
        while True:
            cons, prod = struct.unpack("<II", ctypes.string_at(self.page, 8))
            if (prod - cons) & 0xffffffff < SLOTS:
                break
            time.sleep(0.01)
        ctypes.memmove(self.page + RING + prod % SLOTS * SLOT,
                       struct.pack("<BBxxI", KEY_EVENT, pressed, code).ljust(SLOT, b"\0"), SLOT)
        ctypes.memmove(self.page + 4, struct.pack("<I", (prod + 1) & 0xffffffff), 4)
        evtchn.xenevtchn_notify(self.ec, self.port)
        # a person does not type faster either
        time.sleep(0.02)

    def press(self, codes):
        for code in codes:
            self.event(code, 1)
        for code in reversed(codes):
            self.event(code, 0)

    def type(self, text):
        for c in text:
            if c.isupper():
                self.press([SHIFT, CODES[c.lower()]])
            elif c in UPPER:
                self.press([SHIFT, CODES[UPPER[c]]])
            else:
                self.press([CODES[c]])


def serve():
    while True:
        for domid in xs_list(BASE):
            path = "%s/%s/0" % (BASE, domid)
            front = xs_read(path + "/frontend")
            if not front:
                continue
            with lock:
                board = boards.get(domid)
                if not board or board.front != front:
                    board = boards[domid] = Keyboard(int(domid), path, front)
                try:
                    board.step()
                except (OSError, ValueError) as err:
                    print("domain %s: %s" % (domid, err), flush=True)
        time.sleep(0.5)


def main():
    fifo = sys.argv[1]
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    threading.Thread(target=serve, daemon=True).start()
    while True:
        with open(fifo, encoding="utf-8") as f:
            for line in f:
                what, domid, rest = line.rstrip("\n").split(" ", 2)
                with lock:
                    board = boards.get(domid)
                if not board or not board.page:
                    print("no keyboard of domain %s is connected" % domid, flush=True)
                elif what == "type":
                    board.type(rest.replace("\\n", "\n"))
                else:
                    board.press([int(c) for c in rest.split()])


main()
