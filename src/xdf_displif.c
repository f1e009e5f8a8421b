// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_displif.h"

/**
 * xdf_displif_errno - what a response's status means here
 * @status: as the backend sent it
 *
 * The one place where a number of the backend's becomes an errno: only the
 * codes that a backend can honestly mean pass, so it can never choose, say,
 * -ERESTARTSYS for a caller of ours. Nor -ENODEV or -ETIMEDOUT, by which the
 * channel says that the link is lost.
 *
 * Return: 0 or a negative errno.
 */
int xdf_displif_errno(s32 status)
{
	switch (status) {
	case 0:
	case -EPERM:
	case -ENOENT:
	case -EIO:
	case -EAGAIN:
	case -ENOMEM:
	case -EACCES:
	case -EBUSY:
	case -EEXIST:
	case -EINVAL:
	case -ENOSPC:
	case -ENOSYS:
	case -EOPNOTSUPP:
		return status;
	default:
		return -EIO;
	}
}

/**
 * xdf_displif_is_shortage - is only something lacking at present?
 * @error: of a request, or of what had to be done for it here
 *
 * Return: true when the error says nothing of what the backend can do.
 */
bool xdf_displif_is_shortage(int error)
{
	return error == -ENOMEM || error == -ENOSPC || error == -EAGAIN ||
		error == -EBUSY;
}

/**
 * xdf_displif_may_pass - is it worth asking again?
 * @error: of a request, or of what had to be done for it here
 *
 * What is lacking may be there later, and so may rights; nobody knows of an
 * error that has no name. A backend that takes what it is asked for to be wrong
 * will not think otherwise of the same request.
 *
 * Return: false when the same request would only get the same answer.
 */
bool xdf_displif_may_pass(int error)
{
	switch (error) {
	case -ENOENT:
	case -EEXIST:
	case -EINVAL:
	case -ENOSYS:
	case -EOPNOTSUPP:
		return false;
	default:
		return true;
	}
}

/**
 * xdf_displif_op_name - an operation's name, for messages
 * @op: any number
 *
 * Return: a constant string.
 */
const char *xdf_displif_op_name(u8 op)
{
	switch (op) {
	case DISPLIF_OP_DBUF_CREATE:
		return "DBUF_CREATE";
	case DISPLIF_OP_DBUF_DESTROY:
		return "DBUF_DESTROY";
	case DISPLIF_OP_FB_ATTACH:
		return "FB_ATTACH";
	case DISPLIF_OP_FB_DETACH:
		return "FB_DETACH";
	case DISPLIF_OP_SET_CONFIG:
		return "SET_CONFIG";
	case DISPLIF_OP_PG_FLIP:
		return "PG_FLIP";
	case DISPLIF_OP_GET_EDID:
		return "GET_EDID";
	default:
		return "unknown";
	}
}

/**
 * xdf_displif_timeout_ms - how long a backend may take for an operation
 * @op: the operation
 *
 * Beyond this the link counts as lost, which is worse than waiting: nobody but
 * who makes a buffer waits anyway, and mapping one takes a busy backend a while.
 *
 * Return: milliseconds.
 */
unsigned int xdf_displif_timeout_ms(u8 op)
{
	switch (op) {
	case DISPLIF_OP_DBUF_CREATE:
	case DISPLIF_OP_DBUF_DESTROY:
		return 20000;
	default:
		return 10000;
	}
}

/* All reserved octets are zero by this, whatever was there before. */
static void wire_start(struct displif_req *req, enum displif_op op)
{
	memset(req, 0, sizeof(*req));
	req->operation = op;
}

/**
 * xdf_displif_dbuf_create - build DBUF_CREATE
 * @req: result; its id is filled in when it is sent, here as below
 * @args: copied
 */
void xdf_displif_dbuf_create(struct displif_req *req,
			  const struct displif_dbuf_create *args)
{
	wire_start(req, DISPLIF_OP_DBUF_CREATE);
	/* by members: the structure's padding is reserved octets on the wire */
	req->op.dbuf_create.dbuf_cookie = args->dbuf_cookie;
	req->op.dbuf_create.width = args->width;
	req->op.dbuf_create.height = args->height;
	req->op.dbuf_create.bpp = args->bpp;
	req->op.dbuf_create.buffer_sz = args->buffer_sz;
	req->op.dbuf_create.flags = args->flags;
	req->op.dbuf_create.gref_directory = args->gref_directory;
	req->op.dbuf_create.data_ofs = args->data_ofs;
}

/**
 * xdf_displif_dbuf_destroy - build DBUF_DESTROY
 * @req: result
 * @dbuf_cookie: the buffer
 */
void xdf_displif_dbuf_destroy(struct displif_req *req, u64 dbuf_cookie)
{
	wire_start(req, DISPLIF_OP_DBUF_DESTROY);
	req->op.dbuf_destroy.dbuf_cookie = dbuf_cookie;
}

/**
 * xdf_displif_fb_attach - build FB_ATTACH
 * @req: result
 * @args: copied
 */
void xdf_displif_fb_attach(struct displif_req *req,
			const struct displif_fb_attach *args)
{
	wire_start(req, DISPLIF_OP_FB_ATTACH);
	/* by members, as above */
	req->op.fb_attach.dbuf_cookie = args->dbuf_cookie;
	req->op.fb_attach.fb_cookie = args->fb_cookie;
	req->op.fb_attach.width = args->width;
	req->op.fb_attach.height = args->height;
	req->op.fb_attach.pixel_format = args->pixel_format;
}

/**
 * xdf_displif_fb_detach - build FB_DETACH
 * @req: result
 * @fb_cookie: the framebuffer
 */
void xdf_displif_fb_detach(struct displif_req *req, u64 fb_cookie)
{
	wire_start(req, DISPLIF_OP_FB_DETACH);
	req->op.fb_detach.fb_cookie = fb_cookie;
}

/**
 * xdf_displif_set_config - build SET_CONFIG
 * @req: result
 * @fb_cookie: what to show; 0 switches the connector off
 * @width: of the mode, in pixels
 * @height: of the mode, in lines
 * @bpp: bits per pixel of the framebuffer
 */
void xdf_displif_set_config(struct displif_req *req, u64 fb_cookie, u32 width,
			 u32 height, u32 bpp)
{
	wire_start(req, DISPLIF_OP_SET_CONFIG);
	req->op.set_config.fb_cookie = fb_cookie;
	req->op.set_config.width = width;
	req->op.set_config.height = height;
	req->op.set_config.bpp = bpp;
}

/**
 * xdf_displif_pg_flip - build PG_FLIP
 * @req: result
 * @fb_cookie: what to show next
 */
void xdf_displif_pg_flip(struct displif_req *req, u64 fb_cookie)
{
	wire_start(req, DISPLIF_OP_PG_FLIP);
	req->op.pg_flip.fb_cookie = fb_cookie;
}

/**
 * xdf_displif_get_edid - build GET_EDID
 * @req: result
 * @buffer_sz: room for the EDID, in octets
 * @directory: grant of the page directory of that room
 */
void xdf_displif_get_edid(struct displif_req *req, u32 buffer_sz, u32 directory)
{
	wire_start(req, DISPLIF_OP_GET_EDID);
	req->op.get_edid.buffer_sz = buffer_sz;
	req->op.get_edid.gref_directory = directory;
}
