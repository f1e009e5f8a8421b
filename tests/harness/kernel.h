/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the driver's sources need of a kernel, in user space: included before
 * each of them, in place of all the kernel's headers. Threads stand for
 * interrupts, timers, work queues and xenwatch; time runs faster by time_scale.
 * Each misuse that a debug kernel would report ends the program by bug().
 */
#ifndef HARNESS_KERNEL_H
#define HARNESS_KERNEL_H

#define _GNU_SOURCE
#include <errno.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#define CONFIG_DRM_FBDEV_EMULATION 1
#define IS_ENABLED(option)	1
#define KBUILD_MODNAME		"xen_drm_front"

#define ERESTARTSYS		512
#define EPROBE_DEFER		517
#define MAX_ERRNO		4095

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef unsigned int gfp_t;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef unsigned long pgoff_t;
typedef unsigned int vm_fault_t;
typedef s64 ktime_t;

#define __init
#define __exit
#define __iomem
#define __user
#define __force
#define __must_check
#define __always_unused		__attribute__((unused))
#define __maybe_unused		__attribute__((unused))
#define __printf(a, b)
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define noinline		__attribute__((noinline))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define fallthrough		__attribute__((fallthrough))

#define U8_MAX			((u8)~0U)
#define U16_MAX			((u16)~0U)
#define ULONG_MAX		(~0UL)
#define U32_MAX			((u32)~0U)
#define U64_MAX			((u64)~0ULL)
#define S32_MAX			((s32)(U32_MAX >> 1))
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)		(((x) + (a) - 1) / (a) * (a))
#define IS_ALIGNED(x, a)	((x) % (a) == 0)
#define round_up(x, a)		ALIGN(x, a)
#define round_down(x, a)	((x) / (a) * (a))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL	DIV_ROUND_UP
#define sizeof_field(t, m)	sizeof(((t *)0)->m)
#define struct_size(p, m, n)	(sizeof(*(p)) + sizeof(*(p)->m) * (n))
#define array_size(a, b)	((size_t)(a) * (b))
#define size_add(a, b)		((size_t)(a) + (b))
#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)
#define static_assert		_Static_assert
#define BUILD_BUG_ON(c)		static_assert(!(c), #c)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define container_of_const	container_of
#define typeof			__typeof__

#define min(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define umin(a, b)		min((u64)(a), (u64)(b))
#define umax(a, b)		max((u64)(a), (u64)(b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define clamp_t(t, v, lo, hi)	clamp((t)(v), (t)(lo), (t)(hi))
#define swap(a, b) do { typeof(a) _t = (a); (a) = (b); (b) = _t; } while (0)
#define memset32(p, v, n) do { for (size_t _i = 0; _i < (n); _i++) (p)[_i] = (v); } while (0)
#define check_add_overflow	__builtin_add_overflow
#define check_mul_overflow	__builtin_mul_overflow
#define div_u64(a, b)		((u64)(a) / (b))
#define div64_u64(a, b)		((u64)(a) / (b))
#define div_s64(a, b)		((s64)(a) / (b))
#define DIV_ROUND_CLOSEST_ULL(a, b) (((u64)(a) + (b) / 2) / (b))
#define lower_32_bits(n)	((u32)(n))
#define upper_32_bits(n)	((u32)((u64)(n) >> 32))
#define do_div(n, base) ({ u32 _r = (n) % (base); (n) /= (base); _r; })

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

#define ilog2(x)		(fls64(x) - 1)
#define hweight32		__builtin_popcount

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#define IS_ERR_VALUE(x)		((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR(p)		IS_ERR_VALUE(p)
#define IS_ERR_OR_NULL(p)	(!(p) || IS_ERR(p))
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(e)		((void *)(long)(e))
#define ERR_CAST(p)		((void *)(p))
#define PTR_ERR_OR_ZERO(p)	(IS_ERR(p) ? (int)PTR_ERR(p) : 0)

/*
 * The harness's own
 */

void __attribute__((noreturn, format(printf, 1, 2))) bug(const char *fmt, ...);
/* a thread's own sequence, which follows from the seed and its number */
u64 rnd(void);
/* a copy that is no race, of what is only in part looked at afterwards */
void copy_quietly(void *to, const void *from, size_t size);
extern u64 seed;
extern unsigned int time_scale;

/* One in so many allocations and Xen's calls fails here; 0 for none. */
extern __thread unsigned int fail_one_in;
/* The same for works, which are nobody's thread. */
extern unsigned int works_fail_one_in;
bool fails(void);
/* One in so many killable waits is killed; 0 for none. */
extern __thread unsigned int kill_one_in;

extern __thread int atomic_depth;
extern __thread int in_interrupt;
void might_sleep_at(const char *file, int line);
#define might_sleep()		might_sleep_at(__FILE__, __LINE__)
#define cond_resched()		might_sleep()
#define might_lock(l)		((void)(l))
#define lockdep_assert_held(l)	((void)(l))
#define in_atomic()		(atomic_depth || in_interrupt)

/* Real time, for the harness's own waits. */
void real_usleep(unsigned int us);
/* Every stand-in's thread is running after this. */
void kernel_start(void);
void work_freeze(bool on);

/* What the driver has said so far, and how often. */
extern unsigned long log_lines;
unsigned long log_count(const char *text);
void log_clear(void);
void log_keep(bool on);

#define WARN_ON(c) ({							\
	bool _c = (c);							\
									\
	if (_c)								\
		bug("WARN_ON(" #c ") at %s:%d", __FILE__, __LINE__);	\
	_c;								\
})
#define WARN(c, f...)		WARN_ON(c)
#define WARN_ON_ONCE		WARN_ON
#define WARN_ONCE		WARN
#define BUG_ON(c)		((void)WARN_ON(c))

/*
 * Barriers, atomics
 */

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (typeof(x))(v), __ATOMIC_RELAXED)
#define data_race(x)		(x)
#define barrier()		__asm__ __volatile__("" ::: "memory")
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define mb			smp_mb
#define rmb			smp_rmb
#define wmb			smp_wmb
#define virt_mb			smp_mb
#define virt_rmb		smp_rmb
#define virt_wmb		smp_wmb
#define virt_store_mb(x, v)	do { WRITE_ONCE(x, v); smp_mb(); } while (0)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_mb__before_atomic	smp_mb
#define smp_mb__after_atomic	smp_mb
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, o, n) ({						\
	typeof(*(p)) _o = (o);						\
									\
	__atomic_compare_exchange_n(p, &_o, n, false,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	_o;								\
})

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
#define ATOMIC_INIT(i)		{ i }
#define atomic_read(a)		__atomic_load_n(&(a)->counter, __ATOMIC_RELAXED)
#define atomic_set(a, i)	__atomic_store_n(&(a)->counter, i, __ATOMIC_RELAXED)
#define atomic_add_return(i, a)	__atomic_add_fetch(&(a)->counter, i, __ATOMIC_SEQ_CST)
#define atomic_sub_return(i, a)	__atomic_sub_fetch(&(a)->counter, i, __ATOMIC_SEQ_CST)
#define atomic_fetch_add(i, a)	__atomic_fetch_add(&(a)->counter, i, __ATOMIC_SEQ_CST)
#define atomic_add(i, a)	((void)atomic_add_return(i, a))
#define atomic_sub(i, a)	((void)atomic_sub_return(i, a))
#define atomic_inc(a)		atomic_add(1, a)
#define atomic_dec(a)		atomic_sub(1, a)
#define atomic_inc_return(a)	atomic_add_return(1, a)
#define atomic_dec_return(a)	atomic_sub_return(1, a)
#define atomic_dec_and_test(a)	(!atomic_dec_return(a))
#define atomic_xchg(a, i)	xchg(&(a)->counter, i)
#define atomic_cmpxchg(a, o, n)	cmpxchg(&(a)->counter, o, n)
#define atomic64_read		atomic_read
#define atomic64_set		atomic_set
#define atomic64_inc		atomic_inc
#define atomic64_add		atomic_add
#define atomic64_inc_return	atomic_inc_return

#define set_bit(n, p)		((void)__atomic_fetch_or(p, 1UL << (n), __ATOMIC_SEQ_CST))
#define clear_bit(n, p)		((void)__atomic_fetch_and(p, ~(1UL << (n)), __ATOMIC_SEQ_CST))
#define test_bit(n, p)		((__atomic_load_n(p, __ATOMIC_SEQ_CST) >> (n)) & 1)
#define test_and_set_bit(n, p)	((__atomic_fetch_or(p, 1UL << (n), __ATOMIC_SEQ_CST) >> (n)) & 1)
#define test_and_clear_bit(n, p) \
	((__atomic_fetch_and(p, ~(1UL << (n)), __ATOMIC_SEQ_CST) >> (n)) & 1)
#define __set_bit		set_bit
#define __clear_bit		clear_bit

struct kref { int refcount; };
typedef struct kref refcount_t;

static inline void kref_init(struct kref *k)
{
	__atomic_store_n(&k->refcount, 1, __ATOMIC_RELAXED);
}

static inline void kref_get(struct kref *k)
{
	if (__atomic_fetch_add(&k->refcount, 1, __ATOMIC_SEQ_CST) <= 0)
		bug("reference to what has none left");
}

static inline int kref_get_unless_zero(struct kref *k)
{
	int old = __atomic_load_n(&k->refcount, __ATOMIC_SEQ_CST);

	while (old && !__atomic_compare_exchange_n(&k->refcount, &old, old + 1, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return old;
}

static inline unsigned int kref_read(const struct kref *k)
{
	return __atomic_load_n(&k->refcount, __ATOMIC_RELAXED);
}

static inline int kref_put(struct kref *k, void (*release)(struct kref *))
{
	int left = __atomic_sub_fetch(&k->refcount, 1, __ATOMIC_SEQ_CST);

	if (left < 0)
		bug("one reference too many put");
	if (!left && release)
		release(k);
	return !left;
}

#define refcount_set(r, n)	__atomic_store_n(&(r)->refcount, n, __ATOMIC_RELAXED)
#define refcount_read(r)	kref_read(r)
#define refcount_inc(r)		kref_get(r)
#define refcount_inc_not_zero(r) kref_get_unless_zero(r)
#define refcount_dec_and_test(r) kref_put(r, NULL)

/*
 * Locks
 */

struct mutex {
	pthread_mutex_t m;
};

typedef struct mutex spinlock_t;

void mutex_init(struct mutex *m);
void mutex_destroy(struct mutex *m);
void mutex_lock_at(struct mutex *m, const char *file, int line);
int mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(struct mutex *m);
void spin_lock_init(spinlock_t *l);
void spin_lock(spinlock_t *l);
int spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
#define mutex_lock(m)		mutex_lock_at(m, __FILE__, __LINE__)
#define mutex_lock_interruptible(m) (mutex_lock(m), 0)
#define mutex_lock_killable	mutex_lock_interruptible
#define mutex_lock_nested(m, s)	mutex_lock(m)
#define DEFINE_MUTEX(n)		struct mutex n = { PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP }
#define DEFINE_SPINLOCK(n)	spinlock_t n = { PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP }
#define spin_lock_irq		spin_lock
#define spin_unlock_irq		spin_unlock
#define spin_lock_bh		spin_lock
#define spin_unlock_bh		spin_unlock
#define spin_lock_nested(l, s)	spin_lock(l)
#define spin_lock_irqsave(l, f)	do { (f) = 0; (void)(f); spin_lock(l); } while (0)
#define spin_unlock_irqrestore(l, f) spin_unlock(l)
#define spin_trylock_irqsave(l, f) ((f) = 0, (void)(f), spin_trylock(l))
#define local_irq_save(f)	((f) = 0)
#define local_irq_restore(f)	((void)(f))
#define irqs_disabled()		(atomic_depth || in_interrupt)
#define preempt_disable()	(atomic_depth++)
#define preempt_enable()	(atomic_depth--)

/*
 * Lists
 */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(n)	{ &(n), &(n) }
#define LIST_HEAD(n)		struct list_head n = LIST_HEAD_INIT(n)

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	WRITE_ONCE(l->next, l);
	WRITE_ONCE(l->prev, l);
}

static inline void __list_add(struct list_head *e, struct list_head *prev, struct list_head *next)
{
	if (next->prev != prev || prev->next != next || e == prev || e == next)
		bug("list_add into a corrupt list");
	WRITE_ONCE(next->prev, e);
	e->next = next;
	e->prev = prev;
	WRITE_ONCE(prev->next, e);
}

static inline void list_add(struct list_head *e, struct list_head *h)
{
	__list_add(e, h, h->next);
}

static inline void list_add_tail(struct list_head *e, struct list_head *h)
{
	__list_add(e, h->prev, h);
}

static inline void __list_del(struct list_head *e)
{
	if (e->next->prev != e || e->prev->next != e)
		bug("list_del of what is in no list");
	WRITE_ONCE(e->next->prev, e->prev);
	WRITE_ONCE(e->prev->next, e->next);
}

static inline void list_del(struct list_head *e)
{
	__list_del(e);
	e->next = (void *)0x100;
	e->prev = (void *)0x122;
}

static inline void list_del_init(struct list_head *e)
{
	__list_del(e);
	WRITE_ONCE(e->next, e);
	WRITE_ONCE(e->prev, e);
}

static inline bool list_empty(const struct list_head *h)
{
	return READ_ONCE(h->next) == h;
}

static inline bool list_empty_careful(const struct list_head *h)
{
	struct list_head *next = smp_load_acquire(&h->next);

	return next == h && next == READ_ONCE(h->prev);
}

static inline bool list_is_singular(const struct list_head *h)
{
	return !list_empty(h) && h->next == h->prev;
}

static inline bool list_is_last(const struct list_head *e, const struct list_head *h)
{
	return e->next == h;
}

static inline void list_move(struct list_head *e, struct list_head *h)
{
	__list_del(e);
	list_add(e, h);
}

static inline void list_move_tail(struct list_head *e, struct list_head *h)
{
	__list_del(e);
	list_add_tail(e, h);
}

static inline void __list_splice(struct list_head *l, struct list_head *prev,
				 struct list_head *next)
{
	if (list_empty(l))
		return;
	WRITE_ONCE(l->next->prev, prev);
	WRITE_ONCE(prev->next, l->next);
	WRITE_ONCE(l->prev->next, next);
	WRITE_ONCE(next->prev, l->prev);
}

static inline void list_splice(struct list_head *l, struct list_head *h)
{
	__list_splice(l, h, h->next);
}

static inline void list_splice_tail(struct list_head *l, struct list_head *h)
{
	__list_splice(l, h->prev, h);
}

static inline void list_splice_init(struct list_head *l, struct list_head *h)
{
	__list_splice(l, h, h->next);
	INIT_LIST_HEAD(l);
}

static inline void list_splice_tail_init(struct list_head *l, struct list_head *h)
{
	__list_splice(l, h->prev, h);
	INIT_LIST_HEAD(l);
}

#define list_entry		container_of
#define list_first_entry(h, t, m) list_entry((h)->next, t, m)
#define list_last_entry(h, t, m) list_entry((h)->prev, t, m)
#define list_next_entry(p, m)	list_entry((p)->m.next, typeof(*(p)), m)
#define list_prev_entry(p, m)	list_entry((p)->m.prev, typeof(*(p)), m)
#define list_first_entry_or_null(h, t, m) \
	(list_empty(h) ? NULL : list_first_entry(h, t, m))
#define list_for_each(p, h)	for (p = (h)->next; p != (h); p = p->next)
#define list_for_each_entry(p, h, m)					\
	for (p = list_first_entry(h, typeof(*p), m); &p->m != (h); p = list_next_entry(p, m))
#define list_for_each_entry_continue(p, h, m)				\
	for (p = list_next_entry(p, m); &p->m != (h); p = list_next_entry(p, m))
#define list_for_each_entry_from(p, h, m)				\
	for (; &p->m != (h); p = list_next_entry(p, m))
#define list_for_each_entry_reverse(p, h, m)				\
	for (p = list_last_entry(h, typeof(*p), m); &p->m != (h); p = list_prev_entry(p, m))
#define list_for_each_entry_safe(p, n, h, m)				\
	for (p = list_first_entry(h, typeof(*p), m), n = list_next_entry(p, m); \
	     &p->m != (h); p = n, n = list_next_entry(n, m))

/*
 * Time
 */

#define HZ			250
#define NSEC_PER_USEC		1000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L
#define USEC_PER_SEC		1000000L
#define USEC_PER_MSEC		1000L
#define MSEC_PER_SEC		1000L
u64 ktime_get_ns(void);
#define ktime_get()		((ktime_t)ktime_get_ns())
#define ktime_get_boottime	ktime_get
#define ktime_sub(a, b)		((a) - (b))
#define ktime_add(a, b)		((a) + (b))
#define ktime_add_ns(a, b)	((a) + (s64)(b))
#define ktime_add_us(a, b)	((a) + (s64)(b) * NSEC_PER_USEC)
#define ktime_add_ms(a, b)	((a) + (s64)(b) * NSEC_PER_MSEC)
#define ktime_to_ns(k)		((s64)(k))
#define ktime_to_us(k)		((k) / NSEC_PER_USEC)
#define ktime_to_ms(k)		((k) / NSEC_PER_MSEC)
#define ktime_us_delta(a, b)	ktime_to_us((a) - (b))
#define ktime_ms_delta(a, b)	ktime_to_ms((a) - (b))
#define ns_to_ktime(n)		((ktime_t)(n))
#define ms_to_ktime(n)		((ktime_t)(n) * NSEC_PER_MSEC)
#define us_to_ktime(n)		((ktime_t)(n) * NSEC_PER_USEC)
#define ktime_before(a, b)	((a) < (b))
#define ktime_after(a, b)	((a) > (b))
#define ktime_compare(a, b)	((a) < (b) ? -1 : (a) > (b))
#define jiffies			((unsigned long)(ktime_get_ns() / (NSEC_PER_SEC / HZ)))
#define msecs_to_jiffies(m)	((unsigned long)DIV_ROUND_UP((u64)(m) * HZ, 1000))
#define usecs_to_jiffies(u)	((unsigned long)DIV_ROUND_UP((u64)(u) * HZ, 1000000))
#define nsecs_to_jiffies(n)	((unsigned long)DIV_ROUND_UP((u64)(n) * HZ, NSEC_PER_SEC))
#define jiffies_to_msecs(j)	((unsigned int)((j) * 1000 / HZ))
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX
void ndelay(u64 ns);
#define udelay(u)		ndelay((u) * NSEC_PER_USEC)
#define mdelay(m)		ndelay((m) * NSEC_PER_MSEC)
#define usleep_range(a, b)	do { might_sleep(); udelay(a); } while (0)
#define msleep(m)		do { might_sleep(); mdelay(m); } while (0)
#define schedule_timeout_uninterruptible(j) ({ msleep(jiffies_to_msecs(j)); 0; })

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	u64 expires;
	bool set_up;
	bool active;
	bool running;
	struct hrtimer *next;
};

void hrtimer_setup(struct hrtimer *t, enum hrtimer_restart (*fn)(struct hrtimer *t),
		   clockid_t clock, enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *t, ktime_t time, enum hrtimer_mode mode);
int hrtimer_try_to_cancel(struct hrtimer *t);
int hrtimer_cancel(struct hrtimer *t);
bool hrtimer_active(const struct hrtimer *t);
u64 hrtimer_forward_now(struct hrtimer *t, ktime_t interval);
#define hrtimer_start_range_ns(t, time, delta, mode) hrtimer_start(t, time, mode)
#define hrtimer_get_expires_ns(t) ((t)->expires)
/* timers that may still run: none, once the driver is gone */
unsigned int hrtimers_armed(void);

/*
 * Works
 */

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct workqueue_struct;

struct work_struct {
	work_func_t func;
	bool pending;
	struct workqueue_struct *wq;
	struct work_struct *next;
};

struct delayed_work {
	struct work_struct work;
	bool armed;
	u64 expires;
	struct workqueue_struct *wq;
	struct delayed_work *next;
};

#define INIT_WORK(w, f)		(memset(w, 0, sizeof(*(w))), (void)((w)->func = (f)))
#define INIT_DELAYED_WORK(d, f)	(memset(d, 0, sizeof(*(d))), (void)((d)->work.func = (f)))
#define INIT_WORK_ONSTACK	INIT_WORK
#define DECLARE_WORK(n, f)	struct work_struct n = { .func = f }
#define DECLARE_DELAYED_WORK(n, f) struct delayed_work n = { .work.func = f }
#define destroy_work_on_stack(w) ((void)(w))
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define WQ_UNBOUND		1
#define WQ_FREEZABLE		2
#define WQ_MEM_RECLAIM		4
#define WQ_HIGHPRI		8
#define WQ_PERCPU		16
#define WQ_ORDERED		32
extern struct workqueue_struct *system_wq;
#define system_percpu_wq	system_wq
#define system_unbound_wq	system_wq
#define system_freezable_wq	system_wq
#define system_dfl_wq		system_wq
#define system_long_wq		system_wq
#define system_highpri_wq	system_wq
struct workqueue_struct *alloc_workqueue_noprof(const char *name, int flags);
#define alloc_workqueue(name, flags, max...) alloc_workqueue_noprof(name, flags)
#define alloc_ordered_workqueue(name, flags, args...) \
	alloc_workqueue_noprof(name, (flags) | WQ_ORDERED)
void destroy_workqueue(struct workqueue_struct *wq);
void drain_workqueue(struct workqueue_struct *wq);
#define flush_workqueue		drain_workqueue
bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
bool flush_work(struct work_struct *w);
bool cancel_work(struct work_struct *w);
bool cancel_work_sync(struct work_struct *w);
bool work_pending(struct work_struct *w);
unsigned int work_busy(struct work_struct *w);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay);
bool cancel_delayed_work(struct delayed_work *d);
bool cancel_delayed_work_sync(struct delayed_work *d);
bool delayed_work_pending(struct delayed_work *d);
bool flush_delayed_work(struct delayed_work *d);
#define schedule_work(w)	queue_work(system_wq, w)
#define schedule_delayed_work(d, t) queue_delayed_work(system_wq, d, t)

typedef struct wait_queue_head {
	pthread_mutex_t m;
	pthread_cond_t c;
	unsigned long woken;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *w);
void wake_up_all(wait_queue_head_t *w);
#define wake_up			wake_up_all
#define wake_up_interruptible	wake_up_all
unsigned long wait_begin(wait_queue_head_t *w);
void wait_once(wait_queue_head_t *w, unsigned long woken, u64 deadline);
bool wait_is_killed(void);
/* 1 when it came true, 0 at the deadline, -ERESTARTSYS */
#define __wait_event(w, cond, deadline, killable) ({			\
	u64 _end = (deadline);						\
	int _w;								\
									\
	might_sleep();							\
	for (;;) {							\
		unsigned long _n = wait_begin(w);			\
									\
		_w = 1;							\
		if (cond)						\
			break;						\
		_w = 0;							\
		if (ktime_get_ns() >= _end)				\
			break;						\
		_w = -ERESTARTSYS;					\
		if ((killable) && wait_is_killed())			\
			break;						\
		wait_once(w, _n, _end);					\
	}								\
	_w;								\
})
#define wait_end(j)		(ktime_get_ns() + (u64)(j) * (NSEC_PER_SEC / HZ))
#define wait_event(w, cond)	((void)__wait_event(&(w), cond, U64_MAX, false))
#define wait_event_killable(w, cond) min(__wait_event(&(w), cond, U64_MAX, true), 0)
#define wait_event_interruptible wait_event_killable
#define wait_event_timeout(w, cond, j) __wait_event(&(w), cond, wait_end(j), false)
#define wait_event_killable_timeout(w, cond, j) __wait_event(&(w), cond, wait_end(j), true)
#define wait_event_interruptible_timeout wait_event_killable_timeout

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

void init_completion(struct completion *c);
void reinit_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
bool completion_done(struct completion *c);
bool try_wait_for_completion(struct completion *c);
int completion_wait(struct completion *c, u64 deadline, bool killable);
#define wait_for_completion(c)	((void)completion_wait(c, U64_MAX, false))
#define wait_for_completion_killable(c) min(completion_wait(c, U64_MAX, true), 0)
#define wait_for_completion_interruptible wait_for_completion_killable
#define wait_for_completion_timeout(c, j) completion_wait(c, wait_end(j), false)
#define wait_for_completion_killable_timeout(c, j) completion_wait(c, wait_end(j), true)
#define wait_for_completion_interruptible_timeout wait_for_completion_killable_timeout

/*
 * Memory
 */

#define GFP_KERNEL		1u
#define GFP_ATOMIC		0u
#define GFP_NOWAIT		0u
#define GFP_NOIO		1u
#define GFP_HIGHUSER		1u
#define __GFP_ZERO		2u
#define __GFP_NOFAIL		4u
#define __GFP_RETRY_MAYFAIL	0u
#define __GFP_NORETRY		0u
#define __GFP_NOWARN		0u
#define __GFP_COMP		0u
#define GFP_KERNEL_ACCOUNT	GFP_KERNEL
#define memalloc_noio_save()	0u
#define memalloc_noio_restore(f) ((void)(f))
#define memalloc_nofs_save()	0u
#define memalloc_nofs_restore(f) ((void)(f))
void *kernel_alloc(size_t size, gfp_t gfp, const char *file, int line);
#define kmalloc(n, f)		kernel_alloc(n, f, __FILE__, __LINE__)
#define kzalloc(n, f)		kmalloc(n, (f) | __GFP_ZERO)
#define kmalloc_array(n, s, f)	kmalloc((size_t)(n) * (s), f)
#define kcalloc(n, s, f)	kzalloc((size_t)(n) * (s), f)
#define kvmalloc		kmalloc
#define kvzalloc		kzalloc
#define kvmalloc_array		kmalloc_array
#define kvcalloc		kcalloc
#define vmalloc(n)		kmalloc(n, GFP_KERNEL)
#define vzalloc(n)		kzalloc(n, GFP_KERNEL)
#define kfree(p)		free((void *)(p))
#define kvfree			kfree
#define vfree			kfree
#define kfree_sensitive		kfree
void *kmemdup(const void *p, size_t n, gfp_t gfp);
char *kstrdup(const char *s, gfp_t gfp);
char *kasprintf(gfp_t gfp, const char *fmt, ...);
void *memchr_inv(const void *p, int c, size_t n);
ssize_t strscpy(char *to, const char *from, size_t size);
int kscnprintf(char *buf, size_t size, const char *fmt, ...);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args);
#define scnprintf		kscnprintf
void sort(void *base, size_t num, size_t size, int (*cmp)(const void *a, const void *b),
	  void *swap_fn);
u32 crc32_le(u32 crc, const u8 *p, size_t len);
#define ESCAPE_ANY		1
#define ESCAPE_NP		2
#define ESCAPE_SPACE		4
#define ESCAPE_SPECIAL		8
int string_escape_mem(const char *src, size_t isz, char *dst, size_t osz, unsigned int flags,
		      const char *only);
char *kstrdup_quotable(const char *src, gfp_t gfp);
#define isprint_ascii(c)	((c) >= 0x20 && (c) < 0x7f)
int kstrtouint(const char *s, unsigned int base, unsigned int *res);
#define kstrtou32		kstrtouint

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)		ALIGN((x), PAGE_SIZE)
#define PFN_UP(x)		(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PAGE_ALIGNED(x)		IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define offset_in_page(p)	((unsigned long)(p) & (PAGE_SIZE - 1))
#define SZ_4K			4096
#define SZ_1M			(1u << 20)
#define VM_MAP			0
#define PAGE_KERNEL		0

struct page {
	int refs;
	int granted;
	struct list_head lru;
};

struct page *alloc_pages(gfp_t gfp, unsigned int order);
#define split_page(p, o)	((void)(p))
struct page *alloc_page_run(unsigned int count);
void __free_pages(struct page *page, unsigned int order);
#define alloc_page(f)		alloc_pages(f, 0)
#define __free_page(p)		put_page(p)
void get_page(struct page *page);
void put_page(struct page *page);
int page_count(struct page *page);
void *page_address(struct page *page);
void page_grant(struct page *page, int by);
unsigned long page_to_pfn(struct page *page);
struct page *pfn_to_page(unsigned long pfn);
unsigned int pages_in_use(void);
#define pfn_valid(n)		true
#define page_to_phys(p)		((phys_addr_t)page_to_pfn(p) << PAGE_SHIFT)
#define is_zone_device_page(p)	false
#define PageReserved(p)		false
#define PageSlab(p)		false
#define PageCompound(p)		false
#define PageForeign(p)		false
#define PageHighMem(p)		false
#define clear_page(a)		memset(a, 0, PAGE_SIZE)
#define clear_highpage(p)	clear_page(page_address(p))
#define kmap_local_page(p)	page_address(p)
#define kunmap_local(a)		((void)(a))
void *vmap(struct page **pages, unsigned int count, unsigned long flags, int prot);
void vunmap(const void *addr);
#define is_vmalloc_addr(a)	false
#define si_mem_available()	(1L << 20)

typedef struct { long counter; } atomic_long_t;
#define atomic_long_add(i, a)	((void)__atomic_add_fetch(&(a)->counter, i, __ATOMIC_SEQ_CST))
#define atomic_long_sub(i, a)	((void)__atomic_sub_fetch(&(a)->counter, i, __ATOMIC_SEQ_CST))
#define atomic_long_read(a)	__atomic_load_n(&(a)->counter, __ATOMIC_SEQ_CST)

/* there is one process */
#define task_tgid_nr(t)		1

struct dma_fence;
#define dma_fence_is_signaled(f) true

struct shrink_control { unsigned long nr_to_scan; };
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *s, struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *s, struct shrink_control *sc);
};
#define SHRINK_STOP		(~0UL)
struct shrinker *shrinker_alloc(unsigned int flags, const char *name, ...);
void shrinker_register(struct shrinker *s);
void shrinker_free(struct shrinker *s);
void shrink_memory(void);

struct sysinfo { unsigned long totalram; };
#define si_meminfo(i)		((i)->totalram = 1UL << 20)

struct address_space { int unused; };
struct file { struct address_space *f_mapping; void *private_data; };
#define mapping_set_gfp_mask(m, f) ((void)(m), (void)(f))
#define mapping_clear_unevictable(m) ((void)(m))

struct vm_operations_struct;
struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags, vm_pgoff;
	int vm_page_prot;
	void *vm_private_data;
	const struct vm_operations_struct *vm_ops;
};
struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address, pgoff;
};
struct vm_operations_struct {
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*map_pages)(struct vm_fault *vmf, pgoff_t first, pgoff_t last);
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
};
#define VM_FAULT_SIGBUS		2
#define VM_FAULT_NOPAGE		0x100
#define VM_FAULT_OOM		1
#define VM_SHARED		8
#define VM_MAYWRITE		0x20
#define VM_PFNMAP		0x400
#define VM_MIXEDMAP		0x1000
#define VM_DONTEXPAND		0x40000
#define VM_DONTDUMP		0x4000000
#define VM_IO			0x4000
#define vm_get_page_prot(f)	0
#define vma_pages(v)		(((v)->vm_end - (v)->vm_start) >> PAGE_SHIFT)
#define remap_pfn_range(v, a, p, n, r) ((v)->vm_flags |= VM_PFNMAP, (void)(a), (void)(p), (void)(r), 0)
#define vmf_insert_pfn(v, a, p)	((void)(v), (void)(p), VM_FAULT_NOPAGE)
#define vmf_insert_pfn_prot(v, a, p, r) vmf_insert_pfn(v, a, p)
#define vm_flags_set(v, f)	((v)->vm_flags |= (f))
#define vm_flags_clear(v, f)	((v)->vm_flags &= ~(f))

/*
 * Log
 */

struct device;
__attribute__((format(gnu_printf, 2, 0)))
void log_print(const struct device *dev, const char *fmt, ...);
bool log_may(u64 *state);
#define log_once(call) do { static bool _said; if (!xchg(&_said, true)) call; } while (0)
#define log_limited(call) do { static u64 _state[2]; if (log_may(_state)) call; } while (0)
#define dev_err(d, f...)	log_print(d, f)
#define dev_warn		dev_err
#define dev_info		dev_err
#define dev_notice		dev_err
#define dev_dbg(d, f...)	do { if (0) log_print(d, f); } while (0)
#define dev_warn_once(d, f...)	log_once(dev_warn(d, f))
#define dev_err_once		dev_warn_once
#define dev_info_once		dev_warn_once
#define dev_warn_ratelimited(d, f...) log_limited(dev_warn(d, f))
#define dev_err_ratelimited	dev_warn_ratelimited
#define dev_info_ratelimited	dev_warn_ratelimited
#define pr_err(f...)		log_print(NULL, f)
#define pr_warn			pr_err
#define pr_info			pr_err
#define pr_debug(f...)		dev_dbg(NULL, f)
#define pr_warn_ratelimited(f...) log_limited(pr_warn(f))
#define pr_err_ratelimited	pr_warn_ratelimited
#define pr_info_ratelimited	pr_warn_ratelimited
#define pr_warn_once(f...)	log_once(pr_warn(f))

struct ratelimit_state { u64 state[2]; };
#define DEFINE_RATELIMIT_STATE(n, i, b) struct ratelimit_state n
#define ratelimit_state_init(r, i, b) memset(r, 0, sizeof(*(r)))
#define ratelimit_set_flags(r, f) ((void)(r))
#define __ratelimit(r)		log_may((r)->state)
#define DEFAULT_RATELIMIT_INTERVAL (5 * HZ)
#define DEFAULT_RATELIMIT_BURST	10

/*
 * Devices, modules and what is never looked into
 */

struct devres {
	void (*fn)(void *data);
	void *data;
	struct devres *next;
};

struct device {
	const char *name;
	void *driver_data;
	struct kref ref;
	struct devres *res;
	void (*release)(struct device *dev);
	struct mutex mutex;
	struct device *parent;
};

/* there is no sysfs: nobody has children */
#define device_for_each_child(parent, data, fn)	((void)(parent), (void)(data), (void)(fn), 0)
#define device_move(dev, parent, order)		((void)(dev), 0)

#define dev_name(d)		((d)->name)
#define dev_set_drvdata(d, p)	((d)->driver_data = (p))
#define dev_get_drvdata(d)	((d)->driver_data)
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
void device_init(struct device *dev, const char *name, void (*release)(struct device *dev));
void devres_release_all(struct device *dev);
int devm_add_action(struct device *dev, void (*fn)(void *data), void *data);
int devm_add_action_or_reset(struct device *dev, void (*fn)(void *data), void *data);
void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp);
#define devm_kcalloc(d, n, s, f) devm_kzalloc(d, (size_t)(n) * (s), f)
struct device *root_device_register(const char *name);
void root_device_unregister(struct device *dev);
#define device_lock(d)		mutex_lock(&(d)->mutex)
#define device_unlock(d)	mutex_unlock(&(d)->mutex)

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE };
#define DMA_BIT_MASK(n)		(~0ULL)
#define dma_coerce_mask_and_coherent(d, m) ((void)(d), 0)
#define dma_set_max_seg_size(d, s) ((void)(d), 0)
struct page *dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *dma,
			     enum dma_data_direction dir, gfp_t gfp);
void dma_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t dma,
		    enum dma_data_direction dir);
struct scatterlist;
struct dma_map_ops {
	int (*map_sg)(struct device *dev, struct scatterlist *sg, int n,
		      enum dma_data_direction dir, unsigned long attrs);
};
#define set_dma_ops(d, ops)	((void)(d), (void)(ops))

struct scatterlist {
	struct page *page;
	unsigned int offset, length, dma_length;
	dma_addr_t dma_address;
};
struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents, orig_nents;
};
#define sg_dma_address(s)	((s)->dma_address)
#define sg_dma_len(s)		((s)->dma_length)
#define sg_page(s)		((s)->page)
#define sg_phys(s)		(page_to_phys((s)->page) + (s)->offset)
#define for_each_sg(l, s, n, i)	for (i = 0, s = (l); i < (n); i++, s++)
#define for_each_sgtable_sg(t, s, i) for_each_sg((t)->sgl, s, (t)->orig_nents, i)
int sg_alloc_table(struct sg_table *t, unsigned int n, gfp_t gfp);
void sg_free_table(struct sg_table *t);
#define sg_set_page(s, p, l, o)	((s)->page = (p), (s)->length = (l), (s)->offset = (o))

struct iosys_map {
	union {
		void *vaddr;
		void *vaddr_iomem;
	};
	bool is_iomem;
};
#define iosys_map_set_vaddr(m, a) ((m)->vaddr = (a), (m)->is_iomem = false)
#define iosys_map_clear(m)	iosys_map_set_vaddr(m, NULL)
#define iosys_map_is_null(m)	(!(m)->vaddr)
static inline void iosys_map_memcpy_from(void *to, const struct iosys_map *map, size_t from, size_t len)
{
	memcpy(to, map->vaddr + from, len);
}

struct dma_resv { int unused; };
/* Another driver's buffer. */
struct dma_buf {
	size_t size;
	struct dma_resv *resv;
	struct kref ref;
	struct page **pages;
	/* no page can be had of it */
	bool pageless;
	/* whoever wants to read waits until this is 0 */
	int held;
	wait_queue_head_t wait;
	int vmaps, reads, attachments;
};
struct dma_buf_attachment { struct dma_buf *dmabuf; };
struct dma_buf *dma_buf_make(unsigned int pages, bool pageless);
unsigned int dma_bufs_left(void);
void dma_buf_hold(struct dma_buf *buf, bool on);
void dma_buf_put(struct dma_buf *buf);
#define get_dma_buf(b)		kref_get(&(b)->ref)
int dma_buf_begin_cpu_access(struct dma_buf *buf, enum dma_data_direction dir);
int dma_buf_end_cpu_access(struct dma_buf *buf, enum dma_data_direction dir);
int dma_buf_vmap_unlocked(struct dma_buf *buf, struct iosys_map *map);
void dma_buf_vunmap_unlocked(struct dma_buf *buf, struct iosys_map *map);

/* where the module's parameters and ends are found: the names are the sources' */
#define module_param(n, t, m)	t##_param *harness_param_##n = &n
typedef unsigned int uint_param;
typedef int int_param;
typedef bool bool_param;
#define MODULE_PARM_DESC(n, t)	struct harness_none
#define MODULE_DESCRIPTION(t)	struct harness_none
#define MODULE_AUTHOR(t)	struct harness_none
#define MODULE_LICENSE(t)	struct harness_none
#define MODULE_VERSION(t)	struct harness_none
#define MODULE_ALIAS(t)		struct harness_none
#define MODULE_IMPORT_NS(t)	struct harness_none
#define MODULE_SOFTDEP(t)	struct harness_none
#define MODULE_DEVICE_TABLE(a, b) struct harness_none
#define EXPORT_SYMBOL_GPL(n)	struct harness_none
#define THIS_MODULE		NULL
#define module_init(f)		int (*const harness_init)(void) = f
#define module_exit(f)		void (*const harness_exit)(void) = f
extern int (*const harness_init)(void);
extern void (*const harness_exit)(void);
bool try_module_get(void *module);
void module_put(void *module);
#define __module_get(m)		((void)try_module_get(m))
unsigned int module_users(void);

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event, void *data);
	struct notifier_block *next;
};
#define NOTIFY_DONE 0
#define NOTIFY_OK 1
int register_reboot_notifier(struct notifier_block *nb);
int unregister_reboot_notifier(struct notifier_block *nb);
void reboot_notify(void);

struct seq_file { void *private; };
#define seq_printf(m, f...)	((void)(m), kscnprintf((char[1024]){}, 1024, f))
#define seq_puts(m, s)		((void)(m), (void)(s))
#define seq_putc(m, c)		((void)(m), (void)(c))

typedef int (*irq_handler_t)(int irq, void *data);
typedef int irqreturn_t;
#define IRQ_HANDLED 1
#define IRQ_NONE 0
#define noop_llseek NULL

/* the arguments are looked at, as a tracer would */
#define TRACE_EVENT(name, proto, args, rest...) \
	static inline __maybe_unused void trace_##name(proto) { }
#define DECLARE_EVENT_CLASS(name, rest...) struct harness_none
#define DEFINE_EVENT(class, name, proto, args) \
	static inline __maybe_unused void trace_##name(proto) { }
#define TP_PROTO(p...)		p
#define TP_ARGS(a...)
#define TP_STRUCT__entry(a...)
#define TP_fast_assign(a...)
#define TP_printk(a...)

#endif /* HARNESS_KERNEL_H */
