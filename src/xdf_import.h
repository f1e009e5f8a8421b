/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Other drivers' buffers: the device in whose name they are imported. */
#ifndef XDF_IMPORT_H
#define XDF_IMPORT_H

#include <linux/device.h>
#include <linux/scatterlist.h>

struct device *xdf_import_device(void);
struct page **xdf_import_pages(struct sg_table *sgt, unsigned int npages);

int xdf_import_module_init(void);
void xdf_import_module_exit(void);

#endif /* XDF_IMPORT_H */
