/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Is that an EDID? */
#ifndef XDF_EDID_H
#define XDF_EDID_H

#include "xdf_port.h"

int xdf_edid_check(const u8 *data, u32 size);

#endif /* XDF_EDID_H */
