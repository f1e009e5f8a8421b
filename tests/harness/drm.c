// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Stand-ins for DRM, and userspace's side of it: see drm.h. */
#include <unistd.h>

static struct drm_device *card;
static pthread_mutex_t card_lock = PTHREAD_MUTEX_INITIALIZER;
enum object_kind { OBJECT_DEVICE, OBJECT_BUFFER, OBJECT_FB, OBJECT_KINDS };
static unsigned int objects[OBJECT_KINDS];
static unsigned long events_sent;

static void count_object(enum object_kind kind, int by)
{
	__atomic_add_fetch(&objects[kind], by, __ATOMIC_SEQ_CST);
}

unsigned int drm_objects_left(void)
{
	unsigned int n[OBJECT_KINDS], i, sum = 0;

	for (i = 0; i < OBJECT_KINDS; i++) {
		n[i] = __atomic_load_n(&objects[i], __ATOMIC_SEQ_CST);
		sum += n[i];
	}
	if (sum)
		fprintf(stderr, "left: %u devices, %u buffers, %u framebuffers\n", n[0], n[1], n[2]);
	return sum;
}

unsigned long drm_events_sent(void)
{
	return __atomic_load_n(&events_sent, __ATOMIC_RELAXED);
}

/*
 * The device
 */

struct managed {
	void (*fn)(struct drm_device *dev, void *data);
	void *data;
	struct drm_device *dev;
};

static void drm_dev_free(struct drm_device *dev)
{
	struct devres *res;

	if (dev->sections || dev->console)
		bug("the device is freed while it is in use");
	if (dev->driver->release)
		dev->driver->release(dev);
	while ((res = dev->managed)) {
		struct managed *m = res->data;

		dev->managed = res->next;
		m->fn(dev, m->data);
		free(m);
		free(res);
	}
	mutex_destroy(&dev->managed_lock);
	mutex_destroy(&dev->console_lock);
	put_device(dev->dev);
	count_object(OBJECT_DEVICE, -1);
	free(dev->container);
}

void drm_dev_get(struct drm_device *dev)
{
	kref_get(&dev->ref);
}

void drm_dev_put(struct drm_device *dev)
{
	might_sleep();
	if (dev && kref_put(&dev->ref, NULL))
		drm_dev_free(dev);
}

static void drm_dev_put_devm(void *dev)
{
	drm_dev_put(dev);
}

struct drm_device *drm_dev_make(struct device *parent, const struct drm_driver *driver,
				size_t size, size_t offset)
{
	char *container = kzalloc(size, GFP_KERNEL);
	struct drm_device *dev = (struct drm_device *)(container + offset);
	int ret;

	if (!container)
		return ERR_PTR(-ENOMEM);
	dev->container = container;
	dev->dev = get_device(parent);
	dev->driver = driver;
	dev->minor_own.dev = dev;
	dev->primary = &dev->minor_own;
	kref_init(&dev->ref);
	spin_lock_init(&dev->event_lock);
	spin_lock_init(&dev->vbl_lock);
	mutex_init(&dev->managed_lock);
	mutex_init(&dev->console_lock);
	init_waitqueue_head(&dev->section_wait);
	count_object(OBJECT_DEVICE, 1);
	ret = devm_add_action_or_reset(parent, drm_dev_put_devm, dev);
	return ret ? ERR_PTR(ret) : dev;
}

int drmm_add_action(struct drm_device *dev, void (*fn)(struct drm_device *dev, void *data),
		    void *data)
{
	struct managed *m = kmalloc(sizeof(*m), GFP_KERNEL);
	struct devres *res;

	if (!m)
		return -ENOMEM;
	*m = (struct managed) { fn, data, dev };
	res = calloc(1, sizeof(*res));
	res->data = m;
	mutex_lock(&dev->managed_lock);
	res->next = dev->managed;
	dev->managed = res;
	mutex_unlock(&dev->managed_lock);
	return 0;
}

int drmm_add_action_or_reset(struct drm_device *dev,
			     void (*fn)(struct drm_device *dev, void *data), void *data)
{
	int ret = drmm_add_action(dev, fn, data);

	if (ret)
		fn(dev, data);
	return ret;
}

static void drmm_free(struct drm_device *dev, void *data)
{
	free(data);
}

void *drmm_kmalloc(struct drm_device *dev, size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	if (p && drmm_add_action_or_reset(dev, drmm_free, p))
		return NULL;
	return p;
}

static void drmm_mutex_end(struct drm_device *dev, void *data)
{
	mutex_destroy(data);
}

int drmm_mutex_init(struct drm_device *dev, struct mutex *lock)
{
	mutex_init(lock);
	return drmm_add_action_or_reset(dev, drmm_mutex_end, lock);
}

/* Which devices this thread is in. */
static __thread struct drm_device *sections[8];
static __thread unsigned int section_depth;

bool drm_dev_enter(struct drm_device *dev, int *idx)
{
	bool ok;

	pthread_mutex_lock(&card_lock);
	ok = !dev->unplugged;
	if (ok)
		dev->sections++;
	pthread_mutex_unlock(&card_lock);
	if (ok) {
		*idx = section_depth;
		sections[section_depth++ % ARRAY_SIZE(sections)] = dev;
	}
	return ok;
}

void drm_dev_exit(int idx)
{
	struct drm_device *dev = sections[--section_depth % ARRAY_SIZE(sections)];

	pthread_mutex_lock(&card_lock);
	if (--dev->sections < 0)
		bug("drm_dev_exit() without its enter");
	pthread_mutex_unlock(&card_lock);
	wake_up_all(&dev->section_wait);
}

bool drm_dev_is_unplugged(struct drm_device *dev)
{
	bool ret;

	pthread_mutex_lock(&card_lock);
	ret = dev->unplugged;
	pthread_mutex_unlock(&card_lock);
	return ret;
}

int drm_dev_register(struct drm_device *dev, unsigned long flags)
{
	int i;

	might_sleep();
	if (fails())
		return -ENOMEM;
	if (dev->driver->debugfs_init)
		dev->driver->debugfs_init(dev->primary);
	pthread_mutex_lock(&card_lock);
	/* there is place for one: that of the device before may go a moment later */
	for (i = 0; card; i++) {
		if (i == 120000)
			bug("a card is registered for minutes after its device has gone");
		pthread_mutex_unlock(&card_lock);
		usleep(1000);
		pthread_mutex_lock(&card_lock);
	}
	card = dev;
	dev->registered = true;
	pthread_mutex_unlock(&card_lock);
	return 0;
}

static void console_end(struct drm_device *dev);

static int sections_of(struct drm_device *dev)
{
	int n;

	pthread_mutex_lock(&card_lock);
	n = dev->sections;
	pthread_mutex_unlock(&card_lock);
	return n;
}

void drm_dev_unregister(struct drm_device *dev)
{
	might_sleep();
	console_end(dev);
	pthread_mutex_lock(&card_lock);
	card = NULL;
	dev->registered = false;
	pthread_mutex_unlock(&card_lock);
}

void drm_dev_unplug(struct drm_device *dev)
{
	might_sleep();
	pthread_mutex_lock(&card_lock);
	dev->unplugged = true;
	pthread_mutex_unlock(&card_lock);
	wait_event(dev->section_wait, !sections_of(dev));
	drm_dev_unregister(dev);
}

static void mode_config_end(struct drm_device *dev, void *data)
{
	struct drm_mode_config *c = &dev->mode_config;
	int i;

	for (i = 0; i < MAX_CRTCS; i++)
		if (c->connectors[i])
			c->connectors[i]->funcs->destroy(c->connectors[i]);
	for (i = 0; i < MAX_CRTCS; i++)
		if (c->encoders[i])
			c->encoders[i]->funcs->destroy(c->encoders[i]);
	for (i = 0; i < MAX_CRTCS; i++)
		if (c->planes[i])
			c->planes[i]->funcs->destroy(c->planes[i]);
	for (i = 0; i < MAX_CRTCS; i++)
		if (c->crtcs[i])
			c->crtcs[i]->funcs->destroy(c->crtcs[i]);
	mutex_destroy(&c->mutex);
}

int drmm_mode_config_init(struct drm_device *dev)
{
	mutex_init(&dev->mode_config.mutex);
	return drmm_add_action_or_reset(dev, mode_config_end, NULL);
}

void drm_mode_config_reset(struct drm_device *dev)
{
	struct drm_mode_config *c = &dev->mode_config;
	unsigned int fail = fail_one_in;
	int i;

	/* DRM does not live through that either */
	fail_one_in = 0;
	for (i = 0; i < c->num_crtc; i++) {
		c->planes[i]->funcs->reset(c->planes[i]);
		c->crtcs[i]->funcs->reset(c->crtcs[i]);
	}
	fail_one_in = fail;
}

void drm_debugfs_create_files(const struct drm_info_list *files, int count, void *root,
			      struct drm_minor *minor)
{
	minor->dev->debugfs = files;
	minor->dev->debugfs_count = count;
}

struct drm_property *drm_property_create_range(struct drm_device *dev, u32 flags,
					       const char *name, u64 min, u64 max)
{
	return drmm_kzalloc(dev, sizeof(struct drm_property), GFP_KERNEL);
}

/*
 * Rectangles, formats, modes
 */

bool drm_rect_intersect(struct drm_rect *a, const struct drm_rect *b)
{
	a->x1 = max(a->x1, b->x1);
	a->y1 = max(a->y1, b->y1);
	a->x2 = min(a->x2, b->x2);
	a->y2 = min(a->y2, b->y2);
	return drm_rect_visible(a);
}

const struct drm_format_info *drm_format_info(u32 format)
{
	static struct drm_format_info infos[256];
	static unsigned int count;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct drm_format_info *info;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < count && infos[i].format != format; i++)
		;
	info = &infos[i];
	if (i == count && count < 255) {
		info->format = format;
		info->num_planes = 1;
		switch (format) {
		case DRM_FORMAT_RGB565:
		case DRM_FORMAT_BGR565:
		case DRM_FORMAT_XRGB1555:
		case DRM_FORMAT_ARGB1555:
		case DRM_FORMAT_XRGB4444:
		case DRM_FORMAT_ARGB4444:
			info->cpp[0] = 2;
			break;
		case DRM_FORMAT_RGB888:
		case DRM_FORMAT_BGR888:
			info->cpp[0] = 3;
			break;
		default:
			info->cpp[0] = 4;
		}
		count++;
	}
	pthread_mutex_unlock(&lock);
	return info;
}

struct drm_display_mode *drm_mode_create(struct drm_device *dev)
{
	return kzalloc(sizeof(struct drm_display_mode), GFP_KERNEL);
}

void drm_mode_destroy(struct drm_device *dev, struct drm_display_mode *mode)
{
	kfree(mode);
}

void drm_mode_set_name(struct drm_display_mode *mode)
{
	snprintf(mode->name, sizeof(mode->name), "%dx%d", mode->hdisplay, mode->vdisplay);
}

int drm_mode_vrefresh(const struct drm_display_mode *mode)
{
	if (!mode->htotal || !mode->vtotal)
		return 0;
	return (mode->clock * 1000LL + mode->htotal * mode->vtotal / 2) /
		(mode->htotal * mode->vtotal);
}

void drm_mode_probed_add(struct drm_connector *connector, struct drm_display_mode *mode)
{
	list_add_tail(&mode->head, &connector->probed_modes);
}

/* The same blanking for all, as a virtual display has it. */
static void mode_fill(struct drm_display_mode *mode, unsigned int width, unsigned int height)
{
	mode->hdisplay = width;
	mode->hsync_start = width + 8;
	mode->hsync_end = width + 16;
	mode->htotal = width + 80;
	mode->vdisplay = height;
	mode->vsync_start = height + 2;
	mode->vsync_end = height + 4;
	mode->vtotal = height + 20;
	mode->clock = mode->htotal * mode->vtotal * 60 / 1000;
	drm_mode_set_name(mode);
}

int drm_add_modes_noedid(struct drm_connector *connector, unsigned int width,
			 unsigned int height)
{
	static const u16 sizes[][2] = { { 640, 480 }, { 64, 48 }, { 48, 32 } };
	struct drm_display_mode *mode;
	unsigned int i;
	int n = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i][0] > width || sizes[i][1] > height)
			continue;
		mode = drm_mode_create(connector->dev);
		if (!mode)
			continue;
		mode_fill(mode, sizes[i][0], sizes[i][1]);
		mode->type = DRM_MODE_TYPE_DRIVER;
		drm_mode_probed_add(connector, mode);
		n++;
	}
	return n;
}

/*
 * Connectors and encoders
 */

int drm_encoder_init(struct drm_device *dev, struct drm_encoder *encoder,
		     const struct drm_encoder_funcs *funcs, int type, const char *name, ...)
{
	int i;

	if (fails())
		return -ENOMEM;
	encoder->dev = dev;
	encoder->funcs = funcs;
	for (i = 0; dev->mode_config.encoders[i]; i++)
		;
	dev->mode_config.encoders[i] = encoder;
	return 0;
}

void drm_encoder_cleanup(struct drm_encoder *encoder)
{
}

int drm_connector_init(struct drm_device *dev, struct drm_connector *connector,
		       const struct drm_connector_funcs *funcs, int type)
{
	if (fails())
		return -ENOMEM;
	connector->dev = dev;
	connector->funcs = funcs;
	connector->index = dev->mode_config.num_connector++;
	INIT_LIST_HEAD(&connector->modes);
	INIT_LIST_HEAD(&connector->probed_modes);
	snprintf(connector->name_own, sizeof(connector->name_own), "Virtual-%d",
		 connector->index + 1);
	connector->name = connector->name_own;
	dev->mode_config.connectors[connector->index] = connector;
	return 0;
}

static void modes_free(struct list_head *modes)
{
	while (!list_empty(modes)) {
		struct drm_display_mode *mode =
			list_first_entry(modes, struct drm_display_mode, head);

		list_del(&mode->head);
		kfree(mode);
	}
}

void drm_connector_cleanup(struct drm_connector *connector)
{
	modes_free(&connector->modes);
	modes_free(&connector->probed_modes);
	kfree(connector->edid);
}

static bool mode_is_valid(struct drm_connector *connector, const struct drm_display_mode *mode)
{
	struct drm_crtc *crtc = connector->dev->mode_config.crtcs[connector->index];

	if (connector->helper_private->mode_valid &&
	    connector->helper_private->mode_valid(connector, mode) != MODE_OK)
		return false;
	return !crtc->helper_private->mode_valid ||
		crtc->helper_private->mode_valid(crtc, mode) == MODE_OK;
}

int drm_helper_probe_single_connector_modes(struct drm_connector *connector, u32 width,
					    u32 height)
{
	struct drm_display_mode *mode, *next;
	int count = 0;

	might_sleep();
	if (mutex_trylock(&connector->dev->mode_config.mutex))
		bug("modes are looked for without the mode configuration's mutex");
	connector->status = connector->funcs->detect ?
		connector->funcs->detect(connector, true) : connector_status_connected;
	modes_free(&connector->modes);
	connector->display_info.non_desktop = false;
	if (connector->status == connector_status_disconnected)
		return 0;
	connector->helper_private->get_modes(connector);
	list_splice_init(&connector->probed_modes, &connector->modes);
	list_for_each_entry_safe(mode, next, &connector->modes, head) {
		if (mode->hdisplay <= width && mode->vdisplay <= height &&
		    mode_is_valid(connector, mode)) {
			if (!mode->name[0])
				drm_mode_set_name(mode);
			count++;
			continue;
		}
		list_del(&mode->head);
		kfree(mode);
	}
	return count;
}

static void console_hotplug(struct drm_device *dev);

void drm_kms_helper_hotplug_event(struct drm_device *dev)
{
	might_sleep();
	__atomic_add_fetch(&dev->hotplugs, 1, __ATOMIC_RELAXED);
	console_hotplug(dev);
}

struct drm_edid { size_t size; u8 data[]; };

const struct drm_edid *drm_edid_read_custom(struct drm_connector *connector,
					    int (*read)(void *context, u8 *buf,
							unsigned int block, size_t len),
					    void *context)
{
	struct drm_edid *edid = kzalloc(sizeof(*edid) + 128, GFP_KERNEL);

	if (!edid)
		return NULL;
	edid->size = 128;
	if (!read(context, edid->data, 0, 128))
		return edid;
	kfree(edid);
	return NULL;
}

int drm_edid_connector_update(struct drm_connector *connector, const struct drm_edid *edid)
{
	kfree(connector->edid);
	connector->edid = edid ? kmemdup(edid, sizeof(*edid) + edid->size, GFP_KERNEL) : NULL;
	return 0;
}

int drm_edid_connector_add_modes(struct drm_connector *connector)
{
	return connector->edid ? drm_add_modes_noedid(connector, 100, 100) : 0;
}

void drm_edid_free(const struct drm_edid *edid)
{
	kfree(edid);
}

/*
 * Buffers and framebuffers
 */

void drm_gem_private_object_init(struct drm_device *dev, struct drm_gem_object *obj,
				 size_t size)
{
	if (size % PAGE_SIZE)
		bug("a buffer is no whole number of pages");
	kref_init(&obj->refcount);
	obj->dev = dev;
	obj->size = size;
	obj->resv = &obj->_resv;
	count_object(OBJECT_BUFFER, 1);
}

int drm_gem_object_init(struct drm_device *dev, struct drm_gem_object *obj, size_t size)
{
	struct file *filp;

	filp = kzalloc(sizeof(*filp) + sizeof(struct address_space), GFP_KERNEL);
	if (!filp)
		return -ENOMEM;
	filp->f_mapping = (struct address_space *)(filp + 1);
	drm_gem_private_object_init(dev, obj, size);
	obj->filp = filp;
	return 0;
}

void drm_gem_object_release(struct drm_gem_object *obj)
{
	kfree(obj->filp);
	count_object(OBJECT_BUFFER, -1);
}

void drm_gem_object_get(struct drm_gem_object *obj)
{
	kref_get(&obj->refcount);
}

void drm_gem_object_put(struct drm_gem_object *obj)
{
	might_sleep();
	if (obj && kref_put(&obj->refcount, NULL))
		obj->funcs->free(obj);
}

struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = NULL;

	mutex_lock(&file->lock);
	if (handle && handle <= USER_HANDLES)
		obj = file->handles[handle - 1];
	if (obj)
		drm_gem_object_get(obj);
	mutex_unlock(&file->lock);
	return obj;
}

int drm_gem_handle_create(struct drm_file *file, struct drm_gem_object *obj, u32 *handle)
{
	unsigned int i;

	if (fails())
		return -ENOMEM;
	mutex_lock(&file->lock);
	for (i = 0; i < USER_HANDLES && file->handles[i]; i++)
		;
	if (i < USER_HANDLES) {
		drm_gem_object_get(obj);
		file->handles[i] = obj;
		*handle = i + 1;
	}
	mutex_unlock(&file->lock);
	return i < USER_HANDLES ? 0 : -ENOMEM;
}

int drm_gem_create_mmap_offset(struct drm_gem_object *obj)
{
	return fails() ? -ENOMEM : 0;
}

struct page **drm_gem_get_pages(struct drm_gem_object *obj)
{
	unsigned int i, count = obj->size / PAGE_SIZE;
	struct page **list = kcalloc(count, sizeof(*list), GFP_KERNEL);

	if (!list)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < count; i++) {
		list[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!list[i]) {
			while (i--)
				put_page(list[i]);
			kfree(list);
			return ERR_PTR(-ENOMEM);
		}
	}
	return list;
}

void drm_gem_put_pages(struct drm_gem_object *obj, struct page **list, bool dirty,
		       bool accessed)
{
	unsigned int i;

	for (i = 0; i < obj->size / PAGE_SIZE; i++)
		put_page(list[i]);
	kfree(list);
}

struct drm_gem_object *drm_gem_prime_import_dev(struct drm_device *dev, struct dma_buf *buf,
						struct device *attach_dev)
{
	unsigned int i, count = buf->size / PAGE_SIZE;
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;
	struct sg_table *sgt;

	if (buf->pageless || fails())
		return ERR_PTR(-EINVAL);
	attach = kzalloc(sizeof(*attach), GFP_KERNEL | __GFP_NOFAIL);
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL | __GFP_NOFAIL);
	sg_alloc_table(sgt, count, GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < count; i++)
		sg_set_page(&sgt->sgl[i], buf->pages[i], PAGE_SIZE, 0);
	attach->dmabuf = buf;
	get_dma_buf(buf);
	__atomic_add_fetch(&buf->attachments, 1, __ATOMIC_SEQ_CST);
	obj = dev->driver->gem_prime_import_sg_table(dev, attach, sgt);
	if (IS_ERR(obj)) {
		sg_free_table(sgt);
		kfree(sgt);
		kfree(attach);
		__atomic_sub_fetch(&buf->attachments, 1, __ATOMIC_SEQ_CST);
		dma_buf_put(buf);
		return obj;
	}
	obj->import_attach = attach;
	obj->resv = buf->resv;
	return obj;
}

void drm_prime_gem_destroy(struct drm_gem_object *obj, struct sg_table *sgt)
{
	struct dma_buf_attachment *attach = obj->import_attach;
	struct dma_buf *buf = attach->dmabuf;

	sg_free_table(sgt);
	kfree(sgt);
	kfree(attach);
	__atomic_sub_fetch(&buf->attachments, 1, __ATOMIC_SEQ_CST);
	dma_buf_put(buf);
}

struct sg_table *drm_prime_pages_to_sg(struct drm_device *dev, struct page **list,
				       unsigned int count)
{
	return ERR_PTR(-EOPNOTSUPP);
}

int drm_prime_sg_to_page_array(struct sg_table *sgt, struct page **list, int count)
{
	int i;

	for (i = 0; i < count; i++)
		list[i] = sgt->sgl[i].page;
	return 0;
}

int drm_framebuffer_init(struct drm_device *dev, struct drm_framebuffer *fb,
			 const struct drm_framebuffer_funcs *funcs)
{
	if (fails())
		return -ENOMEM;
	fb->dev = dev;
	fb->funcs = funcs;
	kref_init(&fb->ref);
	count_object(OBJECT_FB, 1);
	return 0;
}

void drm_framebuffer_cleanup(struct drm_framebuffer *fb)
{
	count_object(OBJECT_FB, -1);
}

void drm_framebuffer_get(struct drm_framebuffer *fb)
{
	kref_get(&fb->ref);
}

void drm_framebuffer_put(struct drm_framebuffer *fb)
{
	might_sleep();
	if (kref_put(&fb->ref, NULL))
		fb->funcs->destroy(fb);
}

void drm_helper_mode_fill_fb_struct(struct drm_device *dev, struct drm_framebuffer *fb,
				    const struct drm_format_info *info,
				    const struct drm_mode_fb_cmd2 *cmd)
{
	fb->dev = dev;
	fb->format = info;
	fb->width = cmd->width;
	fb->height = cmd->height;
	fb->pitches[0] = cmd->pitches[0];
	fb->offsets[0] = cmd->offsets[0];
	fb->modifier = cmd->modifier[0];
	fb->flags = cmd->flags;
}

/*
 * Planes
 */

int drm_universal_plane_init(struct drm_device *dev, struct drm_plane *plane, u32 crtcs,
			     const struct drm_plane_funcs *funcs, const u32 *formats,
			     unsigned int count, const u64 *modifiers, enum drm_plane_type type,
			     const char *name, ...)
{
	if (fails())
		return -ENOMEM;
	plane->dev = dev;
	plane->funcs = funcs;
	/* a primary plane and its CRTC have one number here */
	for (plane->index = 0; dev->mode_config.planes[plane->index]; plane->index++)
		;
	dev->mode_config.planes[plane->index] = plane;
	return 0;
}

void drm_plane_cleanup(struct drm_plane *plane)
{
	if (plane->state)
		plane->funcs->atomic_destroy_state(plane, plane->state);
	plane->state = NULL;
}

int drm_gem_plane_helper_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	return fails() ? -ENOMEM : 0;
}

void __drm_atomic_helper_plane_reset(struct drm_plane *plane, struct drm_plane_state *state)
{
	state->plane = plane;
	state->alpha = 0xffff;
	plane->state = state;
}

void __drm_atomic_helper_plane_duplicate_state(struct drm_plane *plane,
					       struct drm_plane_state *state)
{
	memcpy(state, plane->state, sizeof(*state));
	if (state->fb)
		drm_framebuffer_get(state->fb);
	state->damaged = false;
	state->state = NULL;
	state->commit = NULL;
}

void __drm_atomic_helper_plane_destroy_state(struct drm_plane_state *state)
{
	if (state->fb)
		drm_framebuffer_put(state->fb);
}

void drm_atomic_helper_plane_reset(struct drm_plane *plane)
{
	struct drm_plane_state *state = kzalloc(sizeof(*state), GFP_KERNEL);

	if (plane->state)
		plane->funcs->atomic_destroy_state(plane, plane->state);
	plane->state = NULL;
	if (state)
		__drm_atomic_helper_plane_reset(plane, state);
}

struct drm_plane_state *drm_atomic_helper_plane_duplicate_state(struct drm_plane *plane)
{
	struct drm_plane_state *state = kmalloc(sizeof(*state), GFP_KERNEL);

	if (state)
		__drm_atomic_helper_plane_duplicate_state(plane, state);
	return state;
}

void drm_atomic_helper_plane_destroy_state(struct drm_plane *plane,
					   struct drm_plane_state *state)
{
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(state);
}

int drm_atomic_helper_check_plane_state(struct drm_plane_state *state,
					const struct drm_crtc_state *crtc_state, int min_scale,
					int max_scale, bool can_position,
					bool can_update_disabled)
{
	state->visible = false;
	state->src = (struct drm_rect) { state->src_x, state->src_y, state->src_x + state->src_w,
		state->src_y + state->src_h };
	state->dst = (struct drm_rect) { state->crtc_x, state->crtc_y,
		state->crtc_x + state->crtc_w, state->crtc_y + state->crtc_h };
	if (!state->fb)
		return 0;
	if (!crtc_state->enable && !can_update_disabled)
		return -EINVAL;
	if (state->src_w != state->crtc_w << 16 || state->src_h != state->crtc_h << 16)
		return -ERANGE;
	state->visible = crtc_state->enable;
	if (state->visible && !can_position &&
	    (state->crtc_x || state->crtc_y || state->crtc_w != crtc_state->mode.hdisplay ||
	     state->crtc_h != crtc_state->mode.vdisplay))
		return -EINVAL;
	return 0;
}

bool drm_atomic_helper_damage_merged(const struct drm_plane_state *old,
				     const struct drm_plane_state *state, struct drm_rect *rect)
{
	drm_rect_init(rect, state->src.x1 >> 16, state->src.y1 >> 16,
		      drm_rect_width(&state->src) >> 16, drm_rect_height(&state->src) >> 16);
	if (state->damaged && drm_rect_equals(&old->src, &state->src))
		return drm_rect_intersect(rect, &state->damage);
	return drm_rect_visible(rect);
}

/*
 * CRTCs and vblanks
 */

static void vblank_disable(struct drm_crtc *crtc)
{
	if (!crtc->enabled)
		return;
	crtc->enabled = false;
	crtc->funcs->disable_vblank(crtc);
}

static enum hrtimer_restart vblank_idle(struct hrtimer *timer)
{
	struct drm_crtc *crtc = container_of(timer, struct drm_crtc, disable);

	spin_lock(&crtc->dev->vbl_lock);
	if (!crtc->refcount)
		vblank_disable(crtc);
	spin_unlock(&crtc->dev->vbl_lock);
	return HRTIMER_NORESTART;
}

int drm_crtc_init_with_planes(struct drm_device *dev, struct drm_crtc *crtc,
			      struct drm_plane *primary, struct drm_plane *cursor,
			      const struct drm_crtc_funcs *funcs, const char *name, ...)
{
	if (fails())
		return -ENOMEM;
	crtc->dev = dev;
	crtc->funcs = funcs;
	crtc->primary = primary;
	crtc->index = dev->mode_config.num_crtc++;
	if (crtc->index != primary->index)
		bug("the harness wants each CRTC's plane made just before it");
	mutex_init(&crtc->mutex);
	/* off until it is switched on */
	crtc->inmodeset = 1;
	crtc->refcount = 1;
	hrtimer_setup(&crtc->disable, vblank_idle, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	dev->mode_config.crtcs[crtc->index] = crtc;
	return 0;
}

static void crtc_commit_put(struct drm_crtc_commit *commit)
{
	if (commit && kref_put(&commit->ref, NULL))
		free(commit);
}

void drm_crtc_cleanup(struct drm_crtc *crtc)
{
	if (crtc->state)
		crtc->funcs->atomic_destroy_state(crtc, crtc->state);
	crtc->state = NULL;
	crtc_commit_put(crtc->last);
	crtc_commit_put(crtc->older);
	hrtimer_cancel(&crtc->disable);
	if (crtc->armed)
		bug("a CRTC is freed with an event that waits for its vblank");
	mutex_destroy(&crtc->mutex);
}

int drm_vblank_init(struct drm_device *dev, unsigned int count)
{
	return fails() ? -ENOMEM : 0;
}

int drm_crtc_vblank_get(struct drm_crtc *crtc)
{
	int ret = 0;

	spin_lock(&crtc->dev->vbl_lock);
	if (++crtc->refcount == 1 && !crtc->enabled) {
		ret = crtc->funcs->enable_vblank(crtc);
		crtc->enabled = !ret;
	}
	if (!crtc->enabled)
		ret = -EINVAL;
	if (ret)
		crtc->refcount--;
	spin_unlock(&crtc->dev->vbl_lock);
	return ret;
}

void drm_crtc_vblank_put(struct drm_crtc *crtc)
{
	spin_lock(&crtc->dev->vbl_lock);
	if (--crtc->refcount < 0)
		bug("drm_crtc_vblank_put() without its get");
	/* at once is at the next one */
	if (!crtc->refcount && !crtc->dev->vblank_disable_immediate)
		hrtimer_start(&crtc->disable, 5 * NSEC_PER_SEC, HRTIMER_MODE_REL);
	spin_unlock(&crtc->dev->vbl_lock);
}

void drm_crtc_vblank_on(struct drm_crtc *crtc)
{
	spin_lock(&crtc->dev->vbl_lock);
	if (crtc->inmodeset) {
		crtc->inmodeset = 0;
		crtc->refcount--;
	}
	if (crtc->refcount && !crtc->enabled)
		crtc->enabled = !crtc->funcs->enable_vblank(crtc);
	spin_unlock(&crtc->dev->vbl_lock);
}

static void send_armed(struct drm_crtc *crtc);

void drm_crtc_vblank_off(struct drm_crtc *crtc)
{
	might_sleep();
	spin_lock(&crtc->dev->event_lock);
	spin_lock(&crtc->dev->vbl_lock);
	vblank_disable(crtc);
	if (!crtc->inmodeset) {
		crtc->inmodeset = 1;
		crtc->refcount++;
	}
	spin_unlock(&crtc->dev->vbl_lock);
	send_armed(crtc);
	spin_unlock(&crtc->dev->event_lock);
}

void drm_crtc_vblank_reset(struct drm_crtc *crtc)
{
}

u64 drm_crtc_vblank_count(struct drm_crtc *crtc)
{
	u32 n;

	spin_lock(&crtc->dev->vbl_lock);
	n = crtc->count;
	spin_unlock(&crtc->dev->vbl_lock);
	return n;
}

void drm_crtc_send_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *e)
{
	if (mutex_trylock(&crtc->dev->event_lock))
		bug("an event is sent without event_lock");
	__atomic_add_fetch(&events_sent, 1, __ATOMIC_RELAXED);
	if (e->commit) {
		complete_all(&e->commit->flip_done);
		crtc_commit_put(e->commit);
	}
	if (e->done)
		complete(e->done);
	free(e);
}

void drm_crtc_arm_vblank_event(struct drm_crtc *crtc, struct drm_pending_vblank_event *e)
{
	if (mutex_trylock(&crtc->dev->event_lock))
		bug("an event is armed without event_lock");
	e->next = crtc->armed;
	crtc->armed = e;
}

static void send_armed(struct drm_crtc *crtc)
{
	struct drm_pending_vblank_event *e;

	while ((e = crtc->armed)) {
		crtc->armed = e->next;
		drm_crtc_send_vblank_event(crtc, e);
		drm_crtc_vblank_put(crtc);
	}
}

bool drm_crtc_handle_vblank(struct drm_crtc *crtc)
{
	ktime_t time;
	int error;
	bool on;

	spin_lock(&crtc->dev->event_lock);
	spin_lock(&crtc->dev->vbl_lock);
	on = crtc->enabled;
	if (on) {
		crtc->count++;
		if (crtc->funcs->get_vblank_timestamp)
			crtc->funcs->get_vblank_timestamp(crtc, &error, &time, true);
	}
	spin_unlock(&crtc->dev->vbl_lock);
	if (on)
		send_armed(crtc);
	spin_unlock(&crtc->dev->event_lock);
	if (!on || !crtc->dev->vblank_disable_immediate)
		return on;
	spin_lock(&crtc->dev->vbl_lock);
	if (!crtc->refcount)
		vblank_disable(crtc);
	spin_unlock(&crtc->dev->vbl_lock);
	return on;
}

int drm_crtc_add_crc_entry(struct drm_crtc *crtc, bool has_frame, u32 frame, u32 *crcs)
{
	__atomic_add_fetch(&crtc->crcs, 1, __ATOMIC_RELAXED);
	return 0;
}

void drm_atomic_helper_crtc_reset(struct drm_crtc *crtc)
{
	if (crtc->state)
		crtc->funcs->atomic_destroy_state(crtc, crtc->state);
	crtc->state = kzalloc(sizeof(*crtc->state), GFP_KERNEL | __GFP_NOFAIL);
	crtc->state->crtc = crtc;
}

struct drm_crtc_state *drm_atomic_helper_crtc_duplicate_state(struct drm_crtc *crtc)
{
	struct drm_crtc_state *state = kmalloc(sizeof(*state), GFP_KERNEL);

	if (!state)
		return NULL;
	/* the commit before may still be about to send its event */
	copy_quietly(state, crtc->state, sizeof(*state));
	state->event = NULL;
	state->commit = NULL;
	state->state = NULL;
	state->mode_changed = false;
	state->active_changed = false;
	state->connectors_changed = false;
	state->planes_changed = false;
	state->async_flip = false;
	return state;
}

void drm_atomic_helper_crtc_destroy_state(struct drm_crtc *crtc, struct drm_crtc_state *state)
{
	crtc_commit_put(state->commit);
	/* of a commit that came to nothing */
	if (state->event) {
		crtc_commit_put(state->event->commit);
		free(state->event);
	}
	kfree(state);
}

/*
 * Commits
 */

static void commit_free(struct drm_atomic_commit *commit)
{
	struct drm_device *dev = commit->dev;
	int i;

	for (i = 0; i < dev->mode_config.num_crtc; i++) {
		struct drm_plane *plane = dev->mode_config.planes[i];
		struct drm_crtc *crtc = dev->mode_config.crtcs[i];
		struct drm_plane_state *plane_state = commit->swapped ?
			commit->of[i].old_plane : commit->of[i].new_plane;
		struct drm_crtc_state *crtc_state = commit->swapped ?
			commit->of[i].old_crtc : commit->of[i].new_crtc;

		if (plane_state && (commit->of[i].new_plane || commit->swapped))
			plane->funcs->atomic_destroy_state(plane, plane_state);
		if (crtc_state)
			crtc->funcs->atomic_destroy_state(crtc, crtc_state);
		crtc_commit_put(commit->of[i].commit);
		crtc_commit_put(commit->of[i].before);
	}
	free(commit);
	drm_dev_put(dev);
}

void drm_atomic_commit_put(struct drm_atomic_commit *commit)
{
	if (kref_put(&commit->ref, NULL))
		commit_free(commit);
}

static struct drm_atomic_commit *commit_make(struct drm_device *dev)
{
	struct drm_atomic_commit *commit = calloc(1, sizeof(*commit));

	commit->dev = dev;
	commit->crtcs = commit->of;
	kref_init(&commit->ref);
	drm_dev_get(dev);
	return commit;
}

static int commit_add(struct drm_atomic_commit *commit, struct drm_crtc *crtc)
{
	struct drm_plane *plane = crtc->primary;
	int i = crtc->index;

	if (mutex_trylock(&crtc->mutex))
		bug("a CRTC's state is taken without its lock");
	commit->of[i].new_plane = plane->funcs->atomic_duplicate_state(plane);
	if (!commit->of[i].new_plane)
		return -ENOMEM;
	commit->of[i].new_crtc = crtc->funcs->atomic_duplicate_state(crtc);
	if (!commit->of[i].new_crtc)
		return -ENOMEM;
	commit->of[i].old_plane = plane->state;
	commit->of[i].old_crtc = crtc->state;
	commit->of[i].new_plane->state = commit;
	commit->of[i].new_crtc->state = commit;
	return 0;
}

int drm_atomic_add_affected_planes(struct drm_atomic_commit *commit, struct drm_crtc *crtc)
{
	return 0;
}

int drm_atomic_helper_check(struct drm_device *dev, struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *old, *state;
	struct drm_plane_state *plane_state;
	struct drm_plane *plane;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i) {
		if (state->enable != old->enable ||
		    memcmp(&state->mode, &old->mode, sizeof(state->mode)))
			state->mode_changed = true;
		if (state->active != old->active)
			state->active_changed = true;
		state->adjusted_mode = state->mode;
		if (drm_atomic_crtc_needs_modeset(state) && state->enable &&
		    crtc->helper_private->mode_valid &&
		    crtc->helper_private->mode_valid(crtc, &state->mode) != MODE_OK)
			return -EINVAL;
	}
	for_each_new_plane_in_state(commit, plane, plane_state, i) {
		if (!plane->helper_private->atomic_check)
			continue;
		ret = plane->helper_private->atomic_check(plane, commit);
		if (ret)
			return ret;
		commit->of[i].new_crtc->planes_changed = true;
	}
	for_each_new_crtc_in_state(commit, crtc, state, i) {
		if (!crtc->helper_private->atomic_check)
			continue;
		ret = crtc->helper_private->atomic_check(crtc, commit);
		if (ret)
			return ret;
	}
	return 0;
}

/* Nonblocking ones are not queued behind one another, and none behind two. */
static int commit_stall(struct drm_crtc *crtc, bool nonblock)
{
	struct drm_crtc_commit *last = crtc->last;

	if (!last)
		return 0;
	if (nonblock && !completion_done(&last->flip_done))
		return -EBUSY;
	if (completion_done(&last->cleanup_done) || !crtc->older)
		return 0;
	return wait_for_completion_interruptible(&crtc->older->cleanup_done);
}

int drm_atomic_helper_setup_commit(struct drm_atomic_commit *commit, bool nonblock)
{
	struct drm_crtc_state *old, *state;
	struct drm_crtc_commit *c;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i) {
		if (fails())
			return -ENOMEM;
		ret = commit_stall(crtc, nonblock);
		if (ret)
			return ret;
		c = calloc(1, sizeof(*c));
		kref_init(&c->ref);
		init_completion(&c->hw_done);
		init_completion(&c->flip_done);
		init_completion(&c->cleanup_done);
		commit->of[i].commit = c;
		kref_get(&c->ref);
		state->commit = c;
		if (!old->active && !state->active) {
			complete_all(&c->flip_done);
			continue;
		}
		if (!state->event)
			state->event = calloc(1, sizeof(*state->event));
		kref_get(&c->ref);
		state->event->commit = c;
	}
	return 0;
}

static void planes_cleanup(struct drm_atomic_commit *commit, bool new)
{
	struct drm_plane *plane;
	int i;

	for (i = 0; i < commit->dev->mode_config.num_crtc; i++) {
		struct drm_plane_state *state = new ? commit->of[i].new_plane :
			commit->of[i].old_plane;

		plane = commit->dev->mode_config.planes[i];
		if (!commit->of[i].new_plane || !state || (new && !commit->of[i].prepared))
			continue;
		if (plane->helper_private->cleanup_fb)
			plane->helper_private->cleanup_fb(plane, state);
	}
}

int drm_atomic_helper_prepare_planes(struct drm_device *dev, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state;
	struct drm_plane *plane;
	int i, ret;

	for_each_new_plane_in_state(commit, plane, state, i) {
		ret = plane->helper_private->prepare_fb ?
			plane->helper_private->prepare_fb(plane, state) : 0;
		if (ret) {
			planes_cleanup(commit, true);
			return ret;
		}
		commit->of[i].prepared = true;
	}
	return 0;
}

void drm_atomic_helper_unprepare_planes(struct drm_device *dev,
					struct drm_atomic_commit *commit)
{
	planes_cleanup(commit, true);
}

void drm_atomic_helper_cleanup_planes(struct drm_device *dev, struct drm_atomic_commit *commit)
{
	planes_cleanup(commit, false);
}

int drm_atomic_helper_swap_state(struct drm_atomic_commit *commit, bool stall)
{
	struct drm_crtc_state *old, *state;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i) {
		if (!stall || !old->commit)
			continue;
		ret = wait_for_completion_interruptible(&old->commit->hw_done);
		if (ret)
			return ret;
	}
	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i) {
		crtc_commit_put(crtc->older);
		crtc->older = crtc->last;
		if (crtc->older)
			kref_get(&crtc->older->ref);
		commit->of[i].before = crtc->last;
		crtc->last = commit->of[i].commit;
		if (crtc->last)
			kref_get(&crtc->last->ref);
		old->state = commit;
		state->state = NULL;
		crtc->state = state;
		commit->of[i].old_plane->state = commit;
		commit->of[i].new_plane->state = NULL;
		crtc->primary->state = commit->of[i].new_plane;
	}
	commit->swapped = true;
	return 0;
}

int drm_atomic_helper_wait_for_fences(struct drm_device *dev, struct drm_atomic_commit *commit,
				      bool pre_swap)
{
	return 0;
}

/* A driver that never comes to an end of one hangs whoever waits. */
static void commit_wait(struct completion *c, const char *what)
{
	/* a busy machine may be late by some seconds of real time */
	if (!wait_for_completion_timeout(c, (60 + 20 * time_scale) * HZ))
		bug("%s of a commit takes minutes", what);
}

void drm_atomic_helper_wait_for_dependencies(struct drm_atomic_commit *commit)
{
	int i;

	for (i = 0; i < commit->dev->mode_config.num_crtc; i++)
		if (commit->of[i].before) {
			commit_wait(&commit->of[i].before->hw_done, "the end of the one before");
			commit_wait(&commit->of[i].before->flip_done, "the flip of the one before");
		}
}

void drm_atomic_helper_commit_modeset_disables(struct drm_device *dev,
					       struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *old, *state;
	struct drm_crtc *crtc;
	int i;

	for_each_oldnew_crtc_in_state(commit, crtc, old, state, i)
		if (drm_atomic_crtc_needs_modeset(state) && old->active)
			crtc->helper_private->atomic_disable(crtc, commit);
}

void drm_atomic_helper_commit_modeset_enables(struct drm_device *dev,
					      struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(commit, crtc, state, i)
		if (drm_atomic_crtc_needs_modeset(state) && state->active)
			crtc->helper_private->atomic_enable(crtc, commit);
}

void drm_atomic_helper_commit_planes(struct drm_device *dev, struct drm_atomic_commit *commit,
				     u32 flags)
{
	struct drm_crtc_state *state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(commit, crtc, state, i) {
		const struct drm_plane_helper_funcs *f = crtc->primary->helper_private;

		if (crtc->helper_private->atomic_begin)
			crtc->helper_private->atomic_begin(crtc, commit);
		if (!commit->of[i].new_plane->crtc && commit->of[i].old_plane->crtc &&
		    f->atomic_disable)
			f->atomic_disable(crtc->primary, commit);
		else if (commit->of[i].new_plane->crtc || commit->of[i].old_plane->crtc)
			f->atomic_update(crtc->primary, commit);
		if (crtc->helper_private->atomic_flush)
			crtc->helper_private->atomic_flush(crtc, commit);
	}
}

void drm_atomic_helper_commit_hw_done(struct drm_atomic_commit *commit)
{
	int i;

	for (i = 0; i < commit->dev->mode_config.num_crtc; i++)
		if (commit->of[i].commit) {
			if (commit->of[i].new_crtc->event)
				bug("a commit ends with its event neither sent nor armed");
			complete_all(&commit->of[i].commit->hw_done);
		}
}

void drm_atomic_helper_wait_for_flip_done(struct drm_device *dev,
					  struct drm_atomic_commit *commit)
{
	int i;

	for (i = 0; i < dev->mode_config.num_crtc; i++)
		if (commit->of[i].commit)
			commit_wait(&commit->of[i].commit->flip_done, "the flip");
}

void drm_atomic_helper_commit_cleanup_done(struct drm_atomic_commit *commit)
{
	int i;

	for (i = 0; i < commit->dev->mode_config.num_crtc; i++)
		if (commit->of[i].commit)
			complete_all(&commit->of[i].commit->cleanup_done);
}

static void commit_tail(struct drm_atomic_commit *commit)
{
	struct drm_device *dev = commit->dev;

	drm_atomic_helper_wait_for_dependencies(commit);
	dev->mode_config.helper_private->atomic_commit_tail(commit);
	drm_atomic_helper_commit_cleanup_done(commit);
	drm_atomic_commit_put(commit);
}

static void commit_work(struct work_struct *work)
{
	commit_tail(container_of(work, struct drm_atomic_commit, commit_work));
}

int drm_atomic_helper_commit(struct drm_device *dev, struct drm_atomic_commit *commit,
			     bool nonblock)
{
	int ret = drm_atomic_helper_setup_commit(commit, nonblock);

	if (ret)
		return ret;
	INIT_WORK(&commit->commit_work, commit_work);
	ret = drm_atomic_helper_prepare_planes(dev, commit);
	if (ret)
		return ret;
	ret = drm_atomic_helper_swap_state(commit, true);
	if (ret) {
		drm_atomic_helper_unprepare_planes(dev, commit);
		return ret;
	}
	drm_atomic_commit_get(commit);
	if (nonblock)
		queue_work(system_unbound_wq, &commit->commit_work);
	else
		commit_tail(commit);
	return 0;
}

static void state_set_off(struct drm_atomic_commit *commit, int i)
{
	struct drm_plane_state *plane = commit->of[i].new_plane;
	struct drm_crtc_state *crtc = commit->of[i].new_crtc;

	crtc->enable = false;
	crtc->active = false;
	memset(&crtc->mode, 0, sizeof(crtc->mode));
	if (plane->fb)
		drm_framebuffer_put(plane->fb);
	plane->fb = NULL;
	plane->crtc = NULL;
	plane->src_w = 0;
	plane->src_h = 0;
}

/* All at once, under all locks. */
void drm_atomic_helper_shutdown(struct drm_device *dev)
{
	struct drm_atomic_commit *commit = commit_make(dev);
	int i, ret, n = dev->mode_config.num_crtc;
	unsigned int fail = fail_one_in, kill = kill_one_in;

	might_sleep();
	fail_one_in = 0;
	kill_one_in = 0;
	for (i = 0; i < n; i++)
		mutex_lock(&dev->mode_config.crtcs[i]->mutex);
	for (i = 0; i < n; i++) {
		commit_add(commit, dev->mode_config.crtcs[i]);
		state_set_off(commit, i);
	}
	ret = dev->mode_config.funcs->atomic_check(dev, commit);
	if (!ret)
		ret = dev->mode_config.funcs->atomic_commit(dev, commit, false);
	if (ret)
		bug("the outputs cannot be switched off: %d", ret);
	for (i = 0; i < n; i++)
		mutex_unlock(&dev->mode_config.crtcs[i]->mutex);
	drm_atomic_commit_put(commit);
	fail_one_in = fail;
	kill_one_in = kill;
}

/*
 * Userspace
 */

static struct drm_file *file_make(struct drm_device *dev)
{
	struct drm_file *file = calloc(1, sizeof(*file));

	file->dev = dev;
	mutex_init(&file->lock);
	drm_dev_get(dev);
	return file;
}

struct drm_file *user_open(void)
{
	struct drm_device *dev;

	pthread_mutex_lock(&card_lock);
	dev = card && !card->unplugged ? card : NULL;
	if (dev)
		drm_dev_get(dev);
	pthread_mutex_unlock(&card_lock);
	if (!dev)
		return NULL;
	{
		struct drm_file *file = file_make(dev);

		drm_dev_put(dev);
		return file;
	}
}

void user_close(struct drm_file *file)
{
	struct drm_device *dev = file->dev;
	u32 i;

	for (i = 1; i <= USER_HANDLES; i++)
		if (file->handles[i - 1])
			user_gem_close(file, i);
	mutex_destroy(&file->lock);
	free(file);
	drm_dev_put(dev);
}

int user_dumb(struct drm_file *file, u32 width, u32 height, u32 bpp,
		struct drm_mode_create_dumb *args)
{
	*args = (struct drm_mode_create_dumb) { .width = width, .height = height, .bpp = bpp };
	if (drm_dev_is_unplugged(file->dev))
		return -ENODEV;
	return file->dev->driver->dumb_create(file, file->dev, args);
}

int user_import(struct drm_file *file, struct dma_buf *buf, u32 *handle)
{
	struct drm_gem_object *obj;
	int ret;

	if (drm_dev_is_unplugged(file->dev))
		return -ENODEV;
	obj = file->dev->driver->gem_prime_import(file->dev, buf);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = drm_gem_handle_create(file, obj, handle);
	drm_gem_object_put(obj);
	return ret;
}

void user_gem_close(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj;

	mutex_lock(&file->lock);
	obj = file->handles[handle - 1];
	file->handles[handle - 1] = NULL;
	mutex_unlock(&file->lock);
	drm_gem_object_put(obj);
}

struct drm_framebuffer *user_addfb(struct drm_file *file, u32 handle, u32 width, u32 height,
				     u32 pitch, u32 offset, u32 format)
{
	struct drm_mode_fb_cmd2 cmd = {
		.width = width,
		.height = height,
		.pixel_format = format,
		.handles = { handle },
		.pitches = { pitch },
		.offsets = { offset },
	};

	if (drm_dev_is_unplugged(file->dev))
		return ERR_PTR(-ENODEV);
	return file->dev->mode_config.funcs->fb_create(file->dev, file,
						       drm_format_info(format), &cmd);
}

static int commit_args(struct drm_device *dev, const struct user_commit *args)
{
	struct drm_crtc *crtc = dev->mode_config.crtcs[args->crtc];
	struct drm_atomic_commit *commit;
	struct drm_plane_state *plane;
	struct drm_crtc_state *state;
	int ret;

	mutex_lock(&crtc->mutex);
	commit = commit_make(dev);
	ret = commit_add(commit, crtc);
	if (ret)
		goto out;
	plane = commit->of[args->crtc].new_plane;
	state = commit->of[args->crtc].new_crtc;
	if (!args->width) {
		state_set_off(commit, args->crtc);
	} else {
		memset(&state->mode, 0, sizeof(state->mode));
		mode_fill(&state->mode, args->width, args->height);
		state->enable = true;
		state->active = true;
		state->async_flip = args->async;
		if (args->fb)
			drm_framebuffer_get(args->fb);
		if (plane->fb)
			drm_framebuffer_put(plane->fb);
		plane->fb = args->fb;
		plane->crtc = args->fb ? crtc : NULL;
		plane->crtc_w = args->fb ? args->width : 0;
		plane->crtc_h = args->fb ? args->height : 0;
		plane->src_x = args->x << 16;
		plane->src_y = args->y << 16;
		plane->src_w = plane->crtc_w << 16;
		plane->src_h = plane->crtc_h << 16;
		plane->damaged = args->damaged;
		plane->damage = args->damage;
		ret = -ENOSPC;
		if (args->fb && (args->x + args->width > args->fb->width ||
				 args->y + args->height > args->fb->height))
			goto out;
	}
	/* DRM wants no event of what is off and stays so */
	if (args->done && (state->active || commit->of[args->crtc].old_crtc->active)) {
		state->event = calloc(1, sizeof(*state->event));
		state->event->done = args->done;
	}
	ret = dev->mode_config.funcs->atomic_check(dev, commit);
	if (!ret)
		ret = dev->mode_config.funcs->atomic_commit(dev, commit, args->nonblock);
	if (!ret && args->done && !args->width && commit->of[args->crtc].old_crtc &&
	    !commit->of[args->crtc].old_crtc->active)
		complete(args->done);
out:
	drm_atomic_commit_put(commit);
	mutex_unlock(&crtc->mutex);
	return ret;
}

int user_commit(struct drm_file *file, const struct user_commit *args)
{
	if (drm_dev_is_unplugged(file->dev))
		return -ENODEV;
	return commit_args(file->dev, args);
}

/* What shows it is switched off, as DRM has it, also when the device is gone. */
void user_rmfb(struct drm_file *file, struct drm_framebuffer *fb)
{
	struct drm_device *dev = file->dev;
	unsigned int fail = fail_one_in, kill = kill_one_in;
	int i;

	fail_one_in = 0;
	kill_one_in = 0;
	for (i = 0; i < dev->mode_config.num_crtc; i++) {
		struct drm_crtc *crtc = dev->mode_config.crtcs[i];
		struct user_commit off = { .crtc = i };
		bool shown;

		mutex_lock(&crtc->mutex);
		shown = crtc->primary->state->fb == fb;
		mutex_unlock(&crtc->mutex);
		if (shown)
			commit_args(dev, &off);
	}
	drm_framebuffer_put(fb);
	fail_one_in = fail;
	kill_one_in = kill;
}

int user_dirty(struct drm_file *file, struct drm_framebuffer *fb, struct drm_clip_rect *clip)
{
	if (drm_dev_is_unplugged(file->dev))
		return -ENODEV;
	return fb->funcs->dirty(fb, file, 0, 0, clip, clip ? 1 : 0);
}

void user_probe(struct drm_file *file)
{
	struct drm_mode_config *c = &file->dev->mode_config;
	int i;

	mutex_lock(&c->mutex);
	for (i = 0; i < c->num_connector; i++)
		c->connectors[i]->funcs->fill_modes(c->connectors[i], c->max_width,
						    c->max_height);
	mutex_unlock(&c->mutex);
}

bool user_mode(struct drm_file *file, unsigned int connector, unsigned int *width,
		 unsigned int *height)
{
	struct drm_mode_config *c = &file->dev->mode_config;
	struct drm_display_mode *mode;
	bool found = false;

	mutex_lock(&c->mutex);
	if (connector < c->num_connector)
		list_for_each_entry(mode, &c->connectors[connector]->modes, head) {
			if (found && !(mode->type & DRM_MODE_TYPE_PREFERRED))
				continue;
			*width = mode->hdisplay;
			*height = mode->vdisplay;
			found = true;
		}
	mutex_unlock(&c->mutex);
	return found;
}

void user_debugfs(struct drm_file *file)
{
	struct drm_device *dev = file->dev;
	int i;

	for (i = 0; i < dev->debugfs_count; i++) {
		struct drm_info_node node = { dev->primary, &dev->debugfs[i] };
		struct seq_file m = { &node };

		dev->debugfs[i].show(&m, NULL);
	}
}

/* A name of its own for the list of races that may be (tsan.supp). */
static noinline void draw_pixels(void *pixels, u8 byte, size_t size)
{
	memset(pixels, byte, size);
}

void user_draw(struct drm_file *file, u32 handle, u8 byte)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	struct iosys_map map;

	if (!obj)
		return;
	if (!obj->funcs->vmap(obj, &map)) {
		draw_pixels(map.vaddr, byte, obj->size);
		if (obj->funcs->vunmap)
			obj->funcs->vunmap(obj, &map);
	}
	drm_gem_object_put(obj);
}

/* As the kernel's panic screen: whatever others are about. */
void user_panic(struct drm_file *file, unsigned int i)
{
	struct drm_crtc *crtc = file->dev->mode_config.crtcs[i];
	const struct drm_plane_helper_funcs *f = crtc->primary->helper_private;
	struct drm_scanout_buffer sb = {};

	if (!f->get_scanout_buffer)
		return;
	mutex_lock(&crtc->mutex);
	in_interrupt++;
	if (!f->get_scanout_buffer(crtc->primary, &sb) && f->panic_flush)
		f->panic_flush(crtc->primary);
	in_interrupt--;
	mutex_unlock(&crtc->mutex);
}

/*
 * The console: a client in the kernel, on the first connector that is on
 */

struct console {
	struct drm_file *file;
	struct drm_framebuffer *fb;
	u32 handle;
};

static void console_show(struct drm_device *dev)
{
	struct console *con = dev->console;
	struct user_commit args = {};
	struct drm_mode_create_dumb dumb;
	unsigned int i, width, height;

	for (i = 0; i < dev->mode_config.num_connector; i++)
		if (user_mode(con->file, i, &width, &height))
			break;
	if (i == dev->mode_config.num_connector)
		return;
	if (!con->fb) {
		if (user_dumb(con->file, width, height, 32, &dumb))
			return;
		con->fb = user_addfb(con->file, dumb.handle, width, height, dumb.pitch, 0,
				       DRM_FORMAT_XRGB8888);
		if (IS_ERR(con->fb)) {
			con->fb = NULL;
			user_gem_close(con->file, dumb.handle);
			return;
		}
		con->handle = dumb.handle;
	}
	if (width > con->fb->width || height > con->fb->height)
		return;
	args.crtc = i;
	args.width = width;
	args.height = height;
	args.fb = con->fb;
	user_commit(con->file, &args);
	user_draw(con->file, con->handle, 0x55);
	user_dirty(con->file, con->fb, NULL);
}

void drm_client_setup(struct drm_device *dev, const struct drm_format_info *format)
{
	struct console *con = calloc(1, sizeof(*con));

	might_sleep();
	con->file = file_make(dev);
	mutex_lock(&dev->console_lock);
	dev->console = con;
	user_probe(con->file);
	console_show(dev);
	mutex_unlock(&dev->console_lock);
}

static void console_hotplug(struct drm_device *dev)
{
	mutex_lock(&dev->console_lock);
	if (dev->console) {
		user_probe(dev->console->file);
		console_show(dev);
	}
	mutex_unlock(&dev->console_lock);
}

static void console_end(struct drm_device *dev)
{
	struct console *con;

	mutex_lock(&dev->console_lock);
	con = dev->console;
	dev->console = NULL;
	mutex_unlock(&dev->console_lock);
	if (!con)
		return;
	if (con->fb)
		user_rmfb(con->file, con->fb);
	user_close(con->file);
	free(con);
}
