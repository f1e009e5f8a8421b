/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Included before every file of src, which is written for the newest kernel's
 * interfaces. What an older kernel lacks is mapped down here by what the
 * probes found (XDF_HAVE_*), never by a version. What a kernel must have, and
 * what is off without it: tests/kernels/README.md.
 *
 * Besides the kernel's own names src uses these:
 *	COMPAT_GEM_FUNCS(funcs)		 the table, where it is set
 *	COMPAT_MODE_CONFIG_FUNCS(funcs)	 likewise
 *	COMPAT_CRTC_VBLANK_TIME(fn)	 a member of struct drm_crtc_funcs, no comma
 *					 behind; fn may be unused: mark it
 *	COMPAT_PLANE_ASYNC_FORMATS(fn)	 likewise, of struct drm_plane_funcs
 *	compat_is_async_flip(state)	 of a CRTC
 *	compat_has_vblank_time		 DRM asks for the time of the last vblank
 *	compat_panic_set_pages(sb, p)	 false if the panic screen needs a mapping
 */
#ifndef XDF_COMPAT_H
#define XDF_COMPAT_H

#include "xdf_probes.h"

#include "core.h"
#include "mm.h"
#include "xen.h"
#include "drm.h"

#endif /* XDF_COMPAT_H */
