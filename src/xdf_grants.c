// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <xen/page.h>

#include "xdf_grants.h"

/*
 * Memory of the driver's own
 */

static struct xdf_mem *mem_new(struct device *dev, size_t size)
{
	struct xdf_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return NULL;
	mem->size = PAGE_ALIGN(size);
	mem->pages = kvcalloc(mem->size >> PAGE_SHIFT, sizeof(*mem->pages),
			      GFP_KERNEL);
	if (!mem->pages) {
		kfree(mem);
		return NULL;
	}
	kref_init(&mem->ref);
	mem->dev = get_device(dev);
	return mem;
}

static void mem_free(struct kref *ref)
{
	struct xdf_mem *mem = container_of(ref, struct xdf_mem, ref);

	if (mem->contiguous && mem->npages)
		dma_free_pages(mem->dev, mem->size, mem->pages[0], mem->dma,
			       DMA_BIDIRECTIONAL);
	while (!mem->contiguous && mem->npages)
		__free_page(mem->pages[--mem->npages]);
	put_device(mem->dev);
	kvfree(mem->pages);
	kfree(mem);
}

/**
 * xdf_mem_alloc - memory from anywhere
 * @dev: for whom
 * @size: in bytes, rounded up to pages here
 *
 * Return: the memory, to be put; or ERR_PTR(-ENOMEM).
 */
struct xdf_mem *xdf_mem_alloc(struct device *dev, size_t size)
{
	struct xdf_mem *mem = mem_new(dev, size);

	if (!mem)
		return ERR_PTR(-ENOMEM);
	while (mem->npages < mem->size >> PAGE_SHIFT) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO |
					       __GFP_RETRY_MAYFAIL |
					       __GFP_NOWARN);

		if (!page) {
			xdf_mem_put(mem);
			return ERR_PTR(-ENOMEM);
		}
		mem->pages[mem->npages++] = page;
	}
	return mem;
}

/**
 * xdf_mem_alloc_contiguous - physically contiguous memory
 * @dev: for whom; its DMA masks are set
 * @size: in bytes, rounded up to pages here
 *
 * Comes from the kernel's area for such, where there is one (cma=).
 *
 * Return: the memory, to be put; or ERR_PTR(-ENOMEM), without any complaint.
 */
struct xdf_mem *xdf_mem_alloc_contiguous(struct device *dev, size_t size)
{
	struct xdf_mem *mem = mem_new(dev, size);
	struct page *page;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->contiguous = true;
	page = dma_alloc_pages(dev, mem->size, &mem->dma, DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!page) {
		xdf_mem_put(mem);
		return ERR_PTR(-ENOMEM);
	}
	for (; mem->npages < mem->size >> PAGE_SHIFT; mem->npages++)
		mem->pages[mem->npages] = page + mem->npages;
	return mem;
}

/* One user less. Context: may sleep. */
void xdf_mem_put(struct xdf_mem *mem)
{
	if (mem)
		kref_put(&mem->ref, mem_free);
}

/*
 * Grants
 */

/* The kernel counts the references it hands out at once in 16 bits. */
#define GRANT_BATCH		4096u

/* How soon a reference that the backend still maps is tried again. */
#define RETRY_FIRST_MS		50
#define RETRY_LAST_MS		5000

static struct {
	spinlock_t lock;	/* of the list and the delay */
	struct list_head list;	/* of struct xdf_grants */
	unsigned int delay_ms;
	struct delayed_work work;
	atomic_t used;
	unsigned int budget;
	unsigned int lacking;	/* so many were asked for in vain, as the log says */
} table;

/* Ends what the backend has let go; true when nothing is left. */
static bool grants_end(struct xdf_grants *g)
{
	unsigned int i, left = 0;

	for (i = 0; i < g->count; i++) {
		if (gnttab_try_end_foreign_access(g->refs[i])) {
			if (!g->mem)
				put_page(g->pages[i]);
			continue;
		}
		g->refs[left] = g->refs[i];
		g->pages[left++] = g->pages[i];
	}
	atomic_sub(g->count - left, &table.used);
	g->count = left;
	return !left;
}

static void grants_free(struct xdf_grants *g)
{
	xdf_mem_put(g->mem);
	kvfree(g->pages);
	kvfree(g->refs);
	kfree(g);
}

static void grants_retry(struct work_struct *work)
{
	struct xdf_grants *g, *next;
	LIST_HEAD(todo);
	LIST_HEAD(left);

	spin_lock_irq(&table.lock);
	list_splice_init(&table.list, &todo);
	spin_unlock_irq(&table.lock);

	list_for_each_entry_safe(g, next, &todo, link) {
		list_del(&g->link);
		if (grants_end(g))
			grants_free(g);
		else
			list_add_tail(&g->link, &left);
		cond_resched();
	}

	spin_lock_irq(&table.lock);
	list_splice(&left, &table.list);
	if (!list_empty(&table.list)) {
		table.delay_ms = min(2 * table.delay_ms, RETRY_LAST_MS + 0u);
		schedule_delayed_work(&table.work,
				      msecs_to_jiffies(table.delay_ms));
	}
	spin_unlock_irq(&table.lock);
}

/**
 * xdf_grants_release - take pages back from the backend
 * @g: gone afterwards; NULL is allowed
 *
 * Never blocks on the backend: a page that it still maps is kept, and tried
 * again until it is let go. The caller's own references to the pages are the
 * caller's to drop, before or after.
 *
 * Context: may sleep.
 */
void xdf_grants_release(struct xdf_grants *g)
{
	unsigned long flags;

	if (!g)
		return;
	if (grants_end(g)) {
		grants_free(g);
		return;
	}
	spin_lock_irqsave(&table.lock, flags);
	list_add_tail(&g->link, &table.list);
	table.delay_ms = RETRY_FIRST_MS;
	/* it may be waiting for much longer */
	cancel_delayed_work(&table.work);
	schedule_delayed_work(&table.work, msecs_to_jiffies(table.delay_ms));
	spin_unlock_irqrestore(&table.lock, flags);
}

/* References granted now, released ones that are still in use included. */
unsigned int xdf_grants_used(void)
{
	return atomic_read(&table.used);
}

/* References that this driver may have. */
unsigned int xdf_grants_budget(void)
{
	return table.budget;
}

static bool grants_count(unsigned int count)
{
	if (atomic_add_return(count, &table.used) <= table.budget)
		return true;
	atomic_sub(count, &table.used);
	return false;
}

/* One line, however often the same buffer is tried again. */
static bool grants_lack_is_news(unsigned int count)
{
	return xchg(&table.lacking, count) != count;
}

static void grants_lack(unsigned int count, unsigned int reserve)
{
	if (grants_lack_is_news(count))
		pr_warn_ratelimited("xen_drm_front: %u grants asked for, %u of %u in use, %u kept for the screens (error %d): no room for this buffer. Show fewer or smaller buffers, or raise Xen's max_grant_frames for this guest\n",
				    count, xdf_grants_used(), table.budget,
				    reserve, -ENOSPC);
}

static int grants_budget_take(unsigned int count)
{
	if (grants_count(count))
		return 0;
	/* A backend that has connected again has let go of what it had before. */
	flush_delayed_work(&table.work);
	if (grants_count(count))
		return 0;
	grants_lack(count, 0);
	return -ENOSPC;
}

static bool grants_remain(unsigned int count, unsigned int reserve)
{
	return (u64)xdf_grants_used() + count + reserve <= table.budget;
}

/**
 * xdf_grants_leave - may so many references be taken, and others left?
 * @count: of references, one for each 4 KiB
 * @reserve: so many have to be left
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOSPC.
 */
int xdf_grants_leave(unsigned int count, unsigned int reserve)
{
	if (!reserve || grants_remain(count, reserve))
		return 0;
	flush_delayed_work(&table.work);
	if (grants_remain(count, reserve))
		return 0;
	grants_lack(count, reserve);
	return -ENOSPC;
}

/* Grants frame by frame; what was granted is counted in g->count. */
static int grants_fill(struct xdf_grants *g, domid_t domid,
		       struct page **pages, unsigned int count)
{
	while (g->count < count) {
		unsigned int batch = min(count - g->count, GRANT_BATCH);
		grant_ref_t head;
		int ret;

		ret = gnttab_alloc_grant_references(batch, &head);
		if (ret < 0)
			return -ENOSPC;
		for (; batch; batch--) {
			struct page *page = pages[g->count / XEN_PFN_PER_PAGE];
			unsigned int sub = g->count % XEN_PFN_PER_PAGE;
			grant_ref_t ref = gnttab_claim_grant_reference(&head);

			gnttab_grant_foreign_access_ref(ref, domid,
							xen_page_to_gfn(page) + sub,
							0);
			if (!g->mem)
				get_page(page);
			g->pages[g->count] = page;
			g->refs[g->count++] = ref;
		}
		cond_resched();
	}
	return 0;
}

static struct xdf_grants *grants_new(domid_t domid, struct page **pages,
				     unsigned int npages, struct xdf_mem *mem)
{
	unsigned int count = npages * XEN_PFN_PER_PAGE;
	struct xdf_grants *g;
	int ret;

	ret = grants_budget_take(count);
	if (ret)
		return ERR_PTR(ret);

	g = kzalloc(sizeof(*g), GFP_KERNEL);
	if (!g)
		goto err_budget;
	g->refs = kvmalloc_array(count, sizeof(*g->refs), GFP_KERNEL);
	g->pages = kvmalloc_array(count, sizeof(*g->pages), GFP_KERNEL);
	if (!g->refs || !g->pages) {
		kvfree(g->refs);
		kvfree(g->pages);
		kfree(g);
		goto err_budget;
	}
	g->mem = xdf_mem_get(mem);
	ret = grants_fill(g, domid, pages, count);
	if (ret) {
		if (grants_lack_is_news(count))
			pr_warn_ratelimited("xen_drm_front: the domain's grant table is full (%u grants in use here, error %d): raise Xen's max_grant_frames for this guest\n",
					    xdf_grants_used() - count, ret);
		/* what was not granted goes back to the budget at once */
		atomic_sub(count - g->count, &table.used);
		xdf_grants_release(g);
		return ERR_PTR(ret);
	}
	cmpxchg(&table.lacking, count, 0);
	return g;

err_budget:
	atomic_sub(count, &table.used);
	return ERR_PTR(-ENOMEM);
}

/**
 * xdf_grants_share - grant pages to a domain, for reading and writing
 * @domid: the backend's domain
 * @pages: real pages, never slab; each gets a reference of its own here
 * @npages: their number
 *
 * Context: may sleep.
 *
 * Return: the grants, owned by the caller; ERR_PTR(-ENOMEM), or -ENOSPC when
 * the budget or the domain's grant table is used up.
 */
struct xdf_grants *xdf_grants_share(domid_t domid, struct page **pages,
				    unsigned int npages)
{
	return grants_new(domid, pages, npages, NULL);
}

/**
 * xdf_grants_share_mem - the same for memory whose pages cannot be held singly
 * @domid: the backend's domain
 * @mem: held until the backend has let go of all of it
 *
 * Context: may sleep.
 *
 * Return: as of xdf_grants_share().
 */
struct xdf_grants *xdf_grants_share_mem(domid_t domid, struct xdf_mem *mem)
{
	return grants_new(domid, mem->pages, mem->npages, mem);
}

/**
 * xdf_grants_init - set the budget
 * @budget: references; 0 leaves an eighth of the domain's to other devices
 */
void xdf_grants_init(unsigned int budget)
{
	unsigned int total = gnttab_max_grant_frames() *
		(XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));

	spin_lock_init(&table.lock);
	INIT_LIST_HEAD(&table.list);
	INIT_DELAYED_WORK(&table.work, grants_retry);
	atomic_set(&table.used, 0);
	table.budget = budget ?: total - total / 8;
}

/*
 * Contiguous memory has no page to hand over for each reference, and given
 * none the kernel looks for it by the frame of 4 KiB: with larger pages it
 * takes a page that is none.
 */
static bool grants_can_be_left(const struct xdf_grants *g)
{
	return !g->mem || PAGE_SIZE == XEN_PAGE_SIZE;
}

/*
 * Leave what is still mapped to the kernel. The kernel frees the references and
 * our hold on the pages when the backend lets go; the module can go meanwhile.
 * What cannot be left so stays granted.
 */
void xdf_grants_exit(void)
{
	struct xdf_grants *g, *next;
	unsigned int i;

	cancel_delayed_work_sync(&table.work);
	list_for_each_entry_safe(g, next, &table.list, link) {
		if (!grants_end(g))
			pr_info("xen_drm_front: the backend still maps %u pages; %s\n",
				g->count, grants_can_be_left(g) ?
				"the kernel takes them back when it lets go" :
				"they stay granted");
		/* Contiguous memory goes to nobody else while a part is in use. */
		for (i = 0; i < g->count && grants_can_be_left(g); i++)
			gnttab_end_foreign_access(g->refs[i], g->mem ? NULL :
						  g->pages[i]);
		if (g->count)
			g->mem = NULL;
		grants_free(g);
	}
}

/*
 * Page directories
 */

/* One page of it, which has 4 KiB whatever a page has here. */
static void *directory_page(const struct xdf_directory *dir, u32 index)
{
	size_t at = (size_t)index * DISPLIF_PAGE_SIZE;

	return page_address(dir->mem->pages[at >> PAGE_SHIFT]) +
		offset_in_page(at);
}

/**
 * xdf_directory_create - list references for the backend
 * @dev: for whom
 * @domid: the backend's domain
 * @refs: what to list; NULL leaves it to the backend
 * @count: of @refs
 *
 * Context: may sleep.
 *
 * Return: the directory, the caller's to destroy; or ERR_PTR(-ENOMEM or
 * -ENOSPC).
 */
struct xdf_directory *xdf_directory_create(struct device *dev, domid_t domid,
					   const u32 *refs, u32 count)
{
	u32 i, n = xdf_pgdir_pages(count);
	struct xdf_directory *dir;
	int ret;

	dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->count = count;
	dir->mem = xdf_mem_alloc(dev, (size_t)n * DISPLIF_PAGE_SIZE);
	if (IS_ERR(dir->mem)) {
		ret = PTR_ERR(dir->mem);
		goto err_free;
	}
	dir->grants = xdf_grants_share_mem(domid, dir->mem);
	if (IS_ERR(dir->grants)) {
		ret = PTR_ERR(dir->grants);
		goto err_mem;
	}
	for (i = 0; i < n; i++)
		xdf_pgdir_fill(directory_page(dir, i), i, dir->grants->refs,
			       refs, count);
	return dir;

err_mem:
	xdf_mem_put(dir->mem);
err_free:
	kfree(dir);
	return ERR_PTR(ret);
}

/**
 * xdf_directory_read - take what the backend has listed
 * @dir: made without references
 * @refs: result, room for all of them
 */
void xdf_directory_read(const struct xdf_directory *dir, u32 *refs)
{
	u32 i;

	for (i = 0; i < xdf_pgdir_pages(dir->count); i++)
		xdf_pgdir_read(directory_page(dir, i), i, refs, dir->count);
}

/**
 * xdf_directory_destroy - the backend has read it, or is gone
 * @dir: gone afterwards; NULL is allowed
 *
 * Does not wait for the backend to let go.
 *
 * Context: may sleep.
 */
void xdf_directory_destroy(struct xdf_directory *dir)
{
	if (!dir)
		return;
	xdf_grants_release(dir->grants);
	xdf_mem_put(dir->mem);
	kfree(dir);
}
