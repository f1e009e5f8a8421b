/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A part of this one until 5.9. */
#include <linux/dma-mapping.h>
