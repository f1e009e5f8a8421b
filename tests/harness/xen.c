// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Stand-ins for Xen's part of the kernel, and for XenStore: see xen.h. */
#include <unistd.h>

/*
 * XenStore
 */

struct store_node {
	char *path, *value;
	struct store_node *next;
};

/* What a transaction has written so far. */
struct store_write {
	char *path, *value;
	u32 transaction;
	struct store_write *next;
};

struct store_event {
	struct xenbus_watch *watch;
	char *path;
	struct store_event *next;
};

static pthread_mutex_t store_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t store_cond = PTHREAD_COND_INITIALIZER;
static struct store_node *nodes;
static struct store_write *writes;
static struct store_event *events, **events_tail = &events;
static struct xenbus_watch *watches;
static u32 transactions;
static unsigned long state_writes;

static struct mutex xenwatch_mutex;
static pthread_t xenwatch;
static bool xenwatch_busy;
static u64 xenwatch_worst;
static struct xenbus_watch *xenwatch_now;

static struct xenbus_driver *driver;
static struct xenbus_device *display;

static void store_fire(struct xenbus_watch *watch, const char *path)
{
	struct store_event *event = calloc(1, sizeof(*event));

	event->watch = watch;
	event->path = strdup(path);
	*events_tail = event;
	events_tail = &event->next;
	pthread_cond_broadcast(&store_cond);
}

static bool path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

static void store_changed(const char *path)
{
	struct xenbus_watch *w;

	for (w = watches; w; w = w->next)
		if (path_below(path, w->node))
			store_fire(w, path);
}

static struct store_node *store_find(const char *path)
{
	struct store_node *node;

	for (node = nodes; node; node = node->next)
		if (!strcmp(node->path, path))
			return node;
	return NULL;
}

static void store_set(const char *path, const char *value)
{
	struct store_node *node = store_find(path);

	if (!node) {
		node = calloc(1, sizeof(*node));
		node->path = strdup(path);
		node->next = nodes;
		nodes = node;
	}
	free(node->value);
	node->value = strdup(value);
	if (!strcmp(path, FRONTEND_PATH "/state"))
		state_writes++;
	store_changed(path);
}

void store_write(const char *path, const char *fmt, ...)
{
	char value[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	pthread_mutex_lock(&store_lock);
	store_set(path, value);
	pthread_mutex_unlock(&store_lock);
}

void store_remove(const char *path)
{
	struct store_node **p = &nodes, *node;

	pthread_mutex_lock(&store_lock);
	while ((node = *p)) {
		if (!path_below(node->path, path)) {
			p = &node->next;
			continue;
		}
		*p = node->next;
		free(node->path);
		free(node->value);
		free(node);
	}
	store_changed(path);
	pthread_mutex_unlock(&store_lock);
}

bool store_read(const char *path, char *value, size_t size)
{
	struct store_node *node;

	pthread_mutex_lock(&store_lock);
	node = store_find(path);
	if (node)
		snprintf(value, size, "%s", node->value);
	pthread_mutex_unlock(&store_lock);
	return node;
}

u32 store_number(const char *path, u32 other)
{
	char value[64];

	return store_read(path, value, sizeof(value)) && *value ? strtoul(value, NULL, 10) : other;
}

unsigned long frontend_states(void)
{
	return __atomic_load_n(&state_writes, __ATOMIC_RELAXED);
}

static void path_join(char *path, size_t size, const char *dir, const char *node)
{
	snprintf(path, size, *node ? "%s/%s" : "%s%s", dir, node);
}

void *xenbus_read(struct xenbus_transaction t, const char *dir, const char *node,
		  unsigned int *len)
{
	char path[256], *value = NULL;
	struct store_node *found;

	might_sleep();
	path_join(path, sizeof(path), dir, node);
	if (fails())
		return ERR_PTR(-ENOMEM);
	pthread_mutex_lock(&store_lock);
	found = store_find(path);
	if (found)
		value = strdup(found->value);
	pthread_mutex_unlock(&store_lock);
	if (!value)
		return ERR_PTR(-ENOENT);
	if (len)
		*len = strlen(value);
	return value;
}

unsigned int xenbus_read_unsigned(const char *dir, const char *node, unsigned int other)
{
	char *value = xenbus_read(XBT_NIL, dir, node, NULL);

	if (IS_ERR(value))
		return other;
	if (*value >= '0' && *value <= '9')
		other = strtoul(value, NULL, 10);
	free(value);
	return other;
}

char **xenbus_directory(struct xenbus_transaction t, const char *dir, const char *node,
			unsigned int *num)
{
	char path[256], *name, **list, *text;
	struct store_node *found;
	unsigned int i, n = 0;
	size_t len, at = 0;

	might_sleep();
	if (fails())
		return ERR_PTR(-ENOMEM);
	path_join(path, sizeof(path), dir, node);
	len = strlen(path);
	/* one allocation, as the kernel's: the pointers, then the names */
	list = calloc(1, 64 * sizeof(*list) + 4096);
	text = (char *)(list + 64);
	pthread_mutex_lock(&store_lock);
	for (found = nodes; found && n < 64; found = found->next) {
		size_t size;

		if (!path_below(found->path, path) || !found->path[len])
			continue;
		name = found->path + len + 1;
		size = strcspn(name, "/");
		for (i = 0; i < n; i++)
			if (strlen(list[i]) == size && !memcmp(list[i], name, size))
				break;
		if (i < n || at + size + 1 > 4096)
			continue;
		memcpy(text + at, name, size);
		list[n++] = text + at;
		at += size + 1;
	}
	pthread_mutex_unlock(&store_lock);
	*num = n;
	if (n)
		return list;
	free(list);
	return ERR_PTR(-ENOENT);
}

int xenbus_exists(struct xenbus_transaction t, const char *dir, const char *node)
{
	char *value = xenbus_read(t, dir, node, NULL);
	unsigned int n;
	char **names;

	if (!IS_ERR(value)) {
		free(value);
		return 1;
	}
	names = xenbus_directory(t, dir, node, &n);
	if (IS_ERR(names))
		return 0;
	free(names);
	return 1;
}

int xenbus_transaction_start(struct xenbus_transaction *t)
{
	might_sleep();
	if (fails())
		return -ENOMEM;
	t->id = __atomic_add_fetch(&transactions, 1, __ATOMIC_RELAXED);
	return 0;
}

/* The first written is applied first. */
static void store_apply(struct store_write *write, u32 id, bool abort)
{
	if (!write)
		return;
	store_apply(write->next, id, abort);
	if (write->transaction != id)
		return;
	if (!abort)
		store_set(write->path, write->value);
	write->transaction = 0;
}

int xenbus_transaction_end(struct xenbus_transaction t, int abort)
{
	struct store_write **p = &writes, *write;
	int ret = 0;

	might_sleep();
	if (!abort && rnd() % 8 == 0)
		ret = -EAGAIN;
	else if (!abort && fails())
		ret = -EIO;
	pthread_mutex_lock(&store_lock);
	store_apply(writes, t.id, abort || ret);
	while ((write = *p)) {
		if (write->transaction) {
			p = &write->next;
			continue;
		}
		*p = write->next;
		free(write->path);
		free(write->value);
		free(write);
	}
	pthread_mutex_unlock(&store_lock);
	return ret;
}

int xenbus_write(struct xenbus_transaction t, const char *dir, const char *node,
		 const char *value)
{
	struct store_write *write;
	char path[256];

	might_sleep();
	if (fails())
		return -EIO;
	path_join(path, sizeof(path), dir, node);
	pthread_mutex_lock(&store_lock);
	if (t.id) {
		write = calloc(1, sizeof(*write));
		write->path = strdup(path);
		write->value = strdup(value);
		write->transaction = t.id;
		write->next = writes;
		writes = write;
	} else {
		store_set(path, value);
	}
	pthread_mutex_unlock(&store_lock);
	return 0;
}

int xenbus_printf(struct xenbus_transaction t, const char *dir, const char *node,
		  const char *fmt, ...)
{
	char value[1024];
	va_list args;

	va_start(args, fmt);
	kvsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	return xenbus_write(t, dir, node, value);
}

int register_xenbus_watch(struct xenbus_watch *w)
{
	might_sleep();
	if (fails())
		return -ENOMEM;
	pthread_mutex_lock(&store_lock);
	if (w->registered)
		bug("a watch is registered twice");
	w->registered = true;
	w->next = watches;
	watches = w;
	store_fire(w, w->node);
	pthread_mutex_unlock(&store_lock);
	return 0;
}

void unregister_xenbus_watch(struct xenbus_watch *w)
{
	struct store_event **e = &events, *event;
	struct xenbus_watch **p;

	might_sleep();
	pthread_mutex_lock(&store_lock);
	if (!w->registered)
		bug("a watch is unregistered that is not registered");
	w->registered = false;
	for (p = &watches; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	while ((event = *e)) {
		if (event->watch != w) {
			e = &event->next;
			continue;
		}
		*e = event->next;
		free(event->path);
		free(event);
	}
	events_tail = e;
	pthread_mutex_unlock(&store_lock);
	if (pthread_equal(pthread_self(), xenwatch))
		return;
	mutex_lock(&xenwatch_mutex);
	mutex_unlock(&xenwatch_mutex);
}

static void xenwatch_call(struct xenbus_watch *watch, const char *path)
{
	u64 begin = ktime_get_ns(), ns;

	watch->callback(watch, path, "");
	if (atomic_depth)
		bug("a watch's callback ends with a spinlock held");
	ns = (ktime_get_ns() - begin) / time_scale;
	if (ns > READ_ONCE(xenwatch_worst))
		WRITE_ONCE(xenwatch_worst, ns);
}

static void *xenwatch_thread(void *unused)
{
	pthread_mutex_lock(&store_lock);
	for (;;) {
		struct store_event *event = events;

		if (!event) {
			xenwatch_busy = false;
			pthread_cond_wait(&store_cond, &store_lock);
			continue;
		}
		xenwatch_busy = true;
		pthread_mutex_unlock(&store_lock);
		mutex_lock(&xenwatch_mutex);
		/* it may have been unregistered meanwhile */
		pthread_mutex_lock(&store_lock);
		event = events;
		if (event) {
			events = event->next;
			if (!events)
				events_tail = &events;
		}
		pthread_mutex_unlock(&store_lock);
		if (event) {
			fail_one_in = READ_ONCE(works_fail_one_in);
			xenwatch_call(event->watch, event->path);
			free(event->path);
			free(event);
		}
		mutex_unlock(&xenwatch_mutex);
		pthread_mutex_lock(&store_lock);
	}
	return NULL;
}

struct xenwatch_job {
	struct xenbus_watch watch;
	void (*fn)(void *data);
	void *data;
	struct completion done;
};

static void xenwatch_job(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xenwatch_job *job = container_of(watch, struct xenwatch_job, watch);

	job->fn(job->data);
	complete(&job->done);
}

void xenwatch_run(void (*fn)(void *data), void *data)
{
	struct xenwatch_job job = { .watch.callback = xenwatch_job, .fn = fn, .data = data };

	init_completion(&job.done);
	pthread_mutex_lock(&store_lock);
	store_fire(&job.watch, "");
	pthread_mutex_unlock(&store_lock);
	wait_for_completion(&job.done);
	/* the callback's frame is not left before this */
	mutex_lock(&xenwatch_mutex);
	mutex_unlock(&xenwatch_mutex);
}

u64 xenwatch_longest(bool reset)
{
	u64 ns = READ_ONCE(xenwatch_worst);

	if (reset)
		WRITE_ONCE(xenwatch_worst, 0);
	return ns;
}

bool xenwatch_idle(unsigned int ms)
{
	bool idle;

	for (;; ms--) {
		pthread_mutex_lock(&store_lock);
		idle = !events && !xenwatch_busy;
		pthread_mutex_unlock(&store_lock);
		if (idle || !ms)
			return idle;
		usleep(1000);
	}
}

/*
 * xenbus
 */

static struct xenbus_watch otherend_watch;

static void otherend_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xenbus_device *dev = display;

	if (dev && dev->bound && driver->otherend_changed)
		driver->otherend_changed(dev, xenbus_read_driver_state(dev, dev->otherend));
}

static void display_free(struct device *dev)
{
	free(container_of(dev, struct xenbus_device, dev));
}

static void device_probe(struct xenbus_device *dev)
{
	int ret;

	device_lock(&dev->dev);
	/* the state that XenStore has */
	dev->state = store_number(FRONTEND_PATH "/state", XenbusStateUnknown);
	ret = driver->probe(dev, driver->ids);
	if (ret) {
		devres_release_all(&dev->dev);
		xenbus_switch_state(dev, XenbusStateClosed);
		device_unlock(&dev->dev);
		return;
	}
	dev->bound = true;
	otherend_watch = (struct xenbus_watch) {
		.node = BACKEND_PATH "/state",
		.callback = otherend_changed,
	};
	fail_one_in = 0;
	register_xenbus_watch(&otherend_watch);
	device_unlock(&dev->dev);
}

static void device_remove(struct xenbus_device *dev)
{
	device_lock(&dev->dev);
	if (dev->bound) {
		unregister_xenbus_watch(&otherend_watch);
		driver->remove(dev);
		dev->bound = false;
		devres_release_all(&dev->dev);
		dev->dev.driver_data = NULL;
		if (!driver->allow_rebind || store_number(FRONTEND_PATH "/state", 0) ==
		    XenbusStateClosing)
			xenbus_switch_state(dev, XenbusStateClosed);
	}
	device_unlock(&dev->dev);
}

static void attach_step(void *unused)
{
	struct xenbus_device *dev = calloc(1, sizeof(*dev));

	dev->devicetype = "vdispl";
	dev->nodename = FRONTEND_PATH;
	dev->otherend = BACKEND_PATH;
	device_init(&dev->dev, "vdispl-0", display_free);
	display = dev;
	if (driver)
		device_probe(dev);
}

void display_attach(void)
{
	store_write(FRONTEND_PATH "/state", "%d", XenbusStateInitialising);
	xenwatch_run(attach_step, NULL);
}

static void detach_step(void *unused)
{
	struct xenbus_device *dev = display;

	device_remove(dev);
	display = NULL;
	put_device(&dev->dev);
}

void display_detach(void)
{
	xenwatch_run(detach_step, NULL);
}

struct xenbus_device *display_device(void)
{
	return display;
}

int __xenbus_register_frontend(struct xenbus_driver *drv, void *owner, const char *name)
{
	driver = drv;
	if (display)
		device_probe(display);
	return 0;
}

void xenbus_unregister_driver(struct xenbus_driver *drv)
{
	if (display)
		device_remove(display);
	driver = NULL;
}

/* All is as after a restore: the states are new, watches fire. */
static void suspend_step(void *unused)
{
	struct xenbus_device *dev = display;

	if (!dev || !dev->bound)
		return;
	if (driver->suspend)
		driver->suspend(dev);
	dev->state = XenbusStateInitialising;
	if (driver->resume)
		driver->resume(dev);
	pthread_mutex_lock(&store_lock);
	store_fire(&otherend_watch, otherend_watch.node);
	pthread_mutex_unlock(&store_lock);
}

void guest_suspend(void)
{
	work_freeze(true);
	mutex_lock(&xenwatch_mutex);
	suspend_step(NULL);
	mutex_unlock(&xenwatch_mutex);
	work_freeze(false);
}

int xenbus_switch_state(struct xenbus_device *dev, enum xenbus_state state)
{
	char path[256];

	might_sleep();
	if (state == dev->state)
		return 0;
	path_join(path, sizeof(path), dev->nodename, "state");
	pthread_mutex_lock(&store_lock);
	/* a device that the toolstack has removed is left alone */
	if (store_find(path))
		store_set(path, (char []) { '0' + state, 0 });
	pthread_mutex_unlock(&store_lock);
	dev->state = state;
	return 0;
}

enum xenbus_state xenbus_read_driver_state(const struct xenbus_device *dev, const char *path)
{
	char node[256];
	u32 state;

	might_sleep();
	path_join(node, sizeof(node), path, "state");
	state = store_number(node, XenbusStateUnknown);
	return state <= XenbusStateReconfigured ? state : XenbusStateUnknown;
}

const char *xenbus_strstate(enum xenbus_state state)
{
	return "state";
}

int xenbus_frontend_closed(struct xenbus_device *dev)
{
	return xenbus_switch_state(dev, XenbusStateClosed);
}

static void dev_error(struct xenbus_device *dev, int err, const char *fmt, va_list args)
{
	char text[1024];

	kvsnprintf(text, sizeof(text), fmt, args);
	log_print(&dev->dev, "%d %s\n", -err, text);
}

void xenbus_dev_error(struct xenbus_device *dev, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	dev_error(dev, err, fmt, args);
	va_end(args);
}

void xenbus_dev_fatal(struct xenbus_device *dev, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	dev_error(dev, err, fmt, args);
	va_end(args);
	xenbus_switch_state(dev, XenbusStateClosing);
}

/*
 * Event channels
 */

#define IRQS 1024

static struct irq {
	irq_handler_t fn;
	void *data;
	u32 port;
	bool bound, pending, taken, running;
	unsigned int spurious;
	u64 not_before;
} irqs[IRQS];
static pthread_mutex_t irq_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t irq_cond = PTHREAD_COND_INITIALIZER;
static u32 ports;
static unsigned int ports_open;
static unsigned long irq_count[2];

int xenbus_alloc_evtchn(struct xenbus_device *dev, evtchn_port_t *port)
{
	might_sleep();
	if (fails()) {
		xenbus_dev_fatal(dev, -ENOSPC, "allocating event channel");
		return -ENOSPC;
	}
	pthread_mutex_lock(&irq_lock);
	*port = ++ports;
	ports_open++;
	pthread_mutex_unlock(&irq_lock);
	return 0;
}

int xenbus_free_evtchn(struct xenbus_device *dev, evtchn_port_t port)
{
	pthread_mutex_lock(&irq_lock);
	ports_open--;
	pthread_mutex_unlock(&irq_lock);
	return 0;
}

int bind_evtchn_to_irqhandler_lateeoi(evtchn_port_t port, irq_handler_t fn, unsigned long flags,
				      const char *name, void *data)
{
	int i;

	might_sleep();
	if (fails())
		return -ENOMEM;
	pthread_mutex_lock(&irq_lock);
	for (i = 1; i < IRQS && (irqs[i].bound || irqs[i].running); i++)
		;
	if (i == IRQS)
		bug("no interrupt is left");
	irqs[i] = (struct irq) { .fn = fn, .data = data, .port = port, .bound = true };
	pthread_mutex_unlock(&irq_lock);
	return i;
}

void unbind_from_irqhandler(unsigned int i, void *data)
{
	might_sleep();
	pthread_mutex_lock(&irq_lock);
	if (i >= IRQS || !irqs[i].bound || irqs[i].data != data)
		bug("unbind of an interrupt that is not bound");
	irqs[i].bound = false;
	ports_open--;
	while (irqs[i].running)
		pthread_cond_wait(&irq_cond, &irq_lock);
	pthread_mutex_unlock(&irq_lock);
}

static pthread_mutex_t notify_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t notify_cond = PTHREAD_COND_INITIALIZER;
static bool notified;

void notify_remote_via_irq(int i)
{
	bool bound;

	pthread_mutex_lock(&irq_lock);
	bound = i > 0 && i < IRQS && irqs[i].bound;
	pthread_mutex_unlock(&irq_lock);
	if (!bound)
		bug("notify by interrupt %d, which is not bound", i);
	pthread_mutex_lock(&notify_lock);
	notified = true;
	pthread_cond_broadcast(&notify_cond);
	pthread_mutex_unlock(&notify_lock);
}

void backend_wait(unsigned int us)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_mutex_lock(&notify_lock);
	if (!notified)
		pthread_cond_timedwait(&notify_cond, &notify_lock, &t);
	notified = false;
	pthread_mutex_unlock(&notify_lock);
}

/* Those that go on being spurious come back later and later. */
void xen_irq_lateeoi(unsigned int i, unsigned int flags)
{
	struct irq *irq = &irqs[i];

	pthread_mutex_lock(&irq_lock);
	if (i >= IRQS || !irq->taken)
		bug("the end of an interrupt that was not taken");
	irq->taken = false;
	if (flags & XEN_EOI_FLAG_SPURIOUS) {
		irq_count[1]++;
		if (irq->spurious < 10)
			irq->spurious++;
		if (irq->spurious > 1)
			irq->not_before = ktime_get_ns() +
				(NSEC_PER_SEC / HZ << (irq->spurious - 2));
	} else {
		irq->spurious = 0;
	}
	pthread_cond_broadcast(&irq_cond);
	pthread_mutex_unlock(&irq_lock);
}

void evtchn_kick(u32 port)
{
	int i;

	pthread_mutex_lock(&irq_lock);
	for (i = 1; i < IRQS; i++)
		if (irqs[i].bound && irqs[i].port == port) {
			irqs[i].pending = true;
			pthread_cond_broadcast(&irq_cond);
			break;
		}
	pthread_mutex_unlock(&irq_lock);
}

static struct irq *irq_next(u64 *next)
{
	u64 now = ktime_get_ns();
	int i;

	for (i = 1; i < IRQS; i++) {
		struct irq *irq = &irqs[i];

		if (!irq->bound || !irq->pending || irq->taken || irq->running)
			continue;
		if (irq->not_before <= now)
			return irq;
		*next = min(*next, irq->not_before - now);
	}
	return NULL;
}

static void *irq_thread(void *unused)
{
	pthread_mutex_lock(&irq_lock);
	for (;;) {
		u64 next = U64_MAX;
		struct irq *irq = irq_next(&next);

		if (!irq && next == U64_MAX) {
			pthread_cond_wait(&irq_cond, &irq_lock);
			continue;
		}
		if (!irq) {
			pthread_mutex_unlock(&irq_lock);
			usleep(100);
			pthread_mutex_lock(&irq_lock);
			continue;
		}
		irq->pending = false;
		irq->taken = true;
		irq->running = true;
		irq_count[0]++;
		pthread_mutex_unlock(&irq_lock);
		in_interrupt++;
		irq->fn(irq - irqs, irq->data);
		in_interrupt--;
		if (atomic_depth)
			bug("an interrupt ends with a spinlock held");
		pthread_mutex_lock(&irq_lock);
		irq->running = false;
		pthread_cond_broadcast(&irq_cond);
	}
	return NULL;
}

unsigned long irqs_taken(bool spurious)
{
	unsigned long n;

	pthread_mutex_lock(&irq_lock);
	n = irq_count[spurious];
	pthread_mutex_unlock(&irq_lock);
	return n;
}

unsigned int irqs_bound(void)
{
	unsigned int i, n = 0;

	pthread_mutex_lock(&irq_lock);
	for (i = 1; i < IRQS; i++)
		n += irqs[i].bound;
	pthread_mutex_unlock(&irq_lock);
	return n;
}

unsigned int evtchns_open(void)
{
	return __atomic_load_n(&ports_open, __ATOMIC_RELAXED);
}

/*
 * Grants
 */

#define GRANTS		8192
#define GRANTS_RESERVED	8

static struct grant {
	struct page *page;
	bool used, active;
	int mapped;
	u32 next;
	/* the kernel ends it when it is unmapped, and puts this */
	bool deferred;
	struct page *put;
} grants[GRANTS];
static u32 grants_free;
static unsigned int grants_used;
unsigned int grants_max = GRANTS;
static pthread_mutex_t grant_lock = PTHREAD_MUTEX_INITIALIZER;

static u32 grant_pop(void)
{
	u32 ref = grants_free;

	grants_free = grants[ref].next;
	grants[ref] = (struct grant) { .used = true };
	grants_used++;
	return ref;
}

static void grant_push(u32 ref)
{
	grants[ref].used = false;
	grants[ref].next = grants_free;
	grants_free = ref;
	grants_used--;
}

static struct grant *grant_get(u32 ref)
{
	if (ref < GRANTS_RESERVED || ref >= GRANTS || !grants[ref].used)
		bug("grant %u was not allocated", ref);
	return &grants[ref];
}

int gnttab_alloc_grant_references(u16 n, grant_ref_t *head)
{
	u32 ref, first = 0;

	if (fails())
		return -ENOSPC;
	pthread_mutex_lock(&grant_lock);
	if (grants_used + n > grants_max - GRANTS_RESERVED) {
		pthread_mutex_unlock(&grant_lock);
		return -ENOSPC;
	}
	while (n--) {
		ref = grant_pop();
		grants[ref].next = first;
		first = ref;
	}
	*head = first;
	pthread_mutex_unlock(&grant_lock);
	return 0;
}

grant_ref_t gnttab_claim_grant_reference(grant_ref_t *head)
{
	u32 ref;

	pthread_mutex_lock(&grant_lock);
	ref = *head;
	*head = grant_get(ref)->next;
	pthread_mutex_unlock(&grant_lock);
	return ref;
}

void gnttab_release_grant_reference(grant_ref_t *head, grant_ref_t ref)
{
	pthread_mutex_lock(&grant_lock);
	grant_get(ref)->next = *head;
	*head = ref;
	pthread_mutex_unlock(&grant_lock);
}

void gnttab_free_grant_references(grant_ref_t head)
{
	u32 next;

	pthread_mutex_lock(&grant_lock);
	for (; head; head = next) {
		next = grant_get(head)->next;
		grant_push(head);
	}
	pthread_mutex_unlock(&grant_lock);
}

void gnttab_free_grant_reference(grant_ref_t ref)
{
	pthread_mutex_lock(&grant_lock);
	if (grant_get(ref)->active)
		bug("grant %u is freed while it is active", ref);
	grant_push(ref);
	pthread_mutex_unlock(&grant_lock);
}


void gnttab_grant_foreign_access_ref(grant_ref_t ref, domid_t dom, unsigned long frame,
				     int readonly)
{
	struct grant *g;

	pthread_mutex_lock(&grant_lock);
	g = grant_get(ref);
	if (g->active)
		bug("grant %u is given twice", ref);
	g->page = pfn_to_page(frame);
	page_grant(g->page, 1);
	g->active = true;
	pthread_mutex_unlock(&grant_lock);
}

int gnttab_grant_foreign_access(domid_t dom, unsigned long frame, int readonly)
{
	grant_ref_t head;
	int ret = gnttab_alloc_grant_references(1, &head);

	if (ret)
		return ret;
	gnttab_grant_foreign_access_ref(head, dom, frame, readonly);
	return head;
}

static void grant_end(struct grant *g)
{
	page_grant(g->page, -1);
	g->active = false;
	g->page = NULL;
}

static int grant_try_end(grant_ref_t ref, bool release)
{
	struct grant *g;
	int ret;

	pthread_mutex_lock(&grant_lock);
	g = grant_get(ref);
	if (!g->active || g->deferred)
		bug("grant %u is ended twice", ref);
	ret = !g->mapped;
	if (ret) {
		grant_end(g);
		if (release)
			grant_push(ref);
	}
	pthread_mutex_unlock(&grant_lock);
	return ret;
}

int gnttab_end_foreign_access_ref(grant_ref_t ref)
{
	return grant_try_end(ref, false);
}

int gnttab_try_end_foreign_access(grant_ref_t ref)
{
	return grant_try_end(ref, true);
}

void gnttab_end_foreign_access(grant_ref_t ref, struct page *page)
{
	struct grant *g;
	bool put = page;

	pthread_mutex_lock(&grant_lock);
	g = grant_get(ref);
	if (!g->active || g->deferred)
		bug("grant %u is ended twice", ref);
	if (g->mapped) {
		g->deferred = true;
		g->put = page;
		put = false;
	} else {
		grant_end(g);
		grant_push(ref);
	}
	pthread_mutex_unlock(&grant_lock);
	if (put)
		put_page(page);
}

unsigned int gnttab_max_grant_frames(void)
{
	return grants_max / (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));
}

void *grant_map(u32 ref)
{
	void *addr = NULL;

	pthread_mutex_lock(&grant_lock);
	if (ref < GRANTS && grants[ref].active && !grants[ref].deferred) {
		grants[ref].mapped++;
		addr = page_address(grants[ref].page);
	}
	pthread_mutex_unlock(&grant_lock);
	return addr;
}

void grant_unmap(u32 ref)
{
	struct page *put = NULL;
	struct grant *g;

	pthread_mutex_lock(&grant_lock);
	g = &grants[ref];
	if (--g->mapped < 0)
		bug("the harness unmaps what it has not mapped");
	if (!g->mapped && g->deferred) {
		put = g->put;
		grant_end(g);
		g->deferred = false;
		grant_push(ref);
	}
	pthread_mutex_unlock(&grant_lock);
	if (put)
		put_page(put);
}

unsigned int grants_in_use(void)
{
	unsigned int n;

	pthread_mutex_lock(&grant_lock);
	n = grants_used;
	pthread_mutex_unlock(&grant_lock);
	return n;
}

/* For whoever looks for what is left. */
void grants_dump(void)
{
	u32 ref;

	for (ref = 0; ref < GRANTS; ref++)
		if (grants[ref].used)
			fprintf(stderr, "grant %u: %s, mapped %d%s\n", ref,
				grants[ref].active ? "active" : "not active", grants[ref].mapped,
				grants[ref].deferred ? ", left to the kernel" : "");
}

/* What the backend grants us: any reference but those that end in 7 will do. */
static unsigned int foreign;

int gnttab_map_refs(struct gnttab_map_grant_ref *ops, void *kops, struct page **pages,
		    unsigned int count)
{
	unsigned int i;

	might_sleep();
	for (i = 0; i < count; i++) {
		bool ok = ops[i].ref % 16 != 7;

		ops[i].status = ok ? GNTST_okay : -1;
		ops[i].handle = ok ? ops[i].ref : (grant_handle_t)-1;
		if (ok)
			__atomic_add_fetch(&foreign, 1, __ATOMIC_SEQ_CST);
	}
	return 0;
}

int gnttab_unmap_refs(struct gnttab_unmap_grant_ref *ops, void *kops, struct page **pages,
		      unsigned int count)
{
	might_sleep();
	if (__atomic_sub_fetch(&foreign, count, __ATOMIC_SEQ_CST) > 1u << 30)
		bug("more of the backend's pages are unmapped than were mapped");
	return 0;
}

unsigned int foreign_maps(void)
{
	return __atomic_load_n(&foreign, __ATOMIC_SEQ_CST);
}

int xen_alloc_unpopulated_pages(unsigned int nr, struct page **pages)
{
	unsigned int i;

	might_sleep();
	if (fails())
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		pages[i] = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	return 0;
}

void xen_free_unpopulated_pages(unsigned int nr, struct page **pages)
{
	while (nr--)
		put_page(pages[nr]);
}

void xen_start(void)
{
	pthread_t t;
	u32 ref;

	for (ref = GRANTS - 1; ref >= GRANTS_RESERVED; ref--) {
		grants[ref].next = grants_free;
		grants_free = ref;
	}
	mutex_init(&xenwatch_mutex);
	pthread_create(&xenwatch, NULL, xenwatch_thread, NULL);
	pthread_create(&t, NULL, irq_thread, NULL);
	pthread_create(&t, NULL, irq_thread, NULL);
}
