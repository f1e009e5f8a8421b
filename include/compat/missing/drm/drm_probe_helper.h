/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A part of this one until 5.1. */
#include <drm/drm_crtc_helper.h>
