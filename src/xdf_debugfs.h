/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* How a card fares, for people: debugfs dri/N/xen. */
#ifndef XDF_DEBUGFS_H
#define XDF_DEBUGFS_H

struct drm_minor;

void xdf_debugfs_init(struct drm_minor *minor);

#endif /* XDF_DEBUGFS_H */
