/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Included before every file of src, which is written for the newest kernel's
 * interfaces. What an older kernel lacks is mapped down here by what the
 * probes found (XDF_HAVE_*), never by a version. What a kernel must have, and
 * what is off without it: tests/kernels/README.md.
 *
 * Besides the kernel's own names src uses these:
 *
 * Hooks whose prototype changed. At file scope behind the function:
 *	COMPAT_PLANE_ATOMIC_CHECK(fn);	 also _UPDATE
 *	COMPAT_CRTC_ATOMIC_CHECK(fn);	 also _FLUSH, _ENABLE, _DISABLE
 *	COMPAT_FB_CREATE(fn);
 *	COMPAT_DEBUGFS_INIT(fn);
 *	COMPAT_GEM_VMAP(fn);		 and COMPAT_GEM_VUNMAP(fn);
 *	COMPAT_XENBUS_REMOVE(fn);
 * and COMPAT_FN(fn) where the hook is set.
 *
 * Members that not every kernel has, within an initialiser, no comma behind:
 *	DRM_COMPAT_DRIVER_FIELDS	 struct drm_driver
 *	COMPAT_XENBUS_DRIVER_FIELDS	 struct xenbus_driver
 *	COMPAT_PLANE_PANIC(fn)		 struct drm_plane_helper_funcs; fn may be
 *	COMPAT_PLANE_PANIC_FLUSH(fn)	 unused: mark it __maybe_unused
 *	COMPAT_CRTC_VBLANK_TIME(fn)	 struct drm_crtc_funcs; fn likewise
 *	COMPAT_PLANE_ASYNC_FORMATS(fn)	 struct drm_plane_funcs; fn likewise
 *	COMPAT_GEM_FUNCS_MMAP(fn)	 struct drm_gem_object_funcs, with
 *					 COMPAT_GEM_MMAP(fn); at file scope behind
 *					 fn, for one in the whole module
 *
 * Others:
 *	COMPAT_IMPORT_NS_DMA_BUF;	 at file scope
 *	compat_is_async_flip(state)	 of a CRTC
 *	compat_has_vblank_time		 DRM asks for the time of the last vblank
 *	compat_panic_set_pages(sb, p)	 false if the panic screen needs a mapping
 */
#ifndef XDF_COMPAT_H
#define XDF_COMPAT_H

#include "xdf_probes.h"

/* the hook as this kernel wants it, made by COMPAT_...(fn) */
#define COMPAT_FN(fn) compat_##fn

#define COMPAT_HOOK(type, fn, parameters, arguments)			\
static type compat_##fn parameters					\
{									\
	return fn arguments;						\
}									\
struct compat_hook

#include "core.h"
#include "mm.h"
#include "xen.h"
#include "drm.h"

#endif /* XDF_COMPAT_H */
