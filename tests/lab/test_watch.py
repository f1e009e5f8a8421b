# SPDX-License-Identifier: GPL-2.0 OR MIT
"""What an administrator can see of the driver: debugfs and tracepoints."""
import re

from scene import check, counters, guest_prog, log, mark, need, wait_card
from speed import scaled

TRACE = "/sys/kernel/tracing"
# Tracing patches the kernel's code, and the emulated machine's other processor may miss it: then both wait for ever.
ONE_PROCESSOR = {"kernel": ["6.1", "7.3"], "vcpus": 1, "vdispl": "backend=0,connectors=id0:640x480;id1:320x200"}
BLINK = "/sys/class/graphics/fbcon/cursor_blink"
FIELD = re.compile(r"(\w+)=(\S+)")


def calm(g):
    """The console's cursor shall not blink: its flips would be counted or traced in part."""
    wait_card(g)
    g.run(f"echo 0 >{BLINK}; sleep 0.5")


def debugfs(g):
    return g.run("cat /sys/kernel/debug/dri/*/xen").out


def trace(g, cmd):
    """What CMD causes: [(event, {field: value})]."""
    g.run(f"mount -t tracefs t {TRACE} 2>/dev/null; echo >{TRACE}/trace; "
          f"echo 1 >{TRACE}/events/xen_drm_front/enable")
    try:
        guest_prog(g, cmd)
    finally:
        g.run(f"sleep 0.5; echo 0 >{TRACE}/events/xen_drm_front/enable")
    found = []
    for line in g.run(f"cat {TRACE}/trace").out.splitlines():
        m = re.search(r": (xdf_\w+): (.*)", line)
        if m:
            found.append((m.group(1), dict(FIELD.findall(m.group(2)))))
    return found


@check(**ONE_PROCESSOR)
def test_tracepoints(lab, be, g):
    """Each request with its response, each event and its latency, as the backend has them"""
    calm(g)
    at = mark(be)
    seen = trace(g, "flips --conns 1 --count 20")
    need(seen, "no event in the trace")

    def fields(event, *names, **want):
        return [tuple(f[n] for n in names) for e, f in seen
                if e == event and all(f.get(k) == v for k, v in want.items())]

    asked = fields("xdf_request", "id", connector="1", op="PG_FLIP")
    answered = fields("xdf_response", "id", connector="1", op="PG_FLIP", status="0")
    need(sorted(asked) == sorted(answered) and len(asked) >= 20,
         f"{len(asked)} flips asked, {len(answered)} answered")
    sent = [(ln.get("id"),) for ln in log(be, g, at, kind="REQ", op="PG_FLIP", conn=1)]
    need(set(asked) <= set(sent), "the backend knows nothing of some flips")
    shown = fields("xdf_event", "fb", connector="1")
    took = fields("xdf_flip", "fb", "latency_ns", connector="1")
    need(sorted(fb for fb, _ in took) == sorted(fb for fb, in shown), f"{len(shown)} events, {len(took)} latencies")
    need(all(0 < int(ns) < scaled(10 ** 9) for _, ns in took), f"latencies {took}")
    need(fields("xdf_request", "id", op="SET_CONFIG"), "no mode was set")


@check(**ONE_PROCESSOR)
def test_debugfs(lab, be, g):
    """The numbers move by what was done"""
    calm(g)
    text = debugfs(g)
    need(re.search(r"^connection: connected$", text, re.M), text)
    need(re.search(r"^protocol version: 2$", text, re.M), text)
    used, budget = (int(v) for v in re.search(r"^grants: (\d+) of (\d+) in use$", text, re.M).groups())
    # the console's picture and its directory, rings and event pages
    need(640 * 480 * 4 // 4096 < used < budget, f"{used} of {budget} grants in use")
    need(re.search(r"^buffers shared: [1-9]", text, re.M), text)
    before = counters(g, 1)
    guest_prog(g, "flips --conns 1 --count 30")
    g.run("sleep 0.5")
    after = counters(g, 1)
    need(30 <= after["flips"] - before["flips"] < 60, f"30 flips: {before} {after}")
    need(after["timeouts"] == before["timeouts"] and
         after["rejected requests"] == before["rejected requests"], f"{before} {after}")
    line = re.search(r"^connector 1:.*?flip latency: (.*?)$", debugfs(g), re.S | re.M).group(1)
    counted = sum(int(v) for v in re.findall(r": (\d+)", line))
    # a picture that comes with its mode has no latency
    need(30 <= counted <= after["flips"] + 1, f"histogram {line}, counters {after}")
