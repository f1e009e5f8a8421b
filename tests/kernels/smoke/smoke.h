/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Uses each part of the shim once; built for each kernel, never loaded. */
#ifndef SMOKE_H
#define SMOKE_H

#include <linux/dma-buf.h>
#include <drm/drm_drv.h>

extern const struct drm_driver smoke_drm_driver;
int smoke_buf(struct device *dev, struct dma_buf *buf);
int smoke_drm(struct device *dev);
int smoke_xen_register(void);
void smoke_xen_unregister(void);

#endif /* SMOKE_H */
