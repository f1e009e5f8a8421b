# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Every format, odd widths, padded rows: bytes and colours."""
import pattern
from scene import check, guest_prog, log, mark, need, raw, rgb, see, shown, wait_card

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
