/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A monitor's description, made for the size that XenStore asks for. */
#ifndef XDB_EDID_H
#define XDB_EDID_H

#include <stddef.h>
#include <stdint.h>

#define EDID_BLOCK	128
#define EDID_BLOCKS	2
#define EDID_NAME	13	/* characters of a monitor's name */

size_t edid_make(uint8_t *edid, const char *name, uint32_t width,
		 uint32_t height);

#endif /* XDB_EDID_H */
