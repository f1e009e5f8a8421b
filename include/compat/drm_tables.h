/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DRM: tables of hooks of which an older kernel lacks some, or calls some in
 * another way.
 *
 * Where that is so, src fills a table of the same name that has the newest
 * kernel's hooks, as far as they are used, and whoever is given it fills the
 * kernel's own. That one is the caller's, static: more than one call writes the
 * same values. The hooks that differ find the former behind the latter.
 */
#ifndef XDF_COMPAT_DRM_TABLES_H
#define XDF_COMPAT_DRM_TABLES_H

#include <drm/drm_file.h>

/*
 * Hooks of planes took the plane's own state and take the whole update; 5.13.
 * atomic_check had the new state, the others the old one, and both point to
 * the update.
 * The panic screen; 6.10. It can draw into pages since 6.16, and tells the
 * plane since 6.14 and within the 6.12 series.
 */
#if XDF_HAVE_DRM_PANIC_SCANOUT
#include <drm/drm_panic.h>
#else
struct drm_scanout_buffer {
	const struct drm_format_info *format;
	struct iosys_map map[4];
	unsigned int width;
	unsigned int height;
	unsigned int pitch[4];
};
#endif

static inline bool compat_panic_set_pages(struct drm_scanout_buffer *sb,
					  struct page **pages)
{
#if XDF_HAVE_DRM_PANIC_PAGES
	sb->pages = pages;
	return true;
#else
	return false;
#endif
}

#if !XDF_HAVE_DRM_PANIC_FLUSH
struct compat_plane_helper_funcs {
	int (*prepare_fb)(struct drm_plane *plane, struct drm_plane_state *state);
	void (*cleanup_fb)(struct drm_plane *plane, struct drm_plane_state *state);
	int (*atomic_check)(struct drm_plane *plane,
			    struct drm_atomic_commit *commit);
	void (*atomic_update)(struct drm_plane *plane,
			      struct drm_atomic_commit *commit);
	int (*get_scanout_buffer)(struct drm_plane *plane,
				  struct drm_scanout_buffer *sb);
	void (*panic_flush)(struct drm_plane *plane);
};

struct compat_plane_helper {
	struct drm_plane_helper_funcs own;
	const struct compat_plane_helper_funcs *funcs;
};

#if XDF_HAVE_DRM_PLANE_OWN_STATE
static inline const struct compat_plane_helper_funcs *
compat_plane_helper(struct drm_plane *plane)
{
	return container_of(plane->helper_private, struct compat_plane_helper,
			    own)->funcs;
}

static inline int compat_plane_atomic_check(struct drm_plane *plane,
					    struct drm_plane_state *state)
{
	return compat_plane_helper(plane)->atomic_check(plane, state->state);
}

static inline void compat_plane_atomic_update(struct drm_plane *plane,
					      struct drm_plane_state *old)
{
	compat_plane_helper(plane)->atomic_update(plane, old->state);
}
#endif

static inline void
compat_plane_helper_add(struct drm_plane *plane,
			const struct compat_plane_helper_funcs *funcs,
			struct compat_plane_helper *helper)
{
	helper->funcs = funcs;
	helper->own.prepare_fb = funcs->prepare_fb;
	helper->own.cleanup_fb = funcs->cleanup_fb;
#if XDF_HAVE_DRM_PLANE_OWN_STATE
	helper->own.atomic_check = compat_plane_atomic_check;
	helper->own.atomic_update = compat_plane_atomic_update;
#else
	helper->own.atomic_check = funcs->atomic_check;
	helper->own.atomic_update = funcs->atomic_update;
#endif
#if XDF_HAVE_DRM_PANIC_SCANOUT
	helper->own.get_scanout_buffer = funcs->get_scanout_buffer;
#endif
	drm_plane_helper_add(plane, &helper->own);
}

#define drm_plane_helper_funcs compat_plane_helper_funcs
#define drm_plane_helper_add(plane, funcs)				\
	do {								\
		static struct compat_plane_helper compat_helper;	\
									\
		compat_plane_helper_add(plane, funcs, &compat_helper);	\
	} while (0)
#endif

/*
 * A plane says which formats it flips asynchronously; 6.16. Before, programs
 * had to try. (A table for that alone would be longer than it is worth.)
 */
#if XDF_HAVE_DRM_ASYNC_FORMATS
#define COMPAT_PLANE_ASYNC_FORMATS(fn) .format_mod_supported_async = fn,
#else
#define COMPAT_PLANE_ASYNC_FORMATS(fn)
#endif

/*
 * Hooks of CRTCs took the CRTC's own state, as those of planes; 5.11.
 */
#if XDF_HAVE_DRM_CRTC_OWN_STATE
struct compat_crtc_helper_funcs {
	enum drm_mode_status (*mode_valid)(struct drm_crtc *crtc,
					   const struct drm_display_mode *mode);
	int (*atomic_check)(struct drm_crtc *crtc,
			    struct drm_atomic_commit *commit);
	void (*atomic_enable)(struct drm_crtc *crtc,
			      struct drm_atomic_commit *commit);
	void (*atomic_disable)(struct drm_crtc *crtc,
			       struct drm_atomic_commit *commit);
	void (*atomic_flush)(struct drm_crtc *crtc,
			     struct drm_atomic_commit *commit);
};

struct compat_crtc_helper {
	struct drm_crtc_helper_funcs own;
	const struct compat_crtc_helper_funcs *funcs;
};

static inline const struct compat_crtc_helper_funcs *
compat_crtc_helper(struct drm_crtc *crtc)
{
	return container_of(crtc->helper_private, struct compat_crtc_helper,
			    own)->funcs;
}

static inline int compat_crtc_atomic_check(struct drm_crtc *crtc,
					   struct drm_crtc_state *state)
{
	return compat_crtc_helper(crtc)->atomic_check(crtc, state->state);
}

static inline void compat_crtc_atomic_enable(struct drm_crtc *crtc,
					     struct drm_crtc_state *old)
{
	compat_crtc_helper(crtc)->atomic_enable(crtc, old->state);
}

static inline void compat_crtc_atomic_disable(struct drm_crtc *crtc,
					      struct drm_crtc_state *old)
{
	compat_crtc_helper(crtc)->atomic_disable(crtc, old->state);
}

static inline void compat_crtc_atomic_flush(struct drm_crtc *crtc,
					    struct drm_crtc_state *old)
{
	compat_crtc_helper(crtc)->atomic_flush(crtc, old->state);
}

static inline void
compat_crtc_helper_add(struct drm_crtc *crtc,
		       const struct compat_crtc_helper_funcs *funcs,
		       struct compat_crtc_helper *helper)
{
	helper->funcs = funcs;
	helper->own.mode_valid = funcs->mode_valid;
	helper->own.atomic_check = compat_crtc_atomic_check;
	helper->own.atomic_enable = compat_crtc_atomic_enable;
	helper->own.atomic_disable = compat_crtc_atomic_disable;
	helper->own.atomic_flush = compat_crtc_atomic_flush;
	drm_crtc_helper_add(crtc, &helper->own);
}

#define drm_crtc_helper_funcs compat_crtc_helper_funcs
#define drm_crtc_helper_add(crtc, funcs)				\
	do {								\
		static struct compat_crtc_helper compat_helper;		\
									\
		compat_crtc_helper_add(crtc, funcs, &compat_helper);	\
	} while (0)
#endif

/*
 * A CRTC knows when its last vblank was; 5.7. Before, that was asked of the
 * whole driver; left out there, events bear the time at which they are sent.
 * (A table for that alone would be longer than it is worth.)
 */
#if XDF_HAVE_DRM_CRTC_VBLANK_TIME
#define COMPAT_CRTC_VBLANK_TIME(fn) .get_vblank_timestamp = fn,
#define compat_has_vblank_time true
#else
#define compat_has_vblank_time false
#define COMPAT_CRTC_VBLANK_TIME(fn)
#endif

/*
 * fb_create is given the description of the format, which it had to ask for;
 * 6.17.
 */
#if XDF_HAVE_DRM_FB_CREATE_INFO
#define COMPAT_MODE_CONFIG_FUNCS(funcs) (funcs)
#else
struct compat_mode_config_funcs {
	struct drm_framebuffer *(*fb_create)(struct drm_device *dev,
					     struct drm_file *file,
					     const struct drm_format_info *info,
					     const struct drm_mode_fb_cmd2 *cmd);
	int (*atomic_check)(struct drm_device *dev,
			    struct drm_atomic_commit *commit);
	int (*atomic_commit)(struct drm_device *dev,
			     struct drm_atomic_commit *commit, bool nonblock);
};

struct compat_mode_config {
	struct drm_mode_config_funcs own;
	const struct compat_mode_config_funcs *funcs;
};

static inline struct drm_framebuffer *
compat_fb_create(struct drm_device *dev, struct drm_file *file,
		 const struct drm_mode_fb_cmd2 *cmd)
{
	const struct compat_mode_config *config =
		container_of(dev->mode_config.funcs, struct compat_mode_config,
			     own);

	return config->funcs->fb_create(dev, file,
					drm_get_format_info(dev, cmd), cmd);
}

static inline const struct drm_mode_config_funcs *
compat_mode_config_fill(const struct compat_mode_config_funcs *funcs,
			struct compat_mode_config *config)
{
	config->funcs = funcs;
	config->own.fb_create = compat_fb_create;
	config->own.atomic_check = funcs->atomic_check;
	config->own.atomic_commit = funcs->atomic_commit;
	return &config->own;
}

#define drm_mode_config_funcs compat_mode_config_funcs
#define COMPAT_MODE_CONFIG_FUNCS(funcs)					\
({									\
	static struct compat_mode_config compat_config;			\
									\
	compat_mode_config_fill(funcs, &compat_config);			\
})
#endif

/*
 * Mapping a buffer returned an address, filled a struct dma_buf_map from 5.11
 * and fills a struct iosys_map since 5.18 (see mm.h).
 * A buffer has a hook of its own to be mapped by userspace; 5.5. Before, the
 * card's file had one, for all, and set the flags for memory of a device.
 */
#if XDF_HAVE_DRM_VMAP_POINTER
struct compat_gem_object_funcs {
	void (*free)(struct drm_gem_object *obj);
	struct sg_table *(*get_sg_table)(struct drm_gem_object *obj);
	int (*vmap)(struct drm_gem_object *obj, struct iosys_map *map);
	int (*mmap)(struct drm_gem_object *obj, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

struct compat_gem {
	struct drm_gem_object_funcs own;
	const struct compat_gem_object_funcs *funcs;
};

static inline const struct compat_gem_object_funcs *
compat_gem(struct drm_gem_object *obj)
{
	return container_of(obj->funcs, struct compat_gem, own)->funcs;
}

static inline void *compat_gem_vmap(struct drm_gem_object *obj)
{
	struct iosys_map map;
	int ret = compat_gem(obj)->vmap(obj, &map);

	return ret ? ERR_PTR(ret) : map.vaddr;
}

static inline const struct drm_gem_object_funcs *
compat_gem_fill(const struct compat_gem_object_funcs *funcs,
		struct compat_gem *gem)
{
	gem->funcs = funcs;
	gem->own.free = funcs->free;
	gem->own.get_sg_table = funcs->get_sg_table;
	gem->own.vmap = compat_gem_vmap;
	gem->own.vm_ops = funcs->vm_ops;
#if XDF_HAVE_DRM_GEM_MMAP
	gem->own.mmap = funcs->mmap;
#endif
	return &gem->own;
}

#define drm_gem_object_funcs compat_gem_object_funcs
#define COMPAT_GEM_FUNCS(funcs)						\
({									\
	static struct compat_gem compat_table;				\
									\
	compat_gem_fill(funcs, &compat_table);				\
})

#if !XDF_HAVE_DRM_GEM_MMAP
static inline int compat_gem_mmap(struct file *file,
				  struct vm_area_struct *vma)
{
	struct drm_gem_object *obj;
	int ret = drm_gem_mmap(file, vma);

	if (ret)
		return ret;
	obj = vma->vm_private_data;
	vma->vm_flags &= ~VM_IO;
	ret = compat_gem(obj)->mmap(obj, vma);
	/* a mapping that fails is not closed */
	if (ret)
		drm_gem_vm_close(vma);
	return ret;
}

#undef DEFINE_DRM_GEM_FOPS
#define DEFINE_DRM_GEM_FOPS(name)					\
	static const struct file_operations name = {			\
		.owner = THIS_MODULE,					\
		.open = drm_open,					\
		.release = drm_release,					\
		.unlocked_ioctl = drm_ioctl,				\
		.compat_ioctl = drm_compat_ioctl,			\
		.poll = drm_poll,					\
		.read = drm_read,					\
		.llseek = noop_llseek,					\
		.mmap = compat_gem_mmap,				\
	}
#endif
#else
#define COMPAT_GEM_FUNCS(funcs) (funcs)
#endif

/*
 * struct drm_driver:
 * constant; 5.11. Before, DRM wrote to it only for legacy drivers.
 * .date, only ever shown: gone in 6.14.
 * .debugfs_init returned an int; 5.8.
 * .prime_handle_to_fd and back: what everybody sets became the default in 6.6;
 * .gem_prime_mmap likewise, and is gone.
 * .release: see drm_lifetime.h.
 * .fbdev_probe: see drm.h; 6.13 and within the 6.12 series.
 */
#if XDF_HAVE_DRM_DRIVER_DATE
struct compat_drm_driver {
	u32 driver_features;
	const struct file_operations *fops;
	int (*dumb_create)(struct drm_file *file, struct drm_device *dev,
			   struct drm_mode_create_dumb *args);
	struct drm_gem_object *(*gem_prime_import)(struct drm_device *dev,
						   struct dma_buf *dmabuf);
	struct drm_gem_object *(*gem_prime_import_sg_table)(struct drm_device *dev,
							    struct dma_buf_attachment *attach,
							    struct sg_table *sgt);
	int (*fbdev_probe)(struct drm_fb_helper *helper,
			   struct drm_fb_helper_surface_size *sizes);
	void (*debugfs_init)(struct drm_minor *minor);
	const char *name;
	const char *desc;
	int major;
	int minor;
};

struct compat_driver {
	struct drm_driver own;
	const struct compat_drm_driver *driver;
};

#if !XDF_HAVE_DRM_DEBUGFS_VOID
static inline int compat_debugfs_init(struct drm_minor *minor)
{
	const struct compat_driver *driver =
		container_of(minor->dev->driver, struct compat_driver, own);

	driver->driver->debugfs_init(minor);
	return 0;
}
#endif

static inline struct drm_driver *
compat_driver_fill(const struct compat_drm_driver *from, struct compat_driver *to)
{
	struct drm_driver *own = &to->own;

	to->driver = from;
	own->driver_features = from->driver_features;
	own->fops = from->fops;
	own->dumb_create = from->dumb_create;
	own->gem_prime_import = from->gem_prime_import;
	own->gem_prime_import_sg_table = from->gem_prime_import_sg_table;
	own->name = (char *)from->name;
	own->desc = (char *)from->desc;
	own->date = "20261122";
	own->major = from->major;
	own->minor = from->minor;
#if XDF_HAVE_DRM_DEBUGFS_VOID
	own->debugfs_init = from->debugfs_init;
#else
	own->debugfs_init = compat_debugfs_init;
#endif
#if !XDF_HAVE_DRM_MANAGED
	own->release = compat_drm_release;
#endif
#if XDF_HAVE_DRM_DRIVER_PRIME_HANDLES
	own->prime_handle_to_fd = drm_gem_prime_handle_to_fd;
	own->prime_fd_to_handle = drm_gem_prime_fd_to_handle;
#endif
#if XDF_HAVE_DRM_DRIVER_PRIME_MMAP
	own->gem_prime_mmap = drm_gem_prime_mmap;
#endif
#if XDF_HAVE_DRM_FBDEV_TTM_PROBE
	own->fbdev_probe = from->fbdev_probe;
#endif
	return own;
}

#define drm_driver compat_drm_driver
#undef devm_drm_dev_alloc
#define devm_drm_dev_alloc(parent, driver, type, member)		\
({									\
	static struct compat_driver compat_driver;			\
									\
	(type *)__devm_drm_dev_alloc(parent,				\
				     compat_driver_fill(driver, &compat_driver), \
				     sizeof(type), offsetof(type, member)); \
})
#endif

#endif /* XDF_COMPAT_DRM_TABLES_H */
