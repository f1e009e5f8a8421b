/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Stand-ins for xenbus, event channels, grants and rings; see kernel.h. */
#ifndef HARNESS_XEN_H
#define HARNESS_XEN_H

typedef u16 domid_t;
typedef u32 grant_ref_t;
typedef u32 grant_handle_t;
typedef u32 evtchn_port_t;
typedef u32 RING_IDX;

#define XEN_PAGE_SIZE		4096UL
#define XEN_PAGE_SHIFT		12
#define XEN_PFN_PER_PAGE	1u
#define INVALID_GRANT_REF	((grant_ref_t)-1)
#define xen_page_to_gfn(p)	page_to_pfn(p)
#define xen_domain()		true
#define xen_has_pv_devices()	true

/*
 * XenStore and xenbus
 */

enum xenbus_state {
	XenbusStateUnknown,
	XenbusStateInitialising,
	XenbusStateInitWait,
	XenbusStateInitialised,
	XenbusStateConnected,
	XenbusStateClosing,
	XenbusStateClosed,
	XenbusStateReconfiguring,
	XenbusStateReconfigured,
};

struct xenbus_device {
	const char *devicetype;
	const char *nodename;
	const char *otherend;
	int otherend_id;
	struct device dev;
	enum xenbus_state state;
	bool bound;
};

struct xenbus_device_id { char devicetype[32]; };

struct xenbus_driver {
	const char *name;
	const struct xenbus_device_id *ids;
	bool allow_rebind;
	bool not_essential;
	int (*probe)(struct xenbus_device *dev, const struct xenbus_device_id *id);
	void (*otherend_changed)(struct xenbus_device *dev, enum xenbus_state state);
	void (*remove)(struct xenbus_device *dev);
	int (*suspend)(struct xenbus_device *dev);
	int (*resume)(struct xenbus_device *dev);
	int (*uevent)(const struct xenbus_device *dev, void *env);
};

struct xenbus_transaction { u32 id; };
#define XBT_NIL ((struct xenbus_transaction) { 0 })

struct xenbus_watch {
	const char *node;
	void (*callback)(struct xenbus_watch *watch, const char *path, const char *token);
	bool registered;
	struct xenbus_watch *next;
};

int __xenbus_register_frontend(struct xenbus_driver *drv, void *owner, const char *name);
#define xenbus_register_frontend(drv) __xenbus_register_frontend(drv, NULL, "")
void xenbus_unregister_driver(struct xenbus_driver *drv);
int register_xenbus_watch(struct xenbus_watch *w);
void unregister_xenbus_watch(struct xenbus_watch *w);
int xenbus_switch_state(struct xenbus_device *dev, enum xenbus_state state);
enum xenbus_state xenbus_read_driver_state(const struct xenbus_device *dev, const char *path);
const char *xenbus_strstate(enum xenbus_state state);
void *xenbus_read(struct xenbus_transaction t, const char *dir, const char *node,
		  unsigned int *len);
unsigned int xenbus_read_unsigned(const char *dir, const char *node, unsigned int other);
char **xenbus_directory(struct xenbus_transaction t, const char *dir, const char *node,
			unsigned int *num);
int xenbus_exists(struct xenbus_transaction t, const char *dir, const char *node);
int xenbus_transaction_start(struct xenbus_transaction *t);
int xenbus_transaction_end(struct xenbus_transaction t, int abort);
int xenbus_printf(struct xenbus_transaction t, const char *dir, const char *node,
		  const char *fmt, ...);
int xenbus_write(struct xenbus_transaction t, const char *dir, const char *node,
		 const char *value);
int xenbus_frontend_closed(struct xenbus_device *dev);
void xenbus_dev_fatal(struct xenbus_device *dev, int err, const char *fmt, ...);
void xenbus_dev_error(struct xenbus_device *dev, int err, const char *fmt, ...);

/*
 * Event channels
 */

#define XEN_EOI_FLAG_SPURIOUS	1
int xenbus_alloc_evtchn(struct xenbus_device *dev, evtchn_port_t *port);
int xenbus_free_evtchn(struct xenbus_device *dev, evtchn_port_t port);
int bind_evtchn_to_irqhandler_lateeoi(evtchn_port_t port, irq_handler_t fn, unsigned long flags,
				      const char *name, void *data);
void unbind_from_irqhandler(unsigned int irq, void *data);
void notify_remote_via_irq(int irq);
void xen_irq_lateeoi(unsigned int irq, unsigned int flags);

/*
 * Grants
 */

struct grant_entry_v1 { u64 entry; };

int gnttab_alloc_grant_references(u16 n, grant_ref_t *head);
void gnttab_free_grant_references(grant_ref_t head);
grant_ref_t gnttab_claim_grant_reference(grant_ref_t *head);
void gnttab_release_grant_reference(grant_ref_t *head, grant_ref_t ref);
void gnttab_free_grant_reference(grant_ref_t ref);
void gnttab_grant_foreign_access_ref(grant_ref_t ref, domid_t dom, unsigned long frame,
				     int readonly);
int gnttab_grant_foreign_access(domid_t dom, unsigned long frame, int readonly);
int gnttab_end_foreign_access_ref(grant_ref_t ref);
int gnttab_try_end_foreign_access(grant_ref_t ref);
void gnttab_end_foreign_access(grant_ref_t ref, struct page *page);
unsigned int gnttab_max_grant_frames(void);

struct gnttab_map_grant_ref { u32 ref; s16 status; grant_handle_t handle; };
struct gnttab_unmap_grant_ref { grant_handle_t handle; s16 status; };
#define GNTMAP_host_map		2
#define GNTST_okay		0
#define gnttab_set_map_op(op, addr, flags, r, dom) ((void)(addr), (op)->ref = (r))
#define gnttab_set_unmap_op(op, addr, flags, h) ((void)(addr), (op)->handle = (h))
int gnttab_map_refs(struct gnttab_map_grant_ref *ops, void *kops, struct page **pages,
		    unsigned int count);
int gnttab_unmap_refs(struct gnttab_unmap_grant_ref *ops, void *kops, struct page **pages,
		      unsigned int count);
int xen_alloc_unpopulated_pages(unsigned int nr, struct page **pages);
void xen_free_unpopulated_pages(unsigned int nr, struct page **pages);

/*
 * Rings: the page's indices, then as many slots as a power of two allows.
 */

#define DEFINE_RING_TYPES(n, req_t, rsp_t)				\
union n##_sring_entry {							\
	req_t req;							\
	rsp_t rsp;							\
};									\
struct n##_sring {							\
	RING_IDX req_prod, req_event, rsp_prod, rsp_event;		\
	u8 reserved[48];						\
	union n##_sring_entry ring[];					\
};									\
struct n##_front_ring {							\
	RING_IDX req_prod_pvt, rsp_cons;				\
	unsigned int nr_ents;						\
	struct n##_sring *sring;					\
}

#define RING_SIZE(r)		((r)->nr_ents)
#define RING_FREE_REQUESTS(r)	(RING_SIZE(r) - ((r)->req_prod_pvt - (r)->rsp_cons))
#define RING_FULL(r)		(!RING_FREE_REQUESTS(r))
#define RING_GET_REQUEST(r, i)	(&(r)->sring->ring[(i) & (RING_SIZE(r) - 1)].req)
#define RING_GET_RESPONSE(r, i)	(&(r)->sring->ring[(i) & (RING_SIZE(r) - 1)].rsp)
#define RING_COPY_RESPONSE(r, i, to) do { *(to) = *RING_GET_RESPONSE(r, i); barrier(); } while (0)
#define RING_RESPONSE_PROD_OVERFLOW(r, prod) ((prod) - (r)->rsp_cons > RING_SIZE(r))
#define XEN_FRONT_RING_INIT(r, s, size) do {				\
	(s)->req_prod = 0;						\
	(s)->rsp_prod = 0;						\
	(s)->req_event = 1;						\
	(s)->rsp_event = 1;						\
	memset((s)->reserved, 0, sizeof((s)->reserved));		\
	(r)->req_prod_pvt = 0;						\
	(r)->rsp_cons = 0;						\
	(r)->nr_ents = 1u << ilog2(((size) - 64) / sizeof((s)->ring[0])); \
	(r)->sring = (s);						\
} while (0)
#define RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(r, notify) do {		\
	RING_IDX _old = (r)->sring->req_prod, _new = (r)->req_prod_pvt; \
									\
	virt_wmb();							\
	WRITE_ONCE((r)->sring->req_prod, _new);				\
	virt_mb();							\
	(notify) = _new - READ_ONCE((r)->sring->req_event) < _new - _old; \
} while (0)
#define RING_HAS_UNCONSUMED_RESPONSES(r) (READ_ONCE((r)->sring->rsp_prod) - (r)->rsp_cons)
#define RING_FINAL_CHECK_FOR_RESPONSES(r, more) do {			\
	(more) = RING_HAS_UNCONSUMED_RESPONSES(r);			\
	if (!(more)) {							\
		WRITE_ONCE((r)->sring->rsp_event, (r)->rsp_cons + 1);	\
		virt_mb();						\
		(more) = RING_HAS_UNCONSUMED_RESPONSES(r);		\
	}								\
} while (0)

/*
 * The harness's side of all this: the toolstack's and the backend's
 */

#define BACKEND_PATH	"/local/domain/0/backend/vdispl/1/0"
#define FRONTEND_PATH	"device/vdispl/0"

void xen_start(void);
void store_write(const char *path, const char *fmt, ...);
void store_remove(const char *path);
/* false when there is none */
bool store_read(const char *path, char *value, size_t size);
u32 store_number(const char *path, u32 other);
/* writes of the frontend's own state */
unsigned long frontend_states(void);

/* A display appears and goes as the toolstack has it: on xenwatch. */
void display_attach(void);
void display_detach(void);
struct xenbus_device *display_device(void);
void guest_suspend(void);
/* Run there, and wait; the longest that anything has taken there, in real ns. */
void xenwatch_run(void (*fn)(void *data), void *data);
u64 xenwatch_longest(bool reset);
/* false when it has not come to that within so long, in ms of real time */
bool xenwatch_idle(unsigned int ms);

void *grant_map(u32 ref);
void grant_unmap(u32 ref);
unsigned int grants_in_use(void);
void grants_dump(void);
extern unsigned int grants_max;
void evtchn_kick(u32 port);
/* interrupts taken, and those ended as spurious */
unsigned long irqs_taken(bool spurious);
unsigned int irqs_bound(void);
unsigned int evtchns_open(void);
/* the frontend has notified; waits, real time */
void backend_wait(unsigned int us);
unsigned int foreign_maps(void);

#endif /* HARNESS_XEN_H */
