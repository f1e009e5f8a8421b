#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The guest program's pattern against the tests' own computation of it."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import pattern  # noqa: E402

passed = failed = 0
for fmt in pattern.CPP:
    for width, height, seed in ((800, 600, 1), (801, 3, 7), (1, 1, 0xffffffff)):
        for bars in (False, True):
            cmd = [sys.argv[1], "pattern", "--format", fmt, "--width", str(width),
                   "--height", str(height), "--seed", str(seed)]
            if bars:
                cmd.append("--bars")
                want = pattern.bars_crc(fmt, width, height)
            elif height > 100 and fmt != "XR24":
                continue
            else:
                want = pattern.crc(fmt, width, height, seed)
            got = subprocess.run(cmd, capture_output=True, text=True, check=False).stdout.strip()
            if got == f"crc={want:08x}":
                passed += 1
            else:
                failed += 1
                print(f"FAIL {' '.join(cmd[1:])}: {got}, expected crc={want:08x}")

if pattern.crc("XR24", 8, 8, 1) == pattern.crc("XR24", 8, 8, 2):
    failed += 1
    print("FAIL patterns of two seeds are equal")
else:
    passed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
