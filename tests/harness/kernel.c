// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Stand-ins for the kernel's own: see kernel.h. */
#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(a, n)		((void)(a), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(a, n)	((void)(a), (void)(n))
#endif

u64 seed = 1;
unsigned int time_scale = 25;
unsigned int works_fail_one_in;
__thread unsigned int fail_one_in, kill_one_in;
__thread int atomic_depth, in_interrupt;

/* What ends the program: a sanitizer's report ends it as well. */
void bug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("BUG: ", stderr);
	vfprintf(stderr, fmt, args);
	fputs("\n", stderr);
	va_end(args);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	__sanitizer_print_stack_trace();
#endif
	_exit(1);
}

u64 rnd(void)
{
	static unsigned int threads;
	static __thread u64 state;

	if (!state)
		state = (seed * 1000 + __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED)) *
			0x9e3779b97f4a7c15ULL | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

#if defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("thread")))
#endif
void copy_quietly(void *to, const void *from, size_t size)
{
	const volatile char *src = from;
	volatile char *dst = to;

	while (size--)
		*dst++ = *src++;
}

bool fails(void)
{
	return fail_one_in && rnd() % fail_one_in == 0;
}

void might_sleep_at(const char *file, int line)
{
	if (in_atomic())
		bug("sleeping in atomic context at %s:%d (spinlocks %d, interrupt %d)", file, line,
		    atomic_depth, in_interrupt);
}

static void thread_start(void *(*fn)(void *), void *data, pthread_t *thread)
{
	pthread_t t;

	if (pthread_create(thread ? thread : &t, NULL, fn, data))
		bug("no thread");
	if (!thread)
		pthread_detach(t);
}

/*
 * Locks
 */

void mutex_init(struct mutex *m)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&m->m, &attr);
}

static void lock_check(int err, const char *what)
{
	if (err)
		bug("%s: %s", what, strerror(err));
}

void mutex_destroy(struct mutex *m)
{
	lock_check(pthread_mutex_destroy(&m->m), "mutex_destroy");
}

void mutex_lock_at(struct mutex *m, const char *file, int line)
{
	might_sleep_at(file, line);
	lock_check(pthread_mutex_lock(&m->m), "mutex_lock");
}

int mutex_trylock(struct mutex *m)
{
	return !pthread_mutex_trylock(&m->m);
}

void mutex_unlock(struct mutex *m)
{
	lock_check(pthread_mutex_unlock(&m->m), "mutex_unlock");
}

bool mutex_is_locked(struct mutex *m)
{
	if (!mutex_trylock(m))
		return true;
	mutex_unlock(m);
	return false;
}

void spin_lock_init(spinlock_t *l)
{
	mutex_init(l);
}

void spin_lock(spinlock_t *l)
{
	lock_check(pthread_mutex_lock(&l->m), "spin_lock");
	atomic_depth++;
}

int spin_trylock(spinlock_t *l)
{
	if (pthread_mutex_trylock(&l->m))
		return 0;
	atomic_depth++;
	return 1;
}

void spin_unlock(spinlock_t *l)
{
	atomic_depth--;
	lock_check(pthread_mutex_unlock(&l->m), "spin_unlock");
}

/*
 * Time
 */

static u64 real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static u64 boot_ns;

u64 ktime_get_ns(void)
{
	return (real_ns() - boot_ns) * time_scale + 1000000000ULL;
}

void real_usleep(unsigned int us)
{
	usleep(us);
}

void ndelay(u64 ns)
{
	usleep(ns / time_scale / 1000);
}

/* Sleeps on a condition until that time, or a little less. */
static void wait_until(pthread_cond_t *c, pthread_mutex_t *m, u64 time)
{
	u64 now = ktime_get_ns();
	u64 real = time > now ? (time - now) / time_scale : 0;
	struct timespec t;

	real = real_ns() + min(real, (u64)50000000);
	t.tv_sec = real / 1000000000;
	t.tv_nsec = real % 1000000000;
	pthread_cond_timedwait(c, m, &t);
}

static void cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
}

static pthread_mutex_t timer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t timer_cond;
static struct hrtimer *timers;

void hrtimer_setup(struct hrtimer *t, enum hrtimer_restart (*fn)(struct hrtimer *t),
		   clockid_t clock, enum hrtimer_mode mode)
{
	memset(t, 0, sizeof(*t));
	t->function = fn;
	t->set_up = true;
}

static void timer_unlink(struct hrtimer *t)
{
	struct hrtimer **p = &timers;

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	t->active = false;
}

static void timer_arm(struct hrtimer *t, u64 time)
{
	if (!t->set_up)
		bug("a timer is started that is not set up");
	if (!t->active) {
		t->next = timers;
		timers = t;
	}
	t->active = true;
	t->expires = time;
	pthread_cond_broadcast(&timer_cond);
}

void hrtimer_start(struct hrtimer *t, ktime_t time, enum hrtimer_mode mode)
{
	pthread_mutex_lock(&timer_lock);
	timer_arm(t, time + (mode == HRTIMER_MODE_REL ? ktime_get_ns() : 0));
	pthread_mutex_unlock(&timer_lock);
}

int hrtimer_try_to_cancel(struct hrtimer *t)
{
	int ret;

	pthread_mutex_lock(&timer_lock);
	ret = t->active;
	if (t->active)
		timer_unlink(t);
	if (t->running)
		ret = -1;
	pthread_mutex_unlock(&timer_lock);
	return ret;
}

int hrtimer_cancel(struct hrtimer *t)
{
	int ret;

	while ((ret = hrtimer_try_to_cancel(t)) < 0)
		usleep(50);
	return ret;
}

bool hrtimer_active(const struct hrtimer *t)
{
	bool ret;

	pthread_mutex_lock(&timer_lock);
	ret = t->active || t->running;
	pthread_mutex_unlock(&timer_lock);
	return ret;
}

u64 hrtimer_forward_now(struct hrtimer *t, ktime_t interval)
{
	u64 now = ktime_get_ns(), n = 0;

	if (now >= t->expires)
		n = (now - t->expires) / interval + 1;
	t->expires += n * interval;
	return n;
}

unsigned int hrtimers_armed(void)
{
	struct hrtimer *t;
	unsigned int n = 0;

	pthread_mutex_lock(&timer_lock);
	for (t = timers; t; t = t->next)
		n++;
	pthread_mutex_unlock(&timer_lock);
	return n;
}

static void *timer_thread(void *unused)
{
	enum hrtimer_restart again;

	pthread_mutex_lock(&timer_lock);
	for (;;) {
		u64 now = ktime_get_ns(), next = now + NSEC_PER_SEC;
		struct hrtimer *t, *due = NULL;

		for (t = timers; t; t = t->next) {
			if (t->expires <= now)
				due = t;
			next = min(next, t->expires);
		}
		if (!due) {
			wait_until(&timer_cond, &timer_lock, next);
			continue;
		}
		timer_unlink(due);
		due->running = true;
		pthread_mutex_unlock(&timer_lock);
		in_interrupt++;
		again = due->function(due);
		in_interrupt--;
		if (atomic_depth)
			bug("a timer ends with a spinlock held");
		pthread_mutex_lock(&timer_lock);
		due->running = false;
		if (again == HRTIMER_RESTART && !due->active)
			timer_arm(due, due->expires);
	}
	return NULL;
}

/*
 * Works
 */

#define WORKERS 3

struct worker {
	pthread_t thread;
	struct workqueue_struct *wq;
	struct work_struct *current;
};

struct workqueue_struct {
	struct worker workers[WORKERS];
	unsigned int count;
	struct work_struct *head, **tail;
	bool dying, freezable;
	struct workqueue_struct *next;
};

static pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_cond;
static struct workqueue_struct *queues;
static struct delayed_work *delayed;
static bool frozen;
struct workqueue_struct *system_wq;
static __thread struct worker *self;

static bool work_runs(const struct work_struct *w)
{
	struct workqueue_struct *wq;
	unsigned int i;

	for (wq = queues; wq; wq = wq->next)
		for (i = 0; i < wq->count; i++)
			if (wq->workers[i].current == w)
				return true;
	return false;
}

static void work_enqueue(struct workqueue_struct *wq, struct work_struct *w)
{
	bool chained = self && self->wq == wq;

	if (!w->func)
		bug("a work is queued that is not set up");
	if (wq->dying && !chained)
		bug("a work is queued on a queue that is being destroyed");
	w->pending = true;
	w->wq = wq;
	w->next = NULL;
	*wq->tail = w;
	wq->tail = &w->next;
	pthread_cond_broadcast(&work_cond);
}

static bool work_dequeue(struct work_struct *w)
{
	struct work_struct **p;

	if (!w->pending)
		return false;
	for (p = &w->wq->head; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	if (!*p)
		w->wq->tail = p;
	w->pending = false;
	pthread_cond_broadcast(&work_cond);
	return true;
}

/* One that runs just now is not begun by another worker. */
static struct work_struct *work_next(const struct workqueue_struct *wq)
{
	struct work_struct *w;

	if (frozen && wq->freezable)
		return NULL;
	for (w = wq->head; w; w = w->next)
		if (!work_runs(w))
			return w;
	return NULL;
}

static void *work_thread(void *data)
{
	self = data;
	pthread_mutex_lock(&work_lock);
	for (;;) {
		struct work_struct *w = work_next(self->wq);
		work_func_t fn;

		if (!w && self->wq->dying && !self->wq->head)
			break;
		if (!w) {
			wait_until(&work_cond, &work_lock, ktime_get_ns() + NSEC_PER_SEC);
			continue;
		}
		work_dequeue(w);
		self->current = w;
		fn = w->func;
		pthread_mutex_unlock(&work_lock);
		fail_one_in = READ_ONCE(works_fail_one_in);
		if (rnd() % 16 == 0)
			usleep(rnd() % 300);
		fn(w);
		if (atomic_depth)
			bug("a work ends with a spinlock held");
		pthread_mutex_lock(&work_lock);
		self->current = NULL;
		pthread_cond_broadcast(&work_cond);
	}
	pthread_mutex_unlock(&work_lock);
	return NULL;
}

static struct workqueue_struct *workqueue_make(int flags)
{
	struct workqueue_struct *wq = calloc(1, sizeof(*wq));
	unsigned int i;

	wq->tail = &wq->head;
	wq->freezable = flags & WQ_FREEZABLE;
	wq->count = flags & WQ_ORDERED ? 1 : WORKERS;
	pthread_mutex_lock(&work_lock);
	wq->next = queues;
	queues = wq;
	for (i = 0; i < wq->count; i++) {
		wq->workers[i].wq = wq;
		thread_start(work_thread, &wq->workers[i], &wq->workers[i].thread);
	}
	pthread_mutex_unlock(&work_lock);
	return wq;
}

struct workqueue_struct *alloc_workqueue_noprof(const char *name, int flags)
{
	might_sleep();
	return fails() ? NULL : workqueue_make(flags);
}

static void queue_drain(struct workqueue_struct *wq)
{
	unsigned int i;

	if (self && self->wq == wq)
		bug("a work drains its own queue");
again:
	for (i = 0; i < wq->count; i++)
		if (wq->head || wq->workers[i].current) {
			wait_until(&work_cond, &work_lock, ktime_get_ns() + NSEC_PER_SEC);
			goto again;
		}
}

void drain_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	pthread_mutex_lock(&work_lock);
	queue_drain(wq);
	pthread_mutex_unlock(&work_lock);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct workqueue_struct **p;
	struct delayed_work *d;
	unsigned int i;

	might_sleep();
	pthread_mutex_lock(&work_lock);
	wq->dying = true;
	queue_drain(wq);
	for (d = delayed; d; d = d->next)
		if (d->wq == wq)
			bug("a queue is destroyed with a delayed work armed for it");
	pthread_cond_broadcast(&work_cond);
	pthread_mutex_unlock(&work_lock);
	for (i = 0; i < wq->count; i++)
		pthread_join(wq->workers[i].thread, NULL);
	pthread_mutex_lock(&work_lock);
	for (p = &queues; *p != wq; p = &(*p)->next)
		;
	*p = wq->next;
	pthread_mutex_unlock(&work_lock);
	free(wq);
}

void work_freeze(bool on)
{
	pthread_mutex_lock(&work_lock);
	frozen = on;
	pthread_cond_broadcast(&work_cond);
	pthread_mutex_unlock(&work_lock);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = !w->pending;
	if (ret)
		work_enqueue(wq, w);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool work_pending(struct work_struct *w)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = w->pending;
	pthread_mutex_unlock(&work_lock);
	return ret;
}

unsigned int work_busy(struct work_struct *w)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = w->pending || work_runs(w);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

static void work_wait(struct work_struct *w)
{
	if (self && self->current == w)
		bug("a work waits for itself");
	while (work_runs(w))
		wait_until(&work_cond, &work_lock, ktime_get_ns() + NSEC_PER_SEC);
}

bool flush_work(struct work_struct *w)
{
	bool ret;

	might_sleep();
	pthread_mutex_lock(&work_lock);
	ret = w->pending || work_runs(w);
	if (self && self->current == w)
		bug("a work waits for itself");
	while (w->pending || work_runs(w))
		wait_until(&work_cond, &work_lock, ktime_get_ns() + NSEC_PER_SEC);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool cancel_work(struct work_struct *w)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = work_dequeue(w);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool cancel_work_sync(struct work_struct *w)
{
	bool ret;

	might_sleep();
	pthread_mutex_lock(&work_lock);
	ret = work_dequeue(w);
	work_wait(w);
	/* what it queued of itself meanwhile would not have been */
	work_dequeue(w);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

static bool work_disarm(struct delayed_work *d)
{
	struct delayed_work **p;

	if (!d->armed)
		return false;
	for (p = &delayed; *p != d; p = &(*p)->next)
		;
	*p = d->next;
	d->armed = false;
	return true;
}

static void work_arm(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	if (!d->work.func)
		bug("a delayed work is queued that is not set up");
	if (!delay) {
		work_enqueue(wq, &d->work);
		return;
	}
	d->armed = true;
	d->wq = wq;
	d->work.wq = wq;
	d->expires = ktime_get_ns() + delay * (NSEC_PER_SEC / HZ);
	d->next = delayed;
	delayed = d;
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = !d->armed && !d->work.pending;
	if (ret)
		work_arm(wq, d, delay);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = work_disarm(d) || work_dequeue(&d->work);
	work_arm(wq, d, delay);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool cancel_delayed_work(struct delayed_work *d)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = work_disarm(d) || work_dequeue(&d->work);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool cancel_delayed_work_sync(struct delayed_work *d)
{
	bool ret;

	might_sleep();
	pthread_mutex_lock(&work_lock);
	ret = work_disarm(d) || work_dequeue(&d->work);
	work_wait(&d->work);
	work_disarm(d);
	work_dequeue(&d->work);
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool delayed_work_pending(struct delayed_work *d)
{
	bool ret;

	pthread_mutex_lock(&work_lock);
	ret = d->armed || d->work.pending;
	pthread_mutex_unlock(&work_lock);
	return ret;
}

bool flush_delayed_work(struct delayed_work *d)
{
	pthread_mutex_lock(&work_lock);
	if (work_disarm(d))
		work_enqueue(d->wq, &d->work);
	pthread_mutex_unlock(&work_lock);
	return flush_work(&d->work);
}

static void *delay_thread(void *unused)
{
	pthread_mutex_lock(&work_lock);
	for (;;) {
		u64 now = ktime_get_ns();
		struct delayed_work *d;

		for (d = delayed; d && d->expires > now; d = d->next)
			;
		if (d) {
			work_disarm(d);
			work_enqueue(d->wq, &d->work);
			continue;
		}
		pthread_mutex_unlock(&work_lock);
		usleep(200);
		pthread_mutex_lock(&work_lock);
	}
	return NULL;
}

void init_waitqueue_head(wait_queue_head_t *w)
{
	pthread_mutex_init(&w->m, NULL);
	cond_init(&w->c);
	w->woken = 0;
}

void wake_up_all(wait_queue_head_t *w)
{
	pthread_mutex_lock(&w->m);
	w->woken++;
	pthread_cond_broadcast(&w->c);
	pthread_mutex_unlock(&w->m);
}

unsigned long wait_begin(wait_queue_head_t *w)
{
	unsigned long woken;

	pthread_mutex_lock(&w->m);
	woken = w->woken;
	pthread_mutex_unlock(&w->m);
	return woken;
}

/* Nobody is woken who was not told: a lost wake-up shows as a hang. */
void wait_once(wait_queue_head_t *w, unsigned long woken, u64 deadline)
{
	pthread_mutex_lock(&w->m);
	while (w->woken == woken && ktime_get_ns() < deadline && !wait_is_killed())
		wait_until(&w->c, &w->m, deadline);
	pthread_mutex_unlock(&w->m);
}

bool wait_is_killed(void)
{
	return kill_one_in && rnd() % kill_one_in == 0;
}

void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

void reinit_completion(struct completion *c)
{
	WRITE_ONCE(c->done, 0);
}

static void completion_add(struct completion *c, unsigned int n)
{
	pthread_mutex_lock(&c->wait.m);
	if (c->done != UINT32_MAX)
		c->done = n == UINT32_MAX ? n : c->done + n;
	c->wait.woken++;
	pthread_cond_broadcast(&c->wait.c);
	pthread_mutex_unlock(&c->wait.m);
}

void complete(struct completion *c)
{
	completion_add(c, 1);
}

void complete_all(struct completion *c)
{
	completion_add(c, UINT32_MAX);
}

bool completion_done(struct completion *c)
{
	bool ret;

	pthread_mutex_lock(&c->wait.m);
	ret = c->done;
	pthread_mutex_unlock(&c->wait.m);
	return ret;
}

bool try_wait_for_completion(struct completion *c)
{
	bool ret;

	pthread_mutex_lock(&c->wait.m);
	ret = c->done;
	if (ret && c->done != UINT32_MAX)
		c->done--;
	pthread_mutex_unlock(&c->wait.m);
	return ret;
}

int completion_wait(struct completion *c, u64 deadline, bool killable)
{
	return __wait_event(&c->wait, try_wait_for_completion(c), deadline, killable);
}

/*
 * Memory
 */

void *kernel_alloc(size_t size, gfp_t gfp, const char *file, int line)
{
	void *p;

	if (gfp & GFP_KERNEL)
		might_sleep_at(file, line);
	if (!(gfp & __GFP_NOFAIL) && fails())
		return NULL;
	p = malloc(size ? size : 1);
	if (!p)
		bug("the harness is out of memory");
	memset(p, gfp & __GFP_ZERO ? 0 : 0xa5, size);
	return p;
}

void *kmemdup(const void *from, size_t n, gfp_t gfp)
{
	void *p = kmalloc(n, gfp);

	return p ? memcpy(p, from, n) : NULL;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmemdup(s, strlen(s) + 1, gfp) : NULL;
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	kvsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kstrdup(text, gfp);
}

void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *s = p;

	for (; n; n--, s++)
		if (*s != (u8)c)
			return (void *)s;
	return NULL;
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size);

	if (n == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = 0;
		return -E2BIG;
	}
	memcpy(to, from, n + 1);
	return n;
}

void sort(void *base, size_t num, size_t size, int (*cmp)(const void *a, const void *b),
	  void *swap_fn)
{
	qsort(base, num, size, cmp);
}

u32 crc32_le(u32 crc, const u8 *p, size_t len)
{
	int i;

	while (len--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

int string_escape_mem(const char *src, size_t isz, char *dst, size_t osz, unsigned int flags,
		      const char *only)
{
	size_t n = 0;
	char one[5];

	for (; isz; isz--, src++) {
		bool plain = isprint((u8)*src) && *src != '\\' && !(only && strchr(only, *src));
		size_t len = plain ? 1 : 4;

		snprintf(one, sizeof(one), plain ? "%c" : "\\x%02x", (u8)*src);
		if (n + len <= osz)
			memcpy(dst + n, one, len);
		n += len;
	}
	return n;
}

char *kstrdup_quotable(const char *src, gfp_t gfp)
{
	size_t n = strlen(src);
	char *s = kmalloc(4 * n + 1, gfp);

	if (s)
		s[string_escape_mem(src, n, s, 4 * n, 0, "\"")] = 0;
	return s;
}

int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	unsigned long long v;
	char *end;

	if (!isdigit((u8)*s))
		return -EINVAL;
	v = strtoull(s, &end, base);
	if (*end && *end != '\n')
		return -EINVAL;
	if (v > UINT32_MAX)
		return -ERANGE;
	*res = v;
	return 0;
}

/* Pages: one file, so that they can be mapped twice. */
#define PAGES		(1u << 16)

static struct page pages[PAGES];
static u32 pages_next[PAGES];
static u32 pages_head, pages_tail, pages_free, pages_fresh = 1;
static pthread_mutex_t pages_lock = PTHREAD_MUTEX_INITIALIZER;
static char *pages_base;
static int pages_file = -1;
static unsigned int pages_used;

static void pages_start(void)
{
	pages_file = memfd_create("pages", 0);
	if (pages_file < 0 || ftruncate(pages_file, (off_t)PAGES * PAGE_SIZE))
		bug("no memory for pages");
	pages_base = mmap(NULL, (size_t)PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  pages_file, 0);
	if (pages_base == MAP_FAILED)
		bug("no memory for pages");
}

unsigned long page_to_pfn(struct page *page)
{
	return page - pages;
}

struct page *pfn_to_page(unsigned long pfn)
{
	if (!pfn || pfn >= PAGES)
		bug("no page has the frame %lu", pfn);
	return &pages[pfn];
}

static void *page_memory(struct page *page)
{
	return pages_base + page_to_pfn(page) * PAGE_SIZE;
}

void *page_address(struct page *page)
{
	if (__atomic_load_n(&page->refs, __ATOMIC_RELAXED) <= 0)
		bug("the address of a free page is asked for");
	return page_memory(page);
}

static void page_begin(struct page *page, int fill)
{
	ASAN_UNPOISON_MEMORY_REGION(page_memory(page), PAGE_SIZE);
	memset(page_memory(page), fill, PAGE_SIZE);
	__atomic_store_n(&page->refs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&page->granted, 0, __ATOMIC_RELAXED);
}

/* Fresh ones first, then those that were freed longest ago. */
struct page *alloc_page_run(unsigned int count)
{
	struct page *page = NULL;

	pthread_mutex_lock(&pages_lock);
	if (pages_fresh + count <= PAGES) {
		page = &pages[pages_fresh];
		pages_fresh += count;
	} else if (count == 1 && pages_free) {
		page = &pages[pages_head];
		pages_head = pages_next[pages_head];
		pages_free--;
	}
	if (page)
		pages_used += count;
	pthread_mutex_unlock(&pages_lock);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;
	unsigned int i;

	if (gfp & GFP_KERNEL)
		might_sleep();
	if (fails() && !(gfp & __GFP_NOFAIL))
		return NULL;
	page = alloc_page_run(1u << order);
	for (i = 0; page && i < 1u << order; i++)
		page_begin(&page[i], gfp & __GFP_ZERO ? 0 : 0xa5);
	return page;
}

/*
 * Shrinkers: called when the driver does not expect it, by whoever shrinks
 */

static struct shrinker *shrinker;
static pthread_mutex_t shrinker_lock = PTHREAD_MUTEX_INITIALIZER;

struct shrinker *shrinker_alloc(unsigned int flags, const char *name, ...)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

void shrinker_register(struct shrinker *s)
{
	pthread_mutex_lock(&shrinker_lock);
	shrinker = s;
	pthread_mutex_unlock(&shrinker_lock);
}

void shrinker_free(struct shrinker *s)
{
	pthread_mutex_lock(&shrinker_lock);
	if (shrinker == s)
		shrinker = NULL;
	pthread_mutex_unlock(&shrinker_lock);
	kfree(s);
}

void shrink_memory(void)
{
	struct shrink_control sc = { .nr_to_scan = 128 };

	pthread_mutex_lock(&shrinker_lock);
	if (shrinker && shrinker->count_objects(shrinker, &sc))
		shrinker->scan_objects(shrinker, &sc);
	pthread_mutex_unlock(&shrinker_lock);
}

void get_page(struct page *page)
{
	if (__atomic_fetch_add(&page->refs, 1, __ATOMIC_SEQ_CST) <= 0)
		bug("get_page() of a free page");
}

void put_page(struct page *page)
{
	u32 i = page_to_pfn(page);
	int left = __atomic_sub_fetch(&page->refs, 1, __ATOMIC_SEQ_CST);

	if (left < 0)
		bug("put_page() of a free page");
	if (left)
		return;
	if (__atomic_load_n(&page->granted, __ATOMIC_SEQ_CST))
		bug("a page is freed while another domain may map it");
	memset(page_memory(page), 0x6b, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page_memory(page), PAGE_SIZE);
	pthread_mutex_lock(&pages_lock);
	if (pages_free++)
		pages_next[pages_tail] = i;
	else
		pages_head = i;
	pages_tail = i;
	pages_used--;
	pthread_mutex_unlock(&pages_lock);
}

void __free_pages(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1u << order; i++)
		put_page(&page[i]);
}

int page_count(struct page *page)
{
	return __atomic_load_n(&page->refs, __ATOMIC_RELAXED);
}

void page_grant(struct page *page, int by)
{
	__atomic_add_fetch(&page->granted, by, __ATOMIC_SEQ_CST);
}

unsigned int pages_in_use(void)
{
	return __atomic_load_n(&pages_used, __ATOMIC_RELAXED);
}

static struct { void *addr; size_t size; } vmaps[4096];
static pthread_mutex_t vmap_lock = PTHREAD_MUTEX_INITIALIZER;

void *vmap(struct page **list, unsigned int count, unsigned long flags, int prot)
{
	size_t size = count * PAGE_SIZE;
	unsigned int i;
	char *addr;

	might_sleep();
	if (fails())
		return NULL;
	addr = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		bug("no addresses for vmap()");
	for (i = 0; i < count; i++)
		if (mmap(addr + i * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, pages_file,
			 (off_t)page_to_pfn(list[i]) * PAGE_SIZE) == MAP_FAILED)
			bug("no mapping for vmap()");
	pthread_mutex_lock(&vmap_lock);
	for (i = 0; vmaps[i].addr; i++)
		if (i == ARRAY_SIZE(vmaps) - 1)
			bug("too many mappings");
	vmaps[i].addr = addr;
	vmaps[i].size = size;
	pthread_mutex_unlock(&vmap_lock);
	return addr;
}

void vunmap(const void *addr)
{
	unsigned int i;

	might_sleep();
	if (!addr)
		return;
	pthread_mutex_lock(&vmap_lock);
	for (i = 0; vmaps[i].addr != addr; i++)
		if (i == ARRAY_SIZE(vmaps) - 1)
			bug("vunmap() of what is not mapped");
	munmap(vmaps[i].addr, vmaps[i].size);
	vmaps[i].addr = NULL;
	pthread_mutex_unlock(&vmap_lock);
}

struct page *dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *dma,
			     enum dma_data_direction dir, gfp_t gfp)
{
	unsigned int i, count = size / PAGE_SIZE;
	struct page *page;

	might_sleep();
	*dma = 0;
	if (fails())
		return NULL;
	page = alloc_page_run(count);
	for (i = 0; page && i < count; i++)
		page_begin(&page[i], 0);
	return page;
}

void dma_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t dma,
		    enum dma_data_direction dir)
{
	unsigned int i;

	for (i = 0; i < size / PAGE_SIZE; i++) {
		if (page_count(&page[i]) != 1)
			bug("contiguous memory is freed while somebody holds a page of it");
		put_page(&page[i]);
	}
}

int sg_alloc_table(struct sg_table *t, unsigned int n, gfp_t gfp)
{
	t->sgl = kcalloc(n, sizeof(*t->sgl), gfp);
	t->nents = n;
	t->orig_nents = n;
	return t->sgl ? 0 : -ENOMEM;
}

void sg_free_table(struct sg_table *t)
{
	kfree(t->sgl);
	t->sgl = NULL;
}

/*
 * Log
 */

unsigned long log_lines;
static char log_text[1 << 20];
static size_t log_end;
static bool log_kept = true;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

/* %p with what the kernel puts behind it. */
static const char *format_pointer(char *buf, size_t size, const char *fmt, int width, void *p)
{
	if (*fmt == '4') {
		u32 cc = *(u32 *)p;

		snprintf(buf, size, "%c%c%c%c (0x%08x)", cc & 0xff, cc >> 8 & 0xff,
			 cc >> 16 & 0xff, cc >> 24, cc);
		return fmt + 3;
	}
	if (*fmt == 'e') {
		snprintf(buf, size, "%d", (int)(long)p);
		return fmt + 1;
	}
	if (*fmt == 'E') {
		int n = string_escape_mem(p, width < 0 ? 1 : width, buf, size - 1, 0, NULL);

		buf[min((size_t)n, size - 1)] = 0;
		fmt++;
		while (*fmt && strchr("achnops", *fmt))
			fmt++;
		return fmt;
	}
	snprintf(buf, size, "%p", p);
	while (isalnum((u8)*fmt))
		fmt++;
	return fmt;
}

/* One conversion at a time: the arguments' sizes follow from it alone. */
static const char *format_one(char *buf, size_t size, const char *fmt, va_list *args)
{
	int width = -1, precision = -1, longs = 0;
	char spec[32];
	size_t n;

	n = strspn(fmt, "%-+ #0");
	fmt += n;
	if (*fmt == '*') {
		width = va_arg(*args, int);
		fmt++;
	}
	while (isdigit((u8)*fmt))
		width = max(width, 0) * 10 + *fmt++ - '0';
	if (*fmt == '.') {
		fmt++;
		precision = 0;
		if (*fmt == '*') {
			precision = va_arg(*args, int);
			fmt++;
		}
		while (isdigit((u8)*fmt))
			precision = precision * 10 + *fmt++ - '0';
	}
	for (; *fmt && strchr("hlLzt", *fmt); fmt++)
		longs += *fmt == 'h' ? 0 : 1;
	if (*fmt == 'p')
		return format_pointer(buf, size, fmt + 1, width, va_arg(*args, void *));
	snprintf(spec, sizeof(spec), "%%%s*.*%s%c", memchr(fmt - n, '#', n) ? "#" : "",
		 longs ? "ll" : "", *fmt);
	width = max(width, 0);
	switch (*fmt) {
	case 's':
		snprintf(buf, size, "%*.*s", width, precision, va_arg(*args, char *));
		break;
	case 'c':
		snprintf(buf, size, "%c", va_arg(*args, int));
		break;
	case 'd':
	case 'i':
		if (longs)
			snprintf(buf, size, spec, width, precision, va_arg(*args, long long));
		else
			snprintf(buf, size, spec, width, precision, va_arg(*args, int));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		if (longs)
			snprintf(buf, size, spec, width, precision,
				 va_arg(*args, unsigned long long));
		else
			snprintf(buf, size, spec, width, precision, va_arg(*args, unsigned int));
		break;
	default:
		bug("the harness knows no format %%%c", *fmt);
	}
	return fmt + 1;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	char one[2048];
	va_list copy;
	size_t n = 0;

	va_copy(copy, args);
	while (*fmt) {
		one[0] = *fmt;
		one[1] = 0;
		if (*fmt != '%')
			fmt++;
		else if (fmt[1] == '%')
			fmt += 2;
		else
			fmt = format_one(one, sizeof(one), fmt + 1, &copy);
		n += strlen(one);
		if (n < size)
			strcpy(buf + n - strlen(one), one);
	}
	va_end(copy);
	if (n >= size && size)
		buf[size - 1] = 0;
	return min(n, size - 1);
}

int kscnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = kvsnprintf(buf, size, fmt, args);
	va_end(args);
	return ret;
}

void log_print(const struct device *dev, const char *fmt, ...)
{
	char text[4096];
	va_list args;
	int n = 0;

	if (dev)
		n = snprintf(text, sizeof(text), "%s: ", dev->name);
	va_start(args, fmt);
	n += kvsnprintf(text + n, sizeof(text) - n, fmt, args);
	va_end(args);
	if (!n || text[n - 1] != '\n')
		bug("a line in the log without its end: %s", text);
	pthread_mutex_lock(&log_lock);
	log_lines++;
	if (log_kept && log_end + n < sizeof(log_text)) {
		memcpy(log_text + log_end, text, n + 1);
		log_end += n;
	}
	if (getenv("HARNESS_LOG"))
		fputs(text, stderr);
	pthread_mutex_unlock(&log_lock);
}

unsigned long log_count(const char *text)
{
	unsigned long n = 0;
	const char *s;

	pthread_mutex_lock(&log_lock);
	for (s = log_text; (s = strstr(s, text)); s++)
		n++;
	pthread_mutex_unlock(&log_lock);
	return n;
}

void log_clear(void)
{
	pthread_mutex_lock(&log_lock);
	log_text[0] = 0;
	log_end = 0;
	log_lines = 0;
	pthread_mutex_unlock(&log_lock);
}

void log_keep(bool on)
{
	pthread_mutex_lock(&log_lock);
	log_kept = on;
	pthread_mutex_unlock(&log_lock);
}

/* Ten in five seconds, as the kernel has it. */
bool log_may(u64 *state)
{
	u64 now = ktime_get_ns();
	bool may;

	pthread_mutex_lock(&log_lock);
	if (now - state[0] > 5ULL * NSEC_PER_SEC) {
		state[0] = now;
		state[1] = 0;
	}
	may = state[1]++ < 10;
	pthread_mutex_unlock(&log_lock);
	return may;
}

/*
 * Devices and the rest
 */

void device_init(struct device *dev, const char *name, void (*release)(struct device *dev))
{
	memset(dev, 0, sizeof(*dev));
	dev->name = name;
	dev->release = release;
	kref_init(&dev->ref);
	mutex_init(&dev->mutex);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->ref);
	return dev;
}

void put_device(struct device *dev)
{
	if (dev && kref_put(&dev->ref, NULL))
		dev->release(dev);
}

int devm_add_action(struct device *dev, void (*fn)(void *data), void *data)
{
	struct devres *res = kmalloc(sizeof(*res), GFP_KERNEL);

	if (!res)
		return -ENOMEM;
	res->fn = fn;
	res->data = data;
	res->next = dev->res;
	dev->res = res;
	return 0;
}

int devm_add_action_or_reset(struct device *dev, void (*fn)(void *data), void *data)
{
	int ret = devm_add_action(dev, fn, data);

	if (ret)
		fn(data);
	return ret;
}

void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp)
{
	void *p = kzalloc(size, gfp);

	if (p && devm_add_action_or_reset(dev, free, p))
		return NULL;
	return p;
}

void devres_release_all(struct device *dev)
{
	struct devres *res;

	while ((res = dev->res)) {
		dev->res = res->next;
		res->fn(res->data);
		free(res);
	}
}

static void root_device_release(struct device *dev)
{
	free(dev);
}

struct device *root_device_register(const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_init(dev, name, root_device_release);
	return dev;
}

void root_device_unregister(struct device *dev)
{
	put_device(dev);
}

static int module_refs;

bool try_module_get(void *module)
{
	__atomic_add_fetch(&module_refs, 1, __ATOMIC_SEQ_CST);
	return true;
}

void module_put(void *module)
{
	if (__atomic_sub_fetch(&module_refs, 1, __ATOMIC_SEQ_CST) < 0)
		bug("module_put() without try_module_get()");
}

unsigned int module_users(void)
{
	return __atomic_load_n(&module_refs, __ATOMIC_SEQ_CST);
}

static struct notifier_block *notifiers;
static struct mutex notifier_lock;

int register_reboot_notifier(struct notifier_block *nb)
{
	mutex_lock(&notifier_lock);
	nb->next = notifiers;
	notifiers = nb;
	mutex_unlock(&notifier_lock);
	return 0;
}

int unregister_reboot_notifier(struct notifier_block *nb)
{
	struct notifier_block **p;

	mutex_lock(&notifier_lock);
	for (p = &notifiers; *p && *p != nb; p = &(*p)->next)
		;
	if (!*p)
		bug("unregister_reboot_notifier() of what is not registered");
	*p = nb->next;
	mutex_unlock(&notifier_lock);
	return 0;
}

void reboot_notify(void)
{
	struct notifier_block *nb;

	mutex_lock(&notifier_lock);
	for (nb = notifiers; nb; nb = nb->next)
		nb->notifier_call(nb, 1, NULL);
	mutex_unlock(&notifier_lock);
}

/*
 * Another driver's buffers
 */

static unsigned int dma_bufs;

struct dma_buf *dma_buf_make(unsigned int count, bool pageless)
{
	struct dma_buf *buf = calloc(1, sizeof(*buf));
	unsigned int i, saved = fail_one_in;

	fail_one_in = 0;
	buf->size = count * PAGE_SIZE;
	buf->pages = calloc(count, sizeof(*buf->pages));
	for (i = 0; i < count; i++)
		buf->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	buf->pageless = pageless;
	kref_init(&buf->ref);
	init_waitqueue_head(&buf->wait);
	fail_one_in = saved;
	__atomic_add_fetch(&dma_bufs, 1, __ATOMIC_RELAXED);
	return buf;
}

unsigned int dma_bufs_left(void)
{
	return __atomic_load_n(&dma_bufs, __ATOMIC_RELAXED);
}

void dma_buf_put(struct dma_buf *buf)
{
	unsigned int i;

	if (!kref_put(&buf->ref, NULL))
		return;
	if (buf->vmaps || buf->reads || buf->attachments)
		bug("a dma-buf is freed with %d mappings, %d reads, %d attachments", buf->vmaps,
		    buf->reads, buf->attachments);
	for (i = 0; i < buf->size / PAGE_SIZE; i++)
		put_page(buf->pages[i]);
	free(buf->pages);
	free(buf);
	__atomic_sub_fetch(&dma_bufs, 1, __ATOMIC_RELAXED);
}

void dma_buf_hold(struct dma_buf *buf, bool on)
{
	WRITE_ONCE(buf->held, on);
	wake_up_all(&buf->wait);
}

int dma_buf_begin_cpu_access(struct dma_buf *buf, enum dma_data_direction dir)
{
	int ret = wait_event_interruptible(buf->wait, !READ_ONCE(buf->held));

	if (!ret && fails())
		ret = -EIO;
	if (!ret)
		__atomic_add_fetch(&buf->reads, 1, __ATOMIC_SEQ_CST);
	return ret;
}

int dma_buf_end_cpu_access(struct dma_buf *buf, enum dma_data_direction dir)
{
	might_sleep();
	if (__atomic_sub_fetch(&buf->reads, 1, __ATOMIC_SEQ_CST) < 0)
		bug("dma_buf_end_cpu_access() without its begin");
	return 0;
}

int dma_buf_vmap_unlocked(struct dma_buf *buf, struct iosys_map *map)
{
	void *addr = vmap(buf->pages, buf->size / PAGE_SIZE, VM_MAP, PAGE_KERNEL);

	if (!addr)
		return -ENOMEM;
	__atomic_add_fetch(&buf->vmaps, 1, __ATOMIC_SEQ_CST);
	iosys_map_set_vaddr(map, addr);
	return 0;
}

void dma_buf_vunmap_unlocked(struct dma_buf *buf, struct iosys_map *map)
{
	wait_event(buf->wait, !READ_ONCE(buf->held));
	vunmap(map->vaddr);
	if (__atomic_sub_fetch(&buf->vmaps, 1, __ATOMIC_SEQ_CST) < 0)
		bug("dma_buf_vunmap() without its vmap");
}

void kernel_start(void)
{
	boot_ns = real_ns();
	cond_init(&timer_cond);
	cond_init(&work_cond);
	mutex_init(&notifier_lock);
	pages_start();
	thread_start(timer_thread, NULL, NULL);
	thread_start(delay_thread, NULL, NULL);
	system_wq = workqueue_make(0);
}
