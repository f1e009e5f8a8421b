/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Requests and answers in their wire form. */
#ifndef XDF_DISPLIF_H
#define XDF_DISPLIF_H

#include "displif_wire.h"
#include "xdf_port.h"

int xdf_displif_errno(s32 status);
bool xdf_displif_is_shortage(int error);
bool xdf_displif_may_pass(int error);
const char *xdf_displif_op_name(u8 op);
unsigned int xdf_displif_timeout_ms(u8 op);

void xdf_displif_dbuf_create(struct displif_req *req,
			  const struct displif_dbuf_create *args);
void xdf_displif_dbuf_destroy(struct displif_req *req, u64 dbuf_cookie);
void xdf_displif_fb_attach(struct displif_req *req,
			const struct displif_fb_attach *args);
void xdf_displif_fb_detach(struct displif_req *req, u64 fb_cookie);
void xdf_displif_set_config(struct displif_req *req, u64 fb_cookie, u32 width,
			 u32 height, u32 bpp);
void xdf_displif_pg_flip(struct displif_req *req, u64 fb_cookie);
void xdf_displif_get_edid(struct displif_req *req, u32 buffer_sz, u32 directory);

#endif /* XDF_DISPLIF_H */
