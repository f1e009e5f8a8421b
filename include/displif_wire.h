/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The displif wire format: what frontend and backend share.
 *
 * One description for the driver, the unit tests and the reference backend.
 * It stands alone because old kernels only carry version 1 of the protocol
 * header; tests/unit holds it against Xen's own header.
 */
#ifndef DISPLIF_WIRE_H
#define DISPLIF_WIRE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#endif

#define DISPLIF_VERSION_MIN		1
#define DISPLIF_VERSION_MAX		2

#define DISPLIF_XENBUS_TYPE		"vdispl"

/* XenStore nodes of the device, below the frontend's or backend's directory. */
#define DISPLIF_NODE_BE_VERSIONS	"versions"
#define DISPLIF_NODE_FE_VERSION		"version"
#define DISPLIF_NODE_BE_ALLOC		"be-alloc"

/* XenStore nodes of one connector, below <frontend directory>/<index>. */
#define DISPLIF_NODE_RESOLUTION		"resolution"
#define DISPLIF_NODE_UNIQUE_ID		"unique-id"
#define DISPLIF_NODE_REQ_RING		"req-ring-ref"
#define DISPLIF_NODE_REQ_CHANNEL	"req-event-channel"
#define DISPLIF_NODE_EVT_RING		"evt-ring-ref"
#define DISPLIF_NODE_EVT_CHANNEL	"evt-event-channel"

enum displif_op {
	DISPLIF_OP_DBUF_CREATE	= 0x10,
	DISPLIF_OP_DBUF_DESTROY	= 0x11,
	DISPLIF_OP_FB_ATTACH	= 0x12,
	DISPLIF_OP_FB_DETACH	= 0x13,
	DISPLIF_OP_SET_CONFIG	= 0x14,
	DISPLIF_OP_PG_FLIP	= 0x15,
	DISPLIF_OP_GET_EDID	= 0x16,		/* version 2 */
};

enum displif_evt_type {
	DISPLIF_EVT_PG_FLIP	= 0x00,
};

/* Flags of DBUF_CREATE: the backend allocates and grants the buffer. */
#define DISPLIF_DBUF_FLG_REQ_ALLOC	(1u << 0)

#define DISPLIF_SLOT_SIZE		64
#define DISPLIF_PAGE_SIZE		4096	/* of the ABI, whatever the CPU's is */

#define DISPLIF_EDID_BLOCK		128
#define DISPLIF_EDID_MAX		(DISPLIF_EDID_BLOCK * 256)

struct displif_dbuf_create {
	__u64 dbuf_cookie;
	__u32 width;		/* of a whole line, in pixels: says the pitch */
	__u32 height;
	__u32 bpp;
	__u32 buffer_sz;	/* bytes */
	__u32 flags;
	__u32 gref_directory;
	__u32 data_ofs;		/* bytes, version 2 */
};

struct displif_dbuf_destroy {
	__u64 dbuf_cookie;
};

struct displif_fb_attach {
	__u64 dbuf_cookie;
	__u64 fb_cookie;
	__u32 width;
	__u32 height;
	__u32 pixel_format;	/* DRM fourcc */
};

struct displif_fb_detach {
	__u64 fb_cookie;
};

struct displif_set_config {
	__u64 fb_cookie;	/* 0 switches the connector off */
	__u32 x;
	__u32 y;
	__u32 width;
	__u32 height;
	__u32 bpp;
};

struct displif_pg_flip {
	__u64 fb_cookie;
};

struct displif_get_edid {
	__u32 buffer_sz;
	__u32 gref_directory;
};

struct displif_req {
	__u16 id;
	__u8 operation;
	__u8 reserved[5];
	union {
		struct displif_dbuf_create dbuf_create;
		struct displif_dbuf_destroy dbuf_destroy;
		struct displif_fb_attach fb_attach;
		struct displif_fb_detach fb_detach;
		struct displif_set_config set_config;
		struct displif_pg_flip pg_flip;
		struct displif_get_edid get_edid;
		__u8 raw[56];
	} op;
};

struct displif_resp {
	__u16 id;
	__u8 operation;
	__u8 reserved;
	__s32 status;		/* 0 or a negative errno */
	union {
		struct {
			__u32 edid_sz;
		} get_edid;
		__u8 raw[56];
	} op;
};

struct displif_evt {
	__u16 id;
	__u8 type;
	__u8 reserved[5];
	union {
		struct {
			__u64 fb_cookie;
		} pg_flip;
		__u8 raw[56];
	} op;
};

/* The event page: indices run freely, the slot is index % SLOTS. */
struct displif_evt_page {
	__u32 in_cons;		/* written by the frontend */
	__u32 in_prod;		/* written by the backend */
	__u8 reserved[56];
	struct displif_evt slot[];
};

#define DISPLIF_EVT_SLOTS \
	((DISPLIF_PAGE_SIZE - sizeof(struct displif_evt_page)) / \
	 sizeof(struct displif_evt))

/* One page of the list of a buffer's grant references. */
struct displif_page_directory {
	__u32 gref_dir_next_page;	/* 0 on the last page */
	__u32 gref[];
};

#define DISPLIF_REFS_PER_DIR \
	((DISPLIF_PAGE_SIZE - sizeof(struct displif_page_directory)) / \
	 sizeof(__u32))

#endif /* DISPLIF_WIRE_H */
