# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Many outputs, many flips."""
import edid
from scene import (again, check, counters, give, guest_prog, info_now, log, mark, modes, need, rejected,
                   see, shown, wait_card)


SIXTEEN_OUTPUTS = "backend=0,connectors=" + ";".join(f"id{n}:{320 + 8 * n}x{200 + n}" for n in range(16))


# alone: 16 outputs are all that this emulated machine can do
@check(own=True, kernel="6.12", kind="pvh", vdispl=SIXTEEN_OUTPUTS)
def test_sixteen_outputs(lab, be, g):
    """16 connectors, each with its own picture, one program over all of them"""
    be.ctl("set refresh 20")
    try:
        sixteen_outputs(be, g)
    finally:
        be.ctl("set refresh 60")


def sixteen_outputs(be, g):
    info = wait_card(g, 60)
    need(info["connectors"] == "16", info["connectors"] + " connectors, not 16")
    conns = ",".join(str(n) for n in range(16))
    with shown(g, f"draw --conns {conns} --seed 100") as v:
        for n in range(16):
            need(v[f"conn{n}.mode"] == f"{320 + 8 * n}x{200 + n}", f"mode of connector {n}")
            see(be, g, n, v[f"conn{n}.crc"])
        need(len({v[f"conn{n}.crc"] for n in range(16)}) == 16, "the pictures do not differ")
    at = mark(be)
    with shown(g, f"flips --conns {conns} --count 20 --seed 300", timeout=120) as v:
        for n in range(16):
            see(be, g, n, v[f"conn{n}.crc{v[f'conn{n}.front']}"])
    with shown(g, f"together --conns {conns} --count 10 --seed 400", timeout=120) as v:
        for n in range(16):
            need(v[f"conn{n}.events"] == "10", f"connector {n}: {v[f'conn{n}.events']} events")
            see(be, g, n, v[f"conn{n}.crc{v['front']}"])
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))


TEN_THOUSAND_FLIPS = "backend=0,connectors=" + ";".join(f"id{n}:160x120" for n in range(4))


@check(kernel="6.1", vdispl=TEN_THOUSAND_FLIPS, timeout=400)
def test_ten_thousand_flips(lab, be, g):
    """10,000 flips over four outputs: one event each, in rising sequence"""
    wait_card(g)
    at = mark(be)
    # 240 flips a second are more than an emulated machine can do
    be.ctl("set refresh 30")
    try:
        v = guest_prog(g, "flips --conns 0,1,2,3 --count 2500", timeout=300)
    finally:
        be.ctl("set refresh 60")
    # the console has the screen before and after it
    own = {ln.get("fb") for ln in log(be, g, at, kind="REQ", op="FB_ATTACH")}
    for n in range(4):
        need(v[f"conn{n}.flips"] == v[f"conn{n}.events"] == "2500", f"connector {n}: " + str(v))
        sent = [ln for ln in log(be, g, at, kind="REQ", op="PG_FLIP", conn=n, status="0")
                if ln.get("fb") in own]
        done = [ln for ln in log(be, g, at, kind="EVT", conn=n) if ln.get("fb") in own]
        # a picture that a busy backend was not asked for in time is left out; the first
        # one, in the console's own mode, is a flip too
        need(2000 < len(sent) <= 2501, f"connector {n}: {len(sent)} requests for 2500 flips")
        need(len(done) == len(sent), f"connector {n}: the backend sent {len(done)} events")
    need(not rejected(be, g, at), "rejected: " + "\n".join(rejected(be, g, at)[:5]))


@check(kernel="6.1", vdispl="backend=0,connectors=id0:640x400")
def test_animation(lab, be, g):
    """An animation at the monitor's 25 Hz: hardly a refresh passes without its picture"""
    give(lab, be, edid.base([edid.timing(640, 400, 25)[0]]), "0")
    be.ctl("set refresh 25")
    try:
        again(g)
        need(24 < modes(info_now(g))["640x400"][0] < 26, "not the monitor's refresh")
        best = {}
        # the emulated machine shares its processors with others: guest and backend are
        # both kept from running for longer than a refresh now and then
        for _ in range(5):
            before = counters(g)
            with shown(g, "flips --count 100", timeout=120) as v:
                need(float(v["flips_per_s"]) < 26, f"{v['flips_per_s']} flips a second at 25 Hz")
                best = {k: n - before[k] for k, n in counters(g).items()}
            need(best["flips"] >= 100, f"{best} of 100 flips")
            if not best["missed refreshes"]:
                break
        need(best["missed refreshes"] <= 20 and not best["timeouts"], f"in five runs, at last: {best}")
    finally:
        be.ctl("set refresh 60")
        be.ctl("edid 0 none")
        again(g)
