/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* DRM: what ends with the card. */
#ifndef XDF_COMPAT_DRM_LIFETIME_H
#define XDF_COMPAT_DRM_LIFETIME_H

#include <drm/drm_managed.h>

/*
 * devm_drm_dev_alloc(), drmm_...(): the driver named in its .release what has
 * to go, and freed the card itself; 5.8. Here .release does what they were
 * told, the last first.
 */
#if !XDF_HAVE_DRM_MANAGED
#include <linux/device.h>
#include <linux/slab.h>

struct compat_drm_action {
	struct list_head entry;
	void (*fn)(struct drm_device *dev, void *data);
	void *data;
};

/* drm_device.dev_private of cards made here */
struct compat_drm_card {
	struct list_head actions;
	void *container;
};

static inline int drmm_add_action_or_reset(struct drm_device *dev,
					   void (*fn)(struct drm_device *dev,
						      void *data),
					   void *data)
{
	struct compat_drm_card *card = dev->dev_private;
	struct compat_drm_action *action = kzalloc(sizeof(*action), GFP_KERNEL);

	if (!action) {
		fn(dev, data);
		return -ENOMEM;
	}
	action->fn = fn;
	action->data = data;
	list_add(&action->entry, &card->actions);
	return 0;
}

static inline void compat_drm_free(struct drm_device *dev, void *data)
{
	kfree(data);
}

static inline void *drmm_kcalloc(struct drm_device *dev, size_t n, size_t size,
				 gfp_t gfp)
{
	void *data = kcalloc(n, size, gfp);

	if (data && drmm_add_action_or_reset(dev, compat_drm_free, data))
		return NULL;
	return data;
}

static inline void compat_drm_config_cleanup(struct drm_device *dev, void *data)
{
	drm_mode_config_cleanup(dev);
}

static inline int drmm_mode_config_init(struct drm_device *dev)
{
	drm_mode_config_init(dev);
	return drmm_add_action_or_reset(dev, compat_drm_config_cleanup, NULL);
}

static inline void compat_drm_release(struct drm_device *dev)
{
	struct compat_drm_card *card = dev->dev_private;
	struct compat_drm_action *action, *next;

	list_for_each_entry_safe(action, next, &card->actions, entry) {
		action->fn(dev, action->data);
		kfree(action);
	}
	drm_dev_fini(dev);
	kfree(card->container);
	kfree(card);
}

static inline void compat_drm_put(void *dev)
{
	drm_dev_put(dev);
}

static inline void *__devm_drm_dev_alloc(struct device *parent,
					 struct drm_driver *driver,
					 size_t size, size_t offset)
{
	struct compat_drm_card *card = kzalloc(sizeof(*card), GFP_KERNEL);
	void *container = kzalloc(size, GFP_KERNEL);
	struct drm_device *dev = container + offset;
	int ret = -ENOMEM;

	if (card && container)
		ret = drm_dev_init(dev, driver, parent);
	if (ret) {
		kfree(container);
		kfree(card);
		return ERR_PTR(ret);
	}
	INIT_LIST_HEAD(&card->actions);
	card->container = container;
	dev->dev_private = card;
	ret = devm_add_action_or_reset(parent, compat_drm_put, dev);
	return ret ? ERR_PTR(ret) : container;
}
#endif

#endif /* XDF_COMPAT_DRM_LIFETIME_H */
