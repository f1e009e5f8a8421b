# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Every format, odd widths, padded rows: bytes and colours."""
import pattern
from scene import (check, guest_prog, keeps_protocol, log, mark, need, raw, reconnect, rejected, rgb, see, shown,
                   wait_card)

FORMATS = ("XR24", "AR24", "XB24", "AB24", "RG16", "XR30", "AR30", "XB30", "AB30")


@check(kernel="7.3", vdispl="backend=0,connectors=id0:320x200;id1:401x301;id2:799x3")
def test_formats(lab, be, g):
    """Each format on odd sizes with rows longer than the picture: bytes and colours exact"""
    info = wait_card(g)
    have = info["plane0.formats"].split(",")
    missing = [f for f in FORMATS if f not in have]
    need(not missing, "the plane lacks " + " ".join(missing))
    for fmt in have:
        need(fmt in pattern.CPP, f"the plane offers {fmt}, which these tests cannot check")
    for fmt in have:
        for pad in (0, 1, 3, 61):
            with shown(g, f"draw --conns 0,1,2 --format {fmt} --pad {pad} --seed {pad + 2}") as v:
                for n in range(3):
                    see(be, g, n, v[f"conn{n}.crc"])
                    need(raw(be, g, n)[2] == fmt, f"{fmt} came as {raw(be, g, n)[2]}")
        with shown(g, f"draw --conns 1 --format {fmt} --bars"):
            rows = rgb(be.picture(g.domid, 0, 1, "bars-" + fmt))
        want = b"".join(bytes(pattern.BARS[x * 8 // 401]) for x in range(401))
        need(len(rows) == 301 and all(r == want for r in rows),
             f"{fmt}: the colours of the bars are wrong in the picture")
    # computed here, not by the guest
    with shown(g, "draw --conns 1 --seed 1234"):
        see(be, g, 1, pattern.crc("XR24", 401, 301, 1235))


@check(kernel=["6.1", "7.3"], vdispl="backend=0,connectors=id0:640x480;id1:322x242")
def test_around(lab, be, g):
    """A picture larger than the screen, which begins above and left of it: the middle is shown"""
    wait_card(g)
    for around in (8, 1):
        with shown(g, f"draw --conns 0,1 --around {around} --seed {around}") as v:
            see(be, g, 0, v["conn0.crc"])
            see(be, g, 1, v["conn1.crc"])


@check(kernel="6.1", memory=640, vdispl="backend=0,connectors=id0:3840x2160;id1:7680x4320", cmdline="drm_kms_helper.fbdev_emulation=0",
       extra="max_grant_frames=256")
def test_large_modes(lab, be, g):
    """3840x2160 and 7680x4320 as XenStore says"""
    info = wait_card(g)
    for n, size in enumerate(("3840x2160", "7680x4320")):
        need(info[f"conn{n}.modes"].startswith(size + "@"), f"connector {n}: {info[f'conn{n}.modes']}")
        with shown(g, f"draw --conns {n} --seed 8", timeout=180) as v:
            see(be, g, n, v[f"conn{n}.crc"], timeout=60)
    at = mark(be)
    guest_prog(g, "flips --conns 0 --count 10", timeout=120)
    need(len(log(be, g, at, kind="REQ", op="PG_FLIP")) == 10, "10 flips at 4K")


def seen_as(be, g, n, want, crc):
    """The connector shows this picture, and in that format."""
    see(be, g, n, crc)
    got = raw(be, g, n)[2]
    need(got == want, f"connector {n}: it came as {got}, not {want}")


FEW = "backend=0,connectors=id0:162x100;id1:201x151"
SIDES = ((162, 100), (201, 151))


@check(own=True, kernel=["6.1", "7.3"], vdispl=FEW)
def test_rejected_formats(lab, be, g):
    """A backend that shows XR24 alone: all that the plane offers is shown, to the bit"""
    have = wait_card(g)["plane0.formats"].split(",")
    be = reconnect(lab, be, g, "--formats", "XR24")
    for fmt in have:
        asis = fmt in ("XR24", "AR24")
        for pad, what in ((0, "it is found out"), (3, "it is known")):
            at = mark(be)
            with shown(g, f"draw --conns 0,1 --format {fmt} --pad {pad} --seed 40") as v:
                for n, (width, height) in enumerate(SIDES):
                    rows = pattern.picture(fmt, width, height, 40 + n)
                    seen_as(be, g, n, "XR24", v[f"conn{n}.crc"] if asis else pattern.as_xr24(fmt, rows))
            bad = rejected(be, g, at)
            need(not (pad and bad), f"{fmt}: rejected again when {what}: {bad}")
            need(pad or fmt == "XR24" or bad, f"{fmt}: nothing was rejected: nothing was tested")
    for fmt in ("RG16", "XB30", "AB24"):
        with shown(g, f"damage --format {fmt} --count 40 --seed 22", timeout=120) as v:
            rows = pattern.damaged(fmt, *SIDES[0], 22, 40)
            need(f"{pattern.crc_of(rows):08x}" == v["conn0.crc"], "the guest drew something else")
            seen_as(be, g, 0, "XR24", pattern.as_xr24(fmt, rows))
        with shown(g, f"draw --conns 1 --around 8 --format {fmt} --seed 9"):
            rows = pattern.picture(fmt, SIDES[1][0] + 16, SIDES[1][1] + 16, 10)
            seen_as(be, g, 1, "XR24", pattern.as_xr24(fmt, pattern.within(fmt, rows, 8)))
    guest_prog(g, "flips --conns 0,1 --count 20 --format RG16", timeout=120)
    keeps_protocol(be, g)

    # one that shows all, and one that shows XR24 again, under the same picture
    with shown(g, "draw --conns 0,1 --format RG16 --seed 50") as v:
        converted = [pattern.as_xr24("RG16", pattern.picture("RG16", *SIDES[n], 50 + n)) for n in (0, 1)]
        seen_as(be, g, 1, "XR24", converted[1])
        be = reconnect(lab, be, g)
        for n in (0, 1):
            seen_as(be, g, n, "RG16", v[f"conn{n}.crc"])
        be = reconnect(lab, be, g, "--formats", "XR24")
        for n in (0, 1):
            seen_as(be, g, n, "XR24", converted[n])
    keeps_protocol(be, g)


@check(own=True, kernel="6.12", kind="pvh", vdispl=FEW)
def test_opaque_formats(lab, be, g):
    """A backend without alpha: the same pixels by their opaque names, and no copy of them"""
    wait_card(g)
    be = reconnect(lab, be, g, "--formats", "XR24,XB24,XR30,XB30")
    for fmt, twin in (("AR24", "XR24"), ("AB24", "XB24"), ("AR30", "XR30"), ("AB30", "XB30"), ("XB24", "XB24")):
        with shown(g, f"draw --conns 0,1 --format {fmt} --pad 1 --seed 60") as v:
            for n in (0, 1):
                seen_as(be, g, n, twin, v[f"conn{n}.crc"])
            kinds = g.run("cat /sys/kernel/debug/dri/*/xen").out
            need("buffers copied: 0," in kinds, f"{fmt} is copied:\n{kinds}")
    # a buffer, not its format, is what a backend rejects here: all ways, then userspace hears
    be.ctl("reject FB_ATTACH:EINVAL")
    for fmt, ways in (("XR24", 1), ("XB30", 2), ("AB30", 2), ("RG16", 2)):
        at = mark(be)
        res = g.run(f"xdf-guest draw --conns 0 --format {fmt} --seed 61")
        need(res.rc != 0 and "Invalid argument" in res.out, f"{fmt}: no error: {res.out}")
        bad = [ln for ln in rejected(be, g, at) if "FB_ATTACH" in ln]
        need(len(bad) == ways, f"{fmt}: {len(bad)} attempts, not {ways}: {bad}")
    be.ctl("reject none")
    # no format is given up for that
    with shown(g, "draw --conns 0 --format XB30 --seed 62") as v:
        seen_as(be, g, 0, "XB30", v["conn0.crc"])
    # a backend may reject the buffer instead of its format
    be.ctl("reject DBUF_CREATE:EINVAL:1")
    with shown(g, "draw --conns 0 --format XB30 --seed 63"):
        seen_as(be, g, 0, "XR24", pattern.as_xr24("XB30", pattern.picture("XB30", *SIDES[0], 63)))
    keeps_protocol(be, g)
