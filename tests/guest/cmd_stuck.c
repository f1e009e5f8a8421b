// SPDX-License-Identifier: GPL-2.0 OR MIT
/* An atomic request that ends on a page which never comes: it holds DRM's locks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xdf-guest.h"

/* A page of zeros, then one that nobody fills in. */
static char *half_a_mapping(long size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *map;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		die("userfaultfd: %s", strerror(errno));
	map = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	reg.range.start = (unsigned long)map + size;
	reg.range.len = size;
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd: %s", strerror(errno));
	map[0] = 0;
	return map;
}

int cmd_stuck(const struct opts *o)
{
	long size = sysconf(_SC_PAGESIZE);
	struct drm_mode_atomic req = { .flags = DRM_MODE_ATOMIC_TEST_ONLY };
	uint32_t counts[2] = { 1, 1 }, props[2];
	uint64_t vals[2] = { 0, 0 };
	struct card c;
	uint32_t *objs;

	card_open(&c, o);
	card_outputs(&c, o);
	if (!c.outputs[0].plane)
		return fail("no primary plane");
	props[0] = prop_id(c.fd, c.outputs[0].plane, DRM_MODE_OBJECT_PLANE, "FB_ID", NULL);
	props[1] = props[0];
	/* the first object's number is the last thing on the page that is there */
	objs = (uint32_t *)(half_a_mapping(size) + size) - 1;
	objs[0] = c.outputs[0].plane;
	req.count_objs = 2;
	req.objs_ptr = (unsigned long)objs;
	req.count_props_ptr = (unsigned long)counts;
	req.props_ptr = (unsigned long)props;
	req.prop_values_ptr = (unsigned long)vals;
	say("asks=1");
	ioctl(c.fd, DRM_IOCTL_MODE_ATOMIC, &req);
	return fail("the request came back: %s", strerror(errno));
}
