/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* xenbus, grants, event channels, rings. */
#ifndef XDF_COMPAT_XEN_H
#define XDF_COMPAT_XEN_H

/* xen/xen.h needs these before it by 6.12 */
#include <linux/types.h>
#include <linux/mm.h>

#include <xen/xen.h>
/* without a guard of its own before 5.9: src must not include it */
#include <xen/balloon.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/io/ring.h>
#include <xen/xenbus.h>

/*
 * xenbus_driver.remove returned an int that nobody read; void since 6.2 and
 * within the 6.1 series. Who has that also has
 * .allow_rebind: a removed device can come back; new by 5.10.
 * .not_essential: booting does not wait for the device; 5.16.
 * Elsewhere src fills a structure that has them all, and the kernel's is filled
 * when the driver is registered.
 */
#if !XDF_HAVE_XEN_REMOVE_VOID
struct compat_xenbus_driver {
	const char *name;
	const struct xenbus_device_id *ids;
	bool allow_rebind;
	bool not_essential;
	int (*probe)(struct xenbus_device *dev, const struct xenbus_device_id *id);
	void (*otherend_changed)(struct xenbus_device *dev,
				 enum xenbus_state state);
	void (*remove)(struct xenbus_device *dev);
	int (*suspend)(struct xenbus_device *dev);
	int (*resume)(struct xenbus_device *dev);
	struct xenbus_driver own;
};

static inline int compat_xenbus_remove(struct xenbus_device *dev)
{
	container_of(dev->dev.driver, struct compat_xenbus_driver,
		     own.driver)->remove(dev);
	return 0;
}

static inline int compat_xenbus_register(struct compat_xenbus_driver *driver,
					 struct module *owner, const char *name)
{
	struct xenbus_driver *own = &driver->own;

	own->name = driver->name;
	own->ids = driver->ids;
	own->probe = driver->probe;
	own->otherend_changed = driver->otherend_changed;
	own->remove = compat_xenbus_remove;
	own->suspend = driver->suspend;
	own->resume = driver->resume;
#if XDF_HAVE_XEN_ALLOW_REBIND
	own->allow_rebind = driver->allow_rebind;
#endif
#if XDF_HAVE_XEN_NOT_ESSENTIAL
	own->not_essential = driver->not_essential;
#endif
	return __xenbus_register_frontend(own, owner, name);
}

static inline void compat_xenbus_unregister(struct compat_xenbus_driver *driver)
{
	xenbus_unregister_driver(&driver->own);
}

#define xenbus_driver compat_xenbus_driver
#define __xenbus_register_frontend compat_xenbus_register
#define xenbus_unregister_driver compat_xenbus_unregister
#endif

/*
 * xenbus_alloc_evtchn() took an int * for the port; 5.7.
 */
#if !XDF_HAVE_XEN_ALLOC_EVTCHN_PORT
static inline int compat_alloc_evtchn(struct xenbus_device *dev,
				      evtchn_port_t *port)
{
	int number = 0;
	int ret = xenbus_alloc_evtchn(dev, &number);

	*port = number;
	return ret;
}

#define xenbus_alloc_evtchn compat_alloc_evtchn
#endif

/*
 * xenbus_read_driver_state(path) became (dev, path); new by 7.1.
 */
#if !XDF_HAVE_XEN_READ_STATE_DEV
#define xenbus_read_driver_state(dev, path)				\
	((void)(dev), xenbus_read_driver_state(path))
#endif

/*
 * gnttab_end_foreign_access(ref, readonly, address) became (ref, address) in
 * 5.18 and (ref, page) in 5.19. Each drops a reference to the page, if given:
 * high memory of a 32-bit kernel has no address, so there the page is kept.
 */
#if XDF_HAVE_XEN_END_ACCESS_ADDRESS
#define gnttab_end_foreign_access(ref, page)				\
	gnttab_end_foreign_access(ref, compat_page_address(page))
#elif !XDF_HAVE_XEN_END_ACCESS_PAGE
#define gnttab_end_foreign_access(ref, page)				\
	gnttab_end_foreign_access(ref, 0, compat_page_address(page))
#endif

static inline unsigned long compat_page_address(struct page *page)
{
	return page ? (unsigned long)page_address(page) : 0;
}

/*
 * gnttab_end_foreign_access_ref(ref, readonly) became (ref); 5.18.
 */
#if !XDF_HAVE_XEN_END_ACCESS_REF_PLAIN
#define gnttab_end_foreign_access_ref(ref) gnttab_end_foreign_access_ref(ref, 0)
#endif

/*
 * gnttab_try_end_foreign_access() ends and frees a reference unless it is in
 * use; 5.17 and most stable series, not Red Hat's.
 */
#if !XDF_HAVE_XEN_TRY_END_ACCESS
static inline int compat_try_end_foreign_access(grant_ref_t ref)
{
	if (!gnttab_end_foreign_access_ref(ref))
		return 0;
	gnttab_free_grant_reference(ref);
	return 1;
}

#define gnttab_try_end_foreign_access compat_try_end_foreign_access
#endif

/*
 * alloc_xenballooned_pages() became xen_alloc_unpopulated_pages(); 5.9, not in
 * RHEL 8. A kernel may export none: then no page stands for another domain's.
 */
#if !XDF_HAVE_XEN_UNPOPULATED
#if XDF_HAVE_XEN_BALLOONED
#define xen_alloc_unpopulated_pages(nr, pages) alloc_xenballooned_pages(nr, pages)
#define xen_free_unpopulated_pages(nr, pages) free_xenballooned_pages(nr, pages)
#else
#define xen_alloc_unpopulated_pages(nr, pages)				\
	((void)(nr), (void)(pages), -EOPNOTSUPP)
#define xen_free_unpopulated_pages(nr, pages) ((void)(nr), (void)(pages))
#endif
#endif

/*
 * The driver says when an interrupt is dealt with, and a storm is slowed
 * down; 5.10 and most stable series, not RHEL 8's.
 */
#if !XDF_HAVE_XEN_LATEEOI
#ifndef XEN_EOI_FLAG_SPURIOUS
#define XEN_EOI_FLAG_SPURIOUS 1
#endif
#define bind_evtchn_to_irqhandler_lateeoi(evtchn, handler, flags, name, id) \
	bind_evtchn_to_irqhandler(evtchn, handler, flags, name, id)
#define xen_irq_lateeoi(irq, flags) ((void)(irq), (void)(flags))
#endif

/*
 * SHARED_RING_INIT() and FRONT_RING_INIT() became XEN_FRONT_RING_INIT(); 5.19.
 */
#if !XDF_HAVE_XEN_FRONT_RING_INIT
#define XEN_FRONT_RING_INIT(r, s, size)					\
	do {								\
		SHARED_RING_INIT(s);					\
		FRONT_RING_INIT(r, s, size);				\
	} while (0)
#endif

/*
 * Private copies of responses; 5.16 and stable series, not RHEL 8's.
 */
#if !XDF_HAVE_XEN_COPY_RESPONSE
#define RING_COPY_RESPONSE(r, index, response)				\
	do {								\
		const volatile typeof(*(response)) *compat_slot =	\
			RING_GET_RESPONSE(r, index);			\
									\
		*(response) = *compat_slot;				\
	} while (0)
#endif

#endif /* XDF_COMPAT_XEN_H */
