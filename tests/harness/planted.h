/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Faults put into the driver from outside, one for each number, to see that each is
 * found. What it calls is changed, so that they fit whatever its sources are like.
 */
#if PLANTED == 1
/* pages given back while the backend may still map them */
#define gnttab_try_end_foreign_access(ref) ((void)(ref), 1)
#elif PLANTED == 2
/* a grant ended twice */
#define gnttab_try_end_foreign_access(ref) \
	(gnttab_try_end_foreign_access(ref) && gnttab_try_end_foreign_access(ref))
#elif PLANTED == 3
/* buffers used without a reference */
#define drm_gem_object_get(obj) ((void)(obj))
#elif PLANTED == 4
/* memory that is not freed */
#undef kvfree
#define kvfree(p) ((void)(p))
#elif PLANTED == 5
/* sleeping with a spinlock held */
#undef spin_unlock_irq
#define spin_unlock_irq(l) do { might_sleep(); spin_unlock(l); } while (0)
#elif PLANTED == 6
/* a lock that is now and then not taken */
static __thread void *planted_free;
#undef spin_lock_irqsave
#undef spin_unlock_irqrestore
#define spin_lock_irqsave(l, f) do {					\
	(f) = 0;							\
	if (!planted_free && rnd() % 8 == 0)				\
		planted_free = l;					\
	else								\
		spin_lock(l);						\
} while (0)
#define spin_unlock_irqrestore(l, f) do {				\
	if (planted_free == (l))					\
		planted_free = NULL;					\
	else								\
		spin_unlock(l);						\
} while (0)
#elif PLANTED == 7
/* events for userspace that get lost */
#define drm_crtc_send_vblank_event(crtc, e) do {			\
	if (rnd() % 64)							\
		drm_crtc_send_vblank_event(crtc, e);			\
} while (0)
#endif
