/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Lets the files without any kernel in them build on the host, for tests. */
#ifndef XDF_PORT_H
#define XDF_PORT_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_modes.h>
#else
#include <errno.h>
#include <libdrm/drm_fourcc.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

/* Of the kernel's, what is set here; a clock too large for its int would show. */
struct drm_display_mode {
	u32 clock;		/* in kHz */
	u16 hdisplay, hsync_start, hsync_end, htotal;
	u16 vdisplay, vsync_start, vsync_end, vtotal;
};

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}
#endif

#endif /* XDF_PORT_H */
