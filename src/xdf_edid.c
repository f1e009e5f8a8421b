// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "displif_wire.h"
#include "xdf_edid.h"

#define EDID_EXTENSIONS		126

/**
 * xdf_edid_check - find the usable part of what a backend calls an EDID
 * @data: a private copy
 * @size: its size in octets, as the backend says
 *
 * The kernel's own parser takes it from there; this makes sure that it is
 * given whole blocks, as many as the first one announces, each with its sum.
 *
 * Return: octets to use; -EINVAL when it is none.
 */
int xdf_edid_check(const u8 *data, u32 size)
{
	static const u8 header[] = {
		0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
	};
	u32 used, i;

	if (size < DISPLIF_EDID_BLOCK || size > DISPLIF_EDID_MAX ||
	    size % DISPLIF_EDID_BLOCK)
		return -EINVAL;
	if (memcmp(data, header, sizeof(header)))
		return -EINVAL;
	used = (data[EDID_EXTENSIONS] + 1) * DISPLIF_EDID_BLOCK;
	if (used > size)
		return -EINVAL;
	for (i = 0; i < used; i += DISPLIF_EDID_BLOCK) {
		u8 sum = 0;
		u32 k;

		for (k = 0; k < DISPLIF_EDID_BLOCK; k++)
			sum += data[i + k];
		if (sum)
			return -EINVAL;
	}
	return used;
}
