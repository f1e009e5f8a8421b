#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR MIT
# xl as dom0's programs find it: with time limits for this machine's speed.
XDF_SCALE=$(cat /share/scale) LD_PRELOAD=/share/bin/xl-time.so exec /usr/lib/xen-4.17/bin/xl "$@"
