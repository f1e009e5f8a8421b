/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* DRM: driver, buffers, modes. */
#ifndef XDF_COMPAT_DRM_H
#define XDF_COMPAT_DRM_H

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_connector.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_plane_helper.h>
#include <drm/drm_prime.h>
/* other DRM headers brought it along until 7.1 */
#include <drm/drm_print.h>
#include <drm/drm_rect.h>

/*
 * Messages name the device; 5.6. The names were other functions before.
 */
#if !XDF_HAVE_DRM_PRINT_DEVICE
#define drm_err(drm, fmt, ...) dev_err((drm)->dev, "[drm] " fmt, ##__VA_ARGS__)
#define drm_warn(drm, fmt, ...) dev_warn((drm)->dev, "[drm] " fmt, ##__VA_ARGS__)
#define drm_warn_once(drm, fmt, ...)					\
	dev_warn_once((drm)->dev, "[drm] " fmt, ##__VA_ARGS__)
#define drm_info(drm, fmt, ...) dev_info((drm)->dev, "[drm] " fmt, ##__VA_ARGS__)
#define drm_dbg_kms(drm, fmt, ...)					\
	DRM_DEV_DEBUG_KMS((drm)->dev, fmt, ##__VA_ARGS__)
#endif

/*
 * drm_rect_init(); new by 5.10.
 */
#if !XDF_HAVE_DRM_RECT_INIT
static inline void drm_rect_init(struct drm_rect *rect, int x, int y, int width,
				 int height)
{
	rect->x1 = x;
	rect->y1 = y;
	rect->x2 = x + width;
	rect->y2 = y + height;
}
#endif

#include "drm_lifetime.h"

/*
 * struct drm_atomic_state became struct drm_atomic_commit, and its functions
 * with it; 7.2. (The function drm_atomic_commit() was there before: src must
 * not call it.)
 */
#if !XDF_HAVE_DRM_ATOMIC_COMMIT_STRUCT
#define drm_atomic_commit drm_atomic_state
#define drm_atomic_commit_get drm_atomic_state_get
#define drm_atomic_commit_put drm_atomic_state_put
#endif

/*
 * A state's pageflip_flags became its async_flip; 5.4.
 */
#if XDF_HAVE_DRM_ASYNC_FLIP
static inline bool compat_is_async_flip(const struct drm_crtc_state *state)
{
	return state->async_flip;
}
#else
static inline bool compat_is_async_flip(const struct drm_crtc_state *state)
{
	return state->pageflip_flags & DRM_MODE_PAGE_FLIP_ASYNC;
}
#endif

/*
 * What fb_create calls is given the format's description; 6.17, as is
 * fb_create: see drm_tables.h.
 */
#if !XDF_HAVE_DRM_FB_CREATE_INFO
#define drm_helper_mode_fill_fb_struct(dev, fb, info, cmd)		\
	((void)(info), drm_helper_mode_fill_fb_struct(dev, fb, cmd))
#endif

/*
 * DRM_PLANE_HELPER_NO_SCALING became DRM_PLANE_NO_SCALING; 6.0.
 */
#if !XDF_HAVE_DRM_NO_SCALING
#define DRM_PLANE_NO_SCALING DRM_PLANE_HELPER_NO_SCALING
#endif

/*
 * drm_gem_fb_prepare_fb() became drm_gem_plane_helper_prepare_fb(); 5.13.
 */
#if XDF_HAVE_DRM_PLANE_PREPARE_FB
#include <drm/drm_gem_atomic_helper.h>
#else
#define drm_gem_plane_helper_prepare_fb drm_gem_fb_prepare_fb
#endif

/*
 * nomodeset: vgacon_text_force() became drm_firmware_drivers_only(); 5.17.
 */
#if !XDF_HAVE_DRM_FIRMWARE_ONLY
#if XDF_HAVE_DRM_VGACON_TEXT
#include <linux/console.h>
#define drm_firmware_drivers_only() vgacon_text_force()
#else
#define drm_firmware_drivers_only() false
#endif
#endif

/*
 * Exporting buffers needed a feature flag; gone in 5.4.
 */
#if XDF_HAVE_DRM_DRIVER_PRIME
#define DRIVER_GEM (DRIVER_GEM | DRIVER_PRIME)
#endif

/*
 * The console: drm_fbdev_generic_setup() became drm_fbdev_ttm_setup() for those
 * without a helper of their own in 6.11 (nothing in it is TTM's), and that
 * became .fbdev_probe and drm_client_setup() in 6.13 and within the 6.12
 * series.
 */
#include <drm/drm_fbdev_ttm.h>
#if !XDF_HAVE_DRM_FBDEV_TTM_PROBE
#undef DRM_FBDEV_TTM_DRIVER_OPS
#define DRM_FBDEV_TTM_DRIVER_OPS .fbdev_probe = NULL
#endif

#if XDF_HAVE_DRM_CLIENT_SETUP
#include <drm/drm_client_setup.h>
#include <drm/clients/drm_client_setup.h>
#if !XDF_HAVE_DRM_FBDEV_TTM_PROBE
/* with nothing to draw through the console would complain at each boot */
static inline void compat_client_setup(struct drm_device *dev,
				       const struct drm_format_info *format)
{
	if (!IS_ENABLED(CONFIG_DRM_FBDEV_EMULATION))
		drm_client_setup(dev, format);
}

#define drm_client_setup compat_client_setup
#endif
#else
#if XDF_HAVE_DRM_FBDEV_GENERIC
#include <drm/drm_fb_helper.h>
#include <drm/drm_fbdev_generic.h>
#endif
static inline void compat_client_setup(struct drm_device *dev,
				       const struct drm_format_info *format)
{
	unsigned int bpp __maybe_unused = format ? format->cpp[0] * 8 : 32;

#if XDF_HAVE_DRM_FBDEV_TTM_SETUP
	drm_fbdev_ttm_setup(dev, bpp);
#elif XDF_HAVE_DRM_FBDEV_GENERIC
	drm_fbdev_generic_setup(dev, bpp);
#endif
}

#define drm_client_setup compat_client_setup
#endif

/*
 * drm_gem_object_put() was for those with a lock, drm_gem_object_put_unlocked()
 * for the rest; 5.9.
 */
#if XDF_HAVE_DRM_GEM_PUT_UNLOCKED
#define drm_gem_object_put(obj) drm_gem_object_put_unlocked(obj)
#endif

/*
 * drm_prime_pages_to_sg(pages, count) became (dev, pages, count); 5.10.
 */
#if !XDF_HAVE_DRM_PAGES_TO_SG_DEV
#define drm_prime_pages_to_sg(dev, pages, count)			\
	((void)(dev), drm_prime_pages_to_sg(pages, count))
#endif

/*
 * drm_prime_sg_to_page_addr_arrays() became drm_prime_sg_to_page_array(); 5.11.
 */
#if !XDF_HAVE_DRM_SG_PAGE_ARRAY
#define drm_prime_sg_to_page_array(sgt, pages, count)			\
	drm_prime_sg_to_page_addr_arrays(sgt, pages, NULL, count)
#endif

/*
 * EDID: drm_do_get_edid() and struct edid became drm_edid_read_custom() and
 * the opaque struct drm_edid; 6.0. The modes are added by a call of their own
 * since 6.3; before, drm_edid_connector_update() did it on the side.
 */
#if !XDF_HAVE_DRM_EDID_CUSTOM
struct drm_edid;

static inline const struct drm_edid *
compat_edid_read_custom(struct drm_connector *connector,
			int (*read)(void *context, u8 *buf, unsigned int block,
				    size_t len),
			void *context)
{
#if XDF_HAVE_DRM_DO_GET_EDID
	return (const struct drm_edid *)drm_do_get_edid(connector, read,
							context);
#else
	return NULL;
#endif
}

static inline int compat_edid_connector_update(struct drm_connector *connector,
					       const struct drm_edid *edid)
{
	return drm_connector_update_edid_property(connector,
						  (const struct edid *)edid);
}

static inline int compat_edid_add_modes(struct drm_connector *connector)
{
	struct drm_property_blob *blob = connector->edid_blob_ptr;

	return blob ? drm_add_edid_modes(connector, blob->data) : 0;
}

static inline void compat_edid_free(const struct drm_edid *edid)
{
	kfree(edid);
}

#define drm_edid_read_custom compat_edid_read_custom
#define drm_edid_connector_update compat_edid_connector_update
#define drm_edid_connector_add_modes compat_edid_add_modes
#define drm_edid_free compat_edid_free
#elif !XDF_HAVE_DRM_EDID_MODES
static inline int compat_edid_connector_update(struct drm_connector *connector,
					       const struct drm_edid *edid)
{
	int ret = drm_edid_connector_update(connector, edid);

	return min(ret, 0);
}

#define drm_edid_connector_update compat_edid_connector_update

/* they are there already */
static inline int compat_edid_add_modes(struct drm_connector *connector)
{
	struct list_head *mode;
	int count = 0;

	list_for_each(mode, &connector->probed_modes)
		count++;
	return count;
}

#define drm_edid_connector_add_modes compat_edid_add_modes
#endif

#include "drm_tables.h"

#endif /* XDF_COMPAT_DRM_H */
