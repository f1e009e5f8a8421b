// SPDX-License-Identifier: GPL-2.0 OR MIT
/* In place of xen.c: references are page numbers of a file in memory. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

unsigned int fake_mapped, fake_notified;

static int fd = -1;
static uint8_t *pages;

static void fake_open(void)
{
	const size_t len = FAKE_PAGES * (size_t)DISPLIF_PAGE_SIZE;

	if (fd >= 0)
		return;
	fd = memfd_create("guest", 0);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, len), 0);
	pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(pages != MAP_FAILED);
}

void *fake_page(uint32_t ref)
{
	fake_open();
	assert_true(ref && ref < FAKE_PAGES);
	return pages + ref * (size_t)DISPLIF_PAGE_SIZE;
}

void fake_reset(void)
{
	fake_open();
	memset(pages, 0, FAKE_PAGES * (size_t)DISPLIF_PAGE_SIZE);
	fake_notified = 0;
}

/* What is read before or behind it must not be another mapping by chance. */
#define GUARD	(16 * (size_t)DISPLIF_PAGE_SIZE)

void *xen_map(uint32_t domid, const uint32_t *refs, unsigned int n)
{
	uint8_t *p;
	unsigned int i;

	(void)domid;
	for (i = 0; i < n; i++)
		if (!refs[i] || refs[i] >= FAKE_PAGES)
			return NULL;
	p = mmap(NULL, n * (size_t)DISPLIF_PAGE_SIZE + 2 * GUARD, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	p += GUARD;
	for (i = 0; i < n; i++)
		if (mmap(p + i * DISPLIF_PAGE_SIZE, DISPLIF_PAGE_SIZE,
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 refs[i] * (off_t)DISPLIF_PAGE_SIZE) == MAP_FAILED)
			return NULL;
	fake_mapped += n;
	return p;
}

void xen_unmap(void *addr, unsigned int n)
{
	assert_true(fake_mapped >= n);
	fake_mapped -= n;
	munmap((uint8_t *)addr - GUARD, n * (size_t)DISPLIF_PAGE_SIZE + 2 * GUARD);
}

/* The other way round: the last pages of the file are the backend's. */
void *xen_share(uint32_t domid, uint32_t *refs, unsigned int n)
{
	unsigned int i;

	(void)domid;
	if (n > FAKE_PAGES / 4)
		return NULL;
	for (i = 0; i < n; i++)
		refs[i] = FAKE_PAGES - 1 - i;
	return xen_map(domid, refs, n);
}

void xen_unshare(void *addr, unsigned int n)
{
	xen_unmap(addr, n);
}

int xen_evtchn_bind(uint32_t domid, uint32_t port)
{
	(void)domid;
	return port > 100 ? -EINVAL : (int)port;
}

void xen_evtchn_unbind(int port)
{
	(void)port;
}

void xen_evtchn_notify(int port)
{
	(void)port;
	fake_notified++;
}

int xen_evtchn_pending(void)
{
	return -EAGAIN;
}

void xen_evtchn_unmask(int port)
{
	(void)port;
}
