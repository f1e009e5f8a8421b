// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Event channels and grants: the thin layer over Xen's libraries. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "backend.h"

static xenevtchn_handle *xce;
static xengnttab_handle *xgt;
static xengntshr_handle *xgs;

/* Return 0, or -1, which is logged. */
int xen_open(void)
{
	int fl;

	xce = xenevtchn_open(NULL, 0);
	if (!xce) {
		log_error("no event channels: %s. Is this a Xen domain, is xen-evtchn loaded, and may you open /dev/xen/evtchn?",
			strerror(errno));
		return -1;
	}
	fl = fcntl(xenevtchn_fd(xce), F_GETFL);
	if (fl < 0 || fcntl(xenevtchn_fd(xce), F_SETFL, fl | O_NONBLOCK) < 0) {
		log_error("cannot set up /dev/xen/evtchn: %s", strerror(errno));
		return -1;
	}
	xgt = xengnttab_open(NULL, 0);
	if (!xgt) {
		log_error("cannot map grants: %s. Is xen-gntdev loaded, and may you open /dev/xen/gntdev?",
			strerror(errno));
		return -1;
	}
	return 0;
}

void xen_close(void)
{
	if (xgs)
		xengntshr_close(xgs);
	if (xgt)
		xengnttab_close(xgt);
	if (xce)
		xenevtchn_close(xce);
	xgs = NULL;
	xgt = NULL;
	xce = NULL;
}

int xen_evtchn_fd(void)
{
	return xenevtchn_fd(xce);
}

int xen_evtchn_bind(uint32_t domid, uint32_t port)
{
	xenevtchn_port_or_error_t ret;

	ret = xenevtchn_bind_interdomain(xce, domid, port);
	return ret < 0 ? -errno : ret;
}

void xen_evtchn_unbind(int port)
{
	xenevtchn_unbind(xce, port);
}

void xen_evtchn_notify(int port)
{
	xenevtchn_notify(xce, port);
}

int xen_evtchn_pending(void)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(xce);

	return port < 0 ? -errno : port;
}

void xen_evtchn_unmask(int port)
{
	xenevtchn_unmask(xce, port);
}

/* Writable although pixels are only read: what every frontend must allow. */
void *xen_map(uint32_t domid, const uint32_t *refs, unsigned int n)
{
	void *addr = xengnttab_map_domain_grant_refs(xgt, n, domid,
						     (uint32_t *)refs,
						     PROT_READ | PROT_WRITE);

	/* A child that writes a picture must not keep the guest's pages. */
	if (addr)
		madvise(addr, n * (size_t)DISPLIF_PAGE_SIZE, MADV_DONTFORK);
	return addr;
}

void xen_unmap(void *addr, unsigned int n)
{
	xengnttab_unmap(xgt, addr, n);
}

/* Only for guests whose be-alloc is 1, so it need not be there for others. */
void *xen_share(uint32_t domid, uint32_t *refs, unsigned int n)
{
	void *addr;

	if (!xgs)
		xgs = xengntshr_open(NULL, 0);
	if (!xgs) {
		log_note("what=gntalloc text=\"cannot share memory: %s. Is xen-gntalloc loaded?\"",
			 strerror(errno));
		return NULL;
	}
	addr = xengntshr_share_pages(xgs, domid, n, refs, 1);
	if (!addr) {
		log_note("what=gntalloc text=\"no %u pages to share: %s. Raise the parameter limit of xen-gntalloc\"",
			 n, strerror(errno));
		return NULL;
	}
	madvise(addr, n * (size_t)DISPLIF_PAGE_SIZE, MADV_DONTFORK);
	return addr;
}

void xen_unshare(void *addr, unsigned int n)
{
	xengntshr_unshare(xgs, addr, n);
}
