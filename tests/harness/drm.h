/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Stand-ins for DRM, as far as the driver goes; see kernel.h. */
#ifndef HARNESS_DRM_H
#define HARNESS_DRM_H

#include <drm/drm.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_mode.h>

#define MAX_CRTCS	32

struct drm_device;
struct drm_file;
struct drm_crtc;
struct drm_plane;
struct drm_connector;
struct drm_encoder;
struct drm_framebuffer;
struct drm_gem_object;
struct drm_atomic_commit;
struct drm_plane_state;
struct drm_crtc_state;
struct drm_minor;
struct drm_printer;

/*
 * Rectangles, formats, modes
 */

struct drm_rect { int x1, y1, x2, y2; };

#define drm_rect_width(r)	((r)->x2 - (r)->x1)
#define drm_rect_height(r)	((r)->y2 - (r)->y1)
#define drm_rect_visible(r)	(drm_rect_width(r) > 0 && drm_rect_height(r) > 0)
#define drm_rect_init(r, x, y, w, h) \
	(*(r) = (struct drm_rect) { x, y, (int)(x) + (int)(w), (int)(y) + (int)(h) })
#define drm_rect_translate(r, dx, dy) \
	((r)->x1 += (dx), (r)->x2 += (dx), (r)->y1 += (dy), (r)->y2 += (dy))
#define drm_rect_equals(a, b)	(!memcmp(a, b, sizeof(*(a))))
bool drm_rect_intersect(struct drm_rect *a, const struct drm_rect *b);

struct drm_format_info { u32 format; u8 depth, num_planes, cpp[4]; bool has_alpha; };
const struct drm_format_info *drm_format_info(u32 format);
#define drm_get_format_info(dev, format, modifier) drm_format_info(format)

struct drm_display_mode {
	struct list_head head;
	char name[32];
	int clock;
	u16 hdisplay, hsync_start, hsync_end, htotal;
	u16 vdisplay, vsync_start, vsync_end, vtotal;
	u32 flags, type;
};

enum drm_mode_status {
	MODE_OK, MODE_BAD, MODE_NO_INTERLACE, MODE_NO_DBLESCAN, MODE_CLOCK_RANGE, MODE_MEM,
	MODE_VIRTUAL_X, MODE_VIRTUAL_Y, MODE_ONE_SIZE, MODE_ERROR,
};

struct drm_display_mode *drm_mode_create(struct drm_device *dev);
void drm_mode_destroy(struct drm_device *dev, struct drm_display_mode *mode);
void drm_mode_set_name(struct drm_display_mode *mode);
int drm_mode_vrefresh(const struct drm_display_mode *mode);
void drm_mode_probed_add(struct drm_connector *connector, struct drm_display_mode *mode);
int drm_add_modes_noedid(struct drm_connector *connector, unsigned int width,
			 unsigned int height);

/*
 * Objects
 */

struct drm_mode_object { u32 id; };
struct drm_property { struct drm_mode_object base; };
struct drm_info_node;
struct drm_info_list {
	const char *name;
	int (*show)(struct seq_file *m, void *unused);
	u32 driver_features;
	void *data;
};
struct drm_minor { struct drm_device *dev; void *debugfs_root; };
struct drm_info_node { struct drm_minor *minor; const struct drm_info_list *info_ent; };
struct drm_debugfs_info { const char *name; int (*show)(struct seq_file *m, void *unused); };
struct drm_debugfs_entry { struct drm_device *dev; struct drm_debugfs_info file; };

struct file_operations { int unused; };
#define DEFINE_DRM_GEM_FOPS(n)	static const struct file_operations n
#define DRM_FBDEV_TTM_DRIVER_OPS .fbdev_probe = NULL

struct drm_driver {
	u32 driver_features;
	const struct file_operations *fops;
	int (*dumb_create)(struct drm_file *file, struct drm_device *dev,
			   struct drm_mode_create_dumb *args);
	struct drm_gem_object *(*gem_create_object)(struct drm_device *dev, size_t size);
	struct drm_gem_object *(*gem_prime_import)(struct drm_device *dev, struct dma_buf *buf);
	struct drm_gem_object *(*gem_prime_import_sg_table)(struct drm_device *dev,
							    struct dma_buf_attachment *attach,
							    struct sg_table *sgt);
	void (*debugfs_init)(struct drm_minor *minor);
	void (*release)(struct drm_device *dev);
	int (*open)(struct drm_device *dev, struct drm_file *file);
	void (*postclose)(struct drm_device *dev, struct drm_file *file);
	int (*fbdev_probe)(void *helper, void *sizes);
	const char *name, *desc, *date;
	int major, minor, patchlevel;
};
#define DRIVER_GEM		1
#define DRIVER_MODESET		2
#define DRIVER_ATOMIC		4

struct drm_mode_config_funcs {
	struct drm_framebuffer *(*fb_create)(struct drm_device *dev, struct drm_file *file,
					     const struct drm_format_info *info,
					     const struct drm_mode_fb_cmd2 *cmd);
	int (*atomic_check)(struct drm_device *dev, struct drm_atomic_commit *commit);
	int (*atomic_commit)(struct drm_device *dev, struct drm_atomic_commit *commit,
			     bool nonblock);
	enum drm_mode_status (*mode_valid)(struct drm_device *dev,
					   const struct drm_display_mode *mode);
};
struct drm_mode_config_helper_funcs {
	void (*atomic_commit_tail)(struct drm_atomic_commit *commit);
	int (*atomic_commit_setup)(struct drm_atomic_commit *commit);
};
struct drm_mode_config {
	struct mutex mutex;
	int min_width, min_height, max_width, max_height;
	u32 preferred_depth, prefer_shadow, cursor_width, cursor_height;
	bool async_page_flip, quirk_addfb_prefer_host_byte_order;
	const struct drm_mode_config_funcs *funcs;
	const struct drm_mode_config_helper_funcs *helper_private;
	int num_crtc, num_connector;
	struct drm_crtc *crtcs[MAX_CRTCS];
	struct drm_plane *planes[MAX_CRTCS];
	struct drm_connector *connectors[MAX_CRTCS];
	struct drm_encoder *encoders[MAX_CRTCS];
};

struct drm_device {
	struct device *dev;
	const struct drm_driver *driver;
	struct drm_minor *primary, minor_own;
	struct drm_mode_config mode_config;
	spinlock_t event_lock;
	spinlock_t vbl_lock;
	struct kref ref;
	bool registered;
	bool unplugged;
	bool vblank_disable_immediate;
	int sections;
	wait_queue_head_t section_wait;
	struct devres *managed;
	struct mutex managed_lock;
	void *container;
	void *dev_private;
	struct console *console;
	struct mutex console_lock;
	const struct drm_info_list *debugfs;
	int debugfs_count;
	unsigned int hotplugs;
};

struct drm_device *drm_dev_make(struct device *parent, const struct drm_driver *driver,
				size_t size, size_t offset);
#define devm_drm_dev_alloc(parent, driver, type, member) ({		\
	struct drm_device *_d = drm_dev_make(parent, driver, sizeof(type), \
					     offsetof(type, member));	\
									\
	IS_ERR(_d) ? (type *)_d : container_of(_d, type, member);	\
})
void drm_dev_get(struct drm_device *dev);
void drm_dev_put(struct drm_device *dev);
int drm_dev_register(struct drm_device *dev, unsigned long flags);
void drm_dev_unregister(struct drm_device *dev);
void drm_dev_unplug(struct drm_device *dev);
bool drm_dev_enter(struct drm_device *dev, int *idx);
void drm_dev_exit(int idx);
bool drm_dev_is_unplugged(struct drm_device *dev);
#define drm_firmware_drivers_only() false
void drm_client_setup(struct drm_device *dev, const struct drm_format_info *format);
int drmm_add_action(struct drm_device *dev, void (*fn)(struct drm_device *dev, void *data),
		    void *data);
int drmm_add_action_or_reset(struct drm_device *dev,
			     void (*fn)(struct drm_device *dev, void *data), void *data);
void *drmm_kmalloc(struct drm_device *dev, size_t size, gfp_t gfp);
#define drmm_kzalloc(d, n, f)	drmm_kmalloc(d, n, (f) | __GFP_ZERO)
#define drmm_kcalloc(d, n, s, f) drmm_kzalloc(d, (size_t)(n) * (s), f)
int drmm_mutex_init(struct drm_device *dev, struct mutex *lock);
int drmm_mode_config_init(struct drm_device *dev);
void drm_mode_config_reset(struct drm_device *dev);
void drm_debugfs_create_files(const struct drm_info_list *files, int count, void *root,
			      struct drm_minor *minor);
struct drm_property *drm_property_create_range(struct drm_device *dev, u32 flags,
					       const char *name, u64 min, u64 max);
#define drm_object_attach_property(o, p, v) ((void)(o), (void)(p))
#define drm_object_property_set_value(o, p, v) ((void)(o), (void)(p), 0)

#define drm_err(d, f...)	dev_err((d)->dev, "[drm] " f)
#define drm_warn		drm_err
#define drm_info		drm_err
#define drm_notice		drm_err
#define drm_warn_once(d, f...)	dev_warn_once((d)->dev, "[drm] " f)
#define drm_info_once		drm_warn_once
#define drm_err_once		drm_warn_once
#define drm_err_ratelimited(d, f...) dev_err_ratelimited((d)->dev, "[drm] " f)
#define drm_dbg_kms(d, f...)	dev_dbg((d)->dev, f)
#define drm_dbg			drm_dbg_kms
#define drm_dbg_driver		drm_dbg_kms
#define drm_dbg_atomic		drm_dbg_kms
#define drm_dbg_prime		drm_dbg_kms

/*
 * Buffers and framebuffers
 */

struct drm_gem_object_funcs {
	void (*free)(struct drm_gem_object *obj);
	int (*open)(struct drm_gem_object *obj, struct drm_file *file);
	void (*close)(struct drm_gem_object *obj, struct drm_file *file);
	struct sg_table *(*get_sg_table)(struct drm_gem_object *obj);
	int (*pin)(struct drm_gem_object *obj);
	void (*unpin)(struct drm_gem_object *obj);
	int (*vmap)(struct drm_gem_object *obj, struct iosys_map *map);
	void (*vunmap)(struct drm_gem_object *obj, struct iosys_map *map);
	int (*mmap)(struct drm_gem_object *obj, struct vm_area_struct *vma);
	struct dma_buf *(*export)(struct drm_gem_object *obj, int flags);
	void *(*status)(struct drm_gem_object *obj);
	const struct vm_operations_struct *vm_ops;
};
struct drm_vma_offset_node { unsigned long start; };
struct drm_gem_object {
	struct kref refcount;
	struct drm_device *dev;
	struct file *filp;
	struct drm_vma_offset_node vma_node;
	size_t size;
	const struct drm_gem_object_funcs *funcs;
	struct dma_buf *dma_buf;
	struct dma_buf_attachment *import_attach;
	struct dma_resv *resv;
	struct dma_resv _resv;
};
int drm_gem_object_init(struct drm_device *dev, struct drm_gem_object *obj, size_t size);
void drm_gem_private_object_init(struct drm_device *dev, struct drm_gem_object *obj,
				 size_t size);
void drm_gem_object_release(struct drm_gem_object *obj);
void drm_gem_object_get(struct drm_gem_object *obj);
void drm_gem_object_put(struct drm_gem_object *obj);
struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle);
int drm_gem_handle_create(struct drm_file *file, struct drm_gem_object *obj, u32 *handle);
int drm_gem_create_mmap_offset(struct drm_gem_object *obj);
struct page **drm_gem_get_pages(struct drm_gem_object *obj);
void drm_gem_put_pages(struct drm_gem_object *obj, struct page **pages, bool dirty,
		       bool accessed);
#define drm_gem_is_imported(o)	((o)->import_attach != NULL)
#define drm_vma_node_start(n)	((n)->start)
#define drm_gem_vm_open		NULL
#define drm_gem_vm_close	NULL
struct drm_gem_object *drm_gem_prime_import_dev(struct drm_device *dev, struct dma_buf *buf,
						struct device *attach_dev);
void drm_prime_gem_destroy(struct drm_gem_object *obj, struct sg_table *sgt);
struct sg_table *drm_prime_pages_to_sg(struct drm_device *dev, struct page **pages,
				       unsigned int count);
int drm_prime_sg_to_page_array(struct sg_table *sgt, struct page **pages, int count);
#define drm_gem_prime_handle_to_fd NULL
#define drm_gem_prime_fd_to_handle NULL

struct drm_framebuffer_funcs {
	void (*destroy)(struct drm_framebuffer *fb);
	int (*create_handle)(struct drm_framebuffer *fb, struct drm_file *file, u32 *handle);
	int (*dirty)(struct drm_framebuffer *fb, struct drm_file *file, unsigned int flags,
		     unsigned int color, struct drm_clip_rect *clips, unsigned int count);
};
struct drm_framebuffer {
	struct drm_device *dev;
	struct kref ref;
	const struct drm_format_info *format;
	const struct drm_framebuffer_funcs *funcs;
	unsigned int pitches[4], offsets[4], width, height;
	u64 modifier;
	int flags;
	struct drm_gem_object *obj[4];
};
#define drm_gem_fb_create_handle NULL
int drm_framebuffer_init(struct drm_device *dev, struct drm_framebuffer *fb,
			 const struct drm_framebuffer_funcs *funcs);
void drm_framebuffer_cleanup(struct drm_framebuffer *fb);
void drm_framebuffer_get(struct drm_framebuffer *fb);
void drm_framebuffer_put(struct drm_framebuffer *fb);
void drm_helper_mode_fill_fb_struct(struct drm_device *dev, struct drm_framebuffer *fb,
				    const struct drm_format_info *info,
				    const struct drm_mode_fb_cmd2 *cmd);

/*
 * Planes
 */

enum drm_plane_type { DRM_PLANE_TYPE_OVERLAY, DRM_PLANE_TYPE_PRIMARY, DRM_PLANE_TYPE_CURSOR };

struct drm_plane_state {
	struct drm_plane *plane;
	struct drm_crtc *crtc;
	struct drm_framebuffer *fb;
	struct dma_fence *fence;
	int crtc_x, crtc_y;
	u32 crtc_w, crtc_h, src_x, src_y, src_h, src_w;
	unsigned int rotation, zpos, normalized_zpos;
	u16 alpha, pixel_blend_mode;
	/* in place of the property's blob: nothing for all */
	struct drm_rect damage;
	bool damaged, ignore_damage_clips, visible;
	struct drm_rect src, dst;
	struct drm_atomic_commit *state;
	struct drm_crtc_commit *commit;
};
struct drm_scanout_buffer {
	const struct drm_format_info *format;
	struct iosys_map map[4];
	struct page **pages;
	unsigned int width, height, pitch[4];
	void *private;
	void (*set_pixel)(struct drm_scanout_buffer *sb, unsigned int x, unsigned int y,
			  u32 color);
};
struct drm_plane_helper_funcs {
	int (*prepare_fb)(struct drm_plane *plane, struct drm_plane_state *state);
	void (*cleanup_fb)(struct drm_plane *plane, struct drm_plane_state *state);
	int (*begin_fb_access)(struct drm_plane *plane, struct drm_plane_state *state);
	void (*end_fb_access)(struct drm_plane *plane, struct drm_plane_state *state);
	int (*atomic_check)(struct drm_plane *plane, struct drm_atomic_commit *commit);
	void (*atomic_update)(struct drm_plane *plane, struct drm_atomic_commit *commit);
	void (*atomic_enable)(struct drm_plane *plane, struct drm_atomic_commit *commit);
	void (*atomic_disable)(struct drm_plane *plane, struct drm_atomic_commit *commit);
	int (*atomic_async_check)(struct drm_plane *plane, struct drm_atomic_commit *commit,
				  bool flip);
	void (*atomic_async_update)(struct drm_plane *plane, struct drm_atomic_commit *commit);
	int (*get_scanout_buffer)(struct drm_plane *plane, struct drm_scanout_buffer *sb);
	void (*panic_flush)(struct drm_plane *plane);
};
struct drm_plane_funcs {
	void *update_plane, *disable_plane;
	void (*destroy)(struct drm_plane *plane);
	void (*reset)(struct drm_plane *plane);
	struct drm_plane_state *(*atomic_duplicate_state)(struct drm_plane *plane);
	void (*atomic_destroy_state)(struct drm_plane *plane, struct drm_plane_state *state);
	bool (*format_mod_supported)(struct drm_plane *plane, u32 format, u64 modifier);
	bool (*format_mod_supported_async)(struct drm_plane *plane, u32 format, u64 modifier);
};
struct drm_plane {
	struct drm_device *dev;
	struct drm_mode_object base;
	char *name;
	u32 possible_crtcs;
	int index;
	struct drm_plane_state *state;
	const struct drm_plane_funcs *funcs;
	const struct drm_plane_helper_funcs *helper_private;
};
#define drm_atomic_helper_update_plane NULL
#define drm_atomic_helper_disable_plane NULL
#define DRM_PLANE_NO_SCALING	(1 << 16)
#define DRM_MODE_BLEND_PREMULTI	0
#define DRM_MODE_BLEND_COVERAGE	1
#define DRM_MODE_BLEND_PIXEL_NONE 2
int drm_universal_plane_init(struct drm_device *dev, struct drm_plane *plane, u32 crtcs,
			     const struct drm_plane_funcs *funcs, const u32 *formats,
			     unsigned int count, const u64 *modifiers, enum drm_plane_type type,
			     const char *name, ...);
void drm_plane_cleanup(struct drm_plane *plane);
#define drm_plane_helper_add(p, f) ((p)->helper_private = (f))
#define drm_plane_enable_fb_damage_clips(p) ((void)(p))
#define drm_plane_create_blend_mode_property(p, m) ((void)(p), fails() ? -ENOMEM : 0)
#define drm_plane_index(p)	((p)->index)
int drm_gem_plane_helper_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state);
void __drm_atomic_helper_plane_reset(struct drm_plane *plane, struct drm_plane_state *state);
void __drm_atomic_helper_plane_duplicate_state(struct drm_plane *plane,
					       struct drm_plane_state *state);
void __drm_atomic_helper_plane_destroy_state(struct drm_plane_state *state);
void drm_atomic_helper_plane_reset(struct drm_plane *plane);
struct drm_plane_state *drm_atomic_helper_plane_duplicate_state(struct drm_plane *plane);
void drm_atomic_helper_plane_destroy_state(struct drm_plane *plane,
					   struct drm_plane_state *state);
int drm_atomic_helper_check_plane_state(struct drm_plane_state *state,
					const struct drm_crtc_state *crtc_state, int min_scale,
					int max_scale, bool can_position,
					bool can_update_disabled);
bool drm_atomic_helper_damage_merged(const struct drm_plane_state *old,
				     const struct drm_plane_state *state,
				     struct drm_rect *rect);

/*
 * CRTCs
 */

struct drm_crtc_commit {
	struct kref ref;
	struct completion hw_done, flip_done, cleanup_done;
};

struct drm_pending_vblank_event {
	struct drm_crtc_commit *commit;
	/* userspace's, which frees it; else nobody's */
	struct completion *done;
	struct drm_pending_vblank_event *next;
};

struct drm_crtc_state {
	struct drm_crtc *crtc;
	bool enable, active, planes_changed, mode_changed, active_changed, connectors_changed;
	bool no_vblank, async_flip, self_refresh_active;
	u32 plane_mask, connector_mask, encoder_mask;
	struct drm_display_mode mode, adjusted_mode;
	struct drm_pending_vblank_event *event;
	struct drm_crtc_commit *commit;
	struct drm_atomic_commit *state;
};
struct drm_crtc_helper_funcs {
	enum drm_mode_status (*mode_valid)(struct drm_crtc *crtc,
					   const struct drm_display_mode *mode);
	int (*atomic_check)(struct drm_crtc *crtc, struct drm_atomic_commit *commit);
	void (*atomic_begin)(struct drm_crtc *crtc, struct drm_atomic_commit *commit);
	void (*atomic_flush)(struct drm_crtc *crtc, struct drm_atomic_commit *commit);
	void (*atomic_enable)(struct drm_crtc *crtc, struct drm_atomic_commit *commit);
	void (*atomic_disable)(struct drm_crtc *crtc, struct drm_atomic_commit *commit);
};
struct drm_crtc_funcs {
	void (*destroy)(struct drm_crtc *crtc);
	void *set_config, *page_flip;
	void (*reset)(struct drm_crtc *crtc);
	struct drm_crtc_state *(*atomic_duplicate_state)(struct drm_crtc *crtc);
	void (*atomic_destroy_state)(struct drm_crtc *crtc, struct drm_crtc_state *state);
	int (*enable_vblank)(struct drm_crtc *crtc);
	void (*disable_vblank)(struct drm_crtc *crtc);
	int (*set_crc_source)(struct drm_crtc *crtc, const char *source);
	int (*verify_crc_source)(struct drm_crtc *crtc, const char *source, size_t *count);
	bool (*get_vblank_timestamp)(struct drm_crtc *crtc, int *max_error, ktime_t *time,
				     bool in_vblank_irq);
};
struct drm_crtc {
	struct drm_device *dev;
	struct drm_mode_object base;
	char *name;
	struct mutex mutex;
	struct drm_plane *primary, *cursor;
	int index;
	struct drm_crtc_state *state;
	const struct drm_crtc_funcs *funcs;
	const struct drm_crtc_helper_funcs *helper_private;
	/* the commit that was begun last, and the one before it */
	struct drm_crtc_commit *last, *older;
	/* vblanks */
	int refcount, inmodeset;
	bool enabled;
	u32 count;
	struct hrtimer disable;
	struct drm_pending_vblank_event *armed;
	unsigned long crcs;
};
#define drm_atomic_helper_set_config NULL
#define drm_atomic_helper_page_flip NULL
int drm_crtc_init_with_planes(struct drm_device *dev, struct drm_crtc *crtc,
			      struct drm_plane *primary, struct drm_plane *cursor,
			      const struct drm_crtc_funcs *funcs, const char *name, ...);
void drm_crtc_cleanup(struct drm_crtc *crtc);
#define drm_crtc_helper_add(c, f) ((c)->helper_private = (f))
#define drm_modeset_lock(l, ctx) mutex_lock(l)
#define drm_modeset_unlock(l) mutex_unlock(l)
#define drm_crtc_index(c)	((c)->index)
#define drm_crtc_mask(c)	(1u << (c)->index)
int drm_vblank_init(struct drm_device *dev, unsigned int count);
int drm_crtc_vblank_get(struct drm_crtc *crtc);
void drm_crtc_vblank_put(struct drm_crtc *crtc);
void drm_crtc_vblank_on(struct drm_crtc *crtc);
void drm_crtc_vblank_off(struct drm_crtc *crtc);
void drm_crtc_vblank_reset(struct drm_crtc *crtc);
bool drm_crtc_handle_vblank(struct drm_crtc *crtc);
u64 drm_crtc_vblank_count(struct drm_crtc *crtc);
void drm_crtc_send_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *e);
void drm_crtc_arm_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *e);
int drm_crtc_add_crc_entry(struct drm_crtc *crtc, bool has_frame, u32 frame, u32 *crcs);
void drm_atomic_helper_crtc_reset(struct drm_crtc *crtc);
struct drm_crtc_state *drm_atomic_helper_crtc_duplicate_state(struct drm_crtc *crtc);
void drm_atomic_helper_crtc_destroy_state(struct drm_crtc *crtc, struct drm_crtc_state *state);

/*
 * Connectors and encoders
 */

enum drm_connector_status {
	connector_status_connected = 1, connector_status_disconnected, connector_status_unknown,
};
struct drm_display_info { bool non_desktop; u32 width_mm, height_mm; };
struct drm_connector_state { struct drm_connector *connector; };
struct drm_connector_funcs {
	enum drm_connector_status (*detect)(struct drm_connector *connector, bool force);
	int (*fill_modes)(struct drm_connector *connector, u32 width, u32 height);
	void (*destroy)(struct drm_connector *connector);
	void (*reset)(struct drm_connector *connector);
	void *atomic_duplicate_state, *atomic_destroy_state;
};
struct drm_connector_helper_funcs {
	int (*get_modes)(struct drm_connector *connector);
	enum drm_mode_status (*mode_valid)(struct drm_connector *connector,
					   const struct drm_display_mode *mode);
	int (*detect_ctx)(struct drm_connector *connector, void *ctx, bool force);
};
struct drm_connector {
	struct drm_device *dev;
	struct drm_mode_object base;
	char name_own[32], *name;
	int index;
	enum drm_connector_status status;
	struct list_head modes, probed_modes;
	struct drm_display_info display_info;
	const struct drm_connector_funcs *funcs;
	const struct drm_connector_helper_funcs *helper_private;
	const void *edid;
};
struct drm_encoder_funcs { void (*destroy)(struct drm_encoder *encoder); };
struct drm_encoder { struct drm_device *dev; u32 possible_crtcs; const struct drm_encoder_funcs *funcs; };
#define drm_atomic_helper_connector_reset NULL
#define drm_atomic_helper_connector_duplicate_state NULL
#define drm_atomic_helper_connector_destroy_state NULL
int drm_encoder_init(struct drm_device *dev, struct drm_encoder *encoder,
		     const struct drm_encoder_funcs *funcs, int type, const char *name, ...);
void drm_encoder_cleanup(struct drm_encoder *encoder);
int drm_connector_init(struct drm_device *dev, struct drm_connector *connector,
		       const struct drm_connector_funcs *funcs, int type);
void drm_connector_cleanup(struct drm_connector *connector);
#define drm_connector_helper_add(c, f) ((c)->helper_private = (f))
#define drm_connector_attach_edid_property(c) ((void)(c))
#define drm_connector_attach_encoder(c, e) ((void)(c), (void)(e), fails() ? -ENOMEM : 0)
int drm_helper_probe_single_connector_modes(struct drm_connector *connector, u32 width,
					    u32 height);
void drm_kms_helper_hotplug_event(struct drm_device *dev);
struct drm_edid;
const struct drm_edid *drm_edid_read_custom(struct drm_connector *connector,
					    int (*read)(void *context, u8 *buf,
							unsigned int block, size_t len),
					    void *context);
int drm_edid_connector_update(struct drm_connector *connector, const struct drm_edid *edid);
int drm_edid_connector_add_modes(struct drm_connector *connector);
void drm_edid_free(const struct drm_edid *edid);

/*
 * Commits
 */

struct drm_atomic_commit {
	struct drm_device *dev;
	struct kref ref;
	struct {
		struct drm_plane_state *old_plane, *new_plane;
		struct drm_crtc_state *old_crtc, *new_crtc;
		struct drm_crtc_commit *commit, *before;
		bool prepared;
	} of[MAX_CRTCS], *crtcs;
	bool nonblock, swapped, legacy_cursor_update, async_update;
	struct work_struct commit_work;
};
#define drm_atomic_get_new_plane_state(c, p) ((c)->of[(p)->index].new_plane)
#define drm_atomic_get_old_plane_state(c, p) ((c)->of[(p)->index].old_plane)
#define drm_atomic_get_new_crtc_state(c, p) ((c)->of[(p)->index].new_crtc)
#define drm_atomic_get_old_crtc_state(c, p) ((c)->of[(p)->index].old_crtc)
#define drm_atomic_crtc_needs_modeset(s) \
	((s)->mode_changed || (s)->active_changed || (s)->connectors_changed)
#define for_each_new_crtc_in_state(c, crtc, s, i)			\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((crtc = (c)->dev->mode_config.crtcs[i], s = (c)->of[i].new_crtc))
#define for_each_old_crtc_in_state(c, crtc, s, i)			\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((crtc = (c)->dev->mode_config.crtcs[i], s = (c)->of[i].old_crtc))
#define for_each_oldnew_crtc_in_state(c, crtc, o, s, i)			\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((crtc = (c)->dev->mode_config.crtcs[i], o = (c)->of[i].old_crtc, \
		     s = (c)->of[i].new_crtc))
/* what changes connectors changes modes here */
#define for_each_new_connector_in_state(c, connector, s, i)		\
	for (i = 0, (void)(connector), (void)(s); i < 0; i++)
#define for_each_new_plane_in_state(c, plane, s, i)			\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((plane = (c)->dev->mode_config.planes[i], s = (c)->of[i].new_plane))
#define for_each_old_plane_in_state(c, plane, s, i)			\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((plane = (c)->dev->mode_config.planes[i], s = (c)->of[i].old_plane))
#define for_each_oldnew_plane_in_state(c, plane, o, s, i)		\
	for (i = 0; i < (c)->dev->mode_config.num_crtc; i++)		\
		if ((plane = (c)->dev->mode_config.planes[i], o = (c)->of[i].old_plane, \
		     s = (c)->of[i].new_plane))
#define drm_atomic_commit_get(c) (kref_get(&(c)->ref), (c))
void drm_atomic_commit_put(struct drm_atomic_commit *commit);
int drm_atomic_add_affected_planes(struct drm_atomic_commit *commit, struct drm_crtc *crtc);
int drm_atomic_helper_check(struct drm_device *dev, struct drm_atomic_commit *commit);
int drm_atomic_helper_commit(struct drm_device *dev, struct drm_atomic_commit *commit,
			     bool nonblock);
int drm_atomic_helper_setup_commit(struct drm_atomic_commit *commit, bool nonblock);
int drm_atomic_helper_prepare_planes(struct drm_device *dev, struct drm_atomic_commit *commit);
void drm_atomic_helper_unprepare_planes(struct drm_device *dev,
					struct drm_atomic_commit *commit);
int drm_atomic_helper_swap_state(struct drm_atomic_commit *commit, bool stall);
int drm_atomic_helper_wait_for_fences(struct drm_device *dev, struct drm_atomic_commit *commit,
				      bool pre_swap);
void drm_atomic_helper_wait_for_dependencies(struct drm_atomic_commit *commit);
void drm_atomic_helper_commit_modeset_disables(struct drm_device *dev,
					       struct drm_atomic_commit *commit);
void drm_atomic_helper_commit_modeset_enables(struct drm_device *dev,
					      struct drm_atomic_commit *commit);
void drm_atomic_helper_commit_planes(struct drm_device *dev, struct drm_atomic_commit *commit,
				     u32 flags);
void drm_atomic_helper_commit_hw_done(struct drm_atomic_commit *commit);
void drm_atomic_helper_wait_for_flip_done(struct drm_device *dev,
					  struct drm_atomic_commit *commit);
void drm_atomic_helper_cleanup_planes(struct drm_device *dev, struct drm_atomic_commit *commit);
void drm_atomic_helper_commit_cleanup_done(struct drm_atomic_commit *commit);
void drm_atomic_helper_shutdown(struct drm_device *dev);

/*
 * The harness's side: userspace
 */

#define USER_HANDLES	64

struct drm_file {
	struct drm_device *dev;
	struct mutex lock;
	struct drm_gem_object *handles[USER_HANDLES];
	struct file *filp;
	bool is_master;
};

struct user_commit {
	unsigned int crtc;
	/* width 0 for off */
	unsigned int width, height;
	struct drm_framebuffer *fb;
	/* of the framebuffer, in whole pixels; the size is the mode's */
	unsigned int x, y;
	struct drm_rect damage;
	bool damaged, async, nonblock;
	/* with it an event is asked for */
	struct completion *done;
};

void drm_start(void);
/* A new user of the card that is registered now; NULL when there is none. */
struct drm_file *user_open(void);
void user_close(struct drm_file *file);
int user_dumb(struct drm_file *file, u32 width, u32 height, u32 bpp,
		struct drm_mode_create_dumb *args);
int user_import(struct drm_file *file, struct dma_buf *buf, u32 *handle);
void user_gem_close(struct drm_file *file, u32 handle);
struct drm_framebuffer *user_addfb(struct drm_file *file, u32 handle, u32 width, u32 height,
				     u32 pitch, u32 offset, u32 format);
void user_rmfb(struct drm_file *file, struct drm_framebuffer *fb);
int user_commit(struct drm_file *file, const struct user_commit *args);
int user_dirty(struct drm_file *file, struct drm_framebuffer *fb, struct drm_clip_rect *clip);
void user_probe(struct drm_file *file);
void user_debugfs(struct drm_file *file);
void user_draw(struct drm_file *file, u32 handle, u8 byte);
void user_panic(struct drm_file *file, unsigned int crtc);
/* The first mode that is preferred; false when the connector is off. */
bool user_mode(struct drm_file *file, unsigned int connector, unsigned int *width,
		 unsigned int *height);
unsigned int drm_objects_left(void);
unsigned long drm_events_sent(void);

#define drm_for_each_crtc(crtc, dev)						\
	for (int i_ = 0; i_ < (dev)->mode_config.num_crtc &&			\
	     ((crtc) = (dev)->mode_config.crtcs[i_], true); i_++)
#define drm_crtc_from_index(dev, i)	((dev)->mode_config.crtcs[i])

#endif /* HARNESS_DRM_H */
