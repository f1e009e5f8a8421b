// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "xdf_grants.h"

/* Memory */

/* Blocks of so many pages are quicker to get; each page is as good as alone. */
#define BLOCK_ORDER		4

/* Of all that is shared or may be; and what lists its references, in bytes. */
static atomic_long_t mem_pages, refs_bytes;

/* Memory without a page yet: who adds some counts them. Return: it, to be put; or NULL. */
struct xdf_mem *xdf_mem_new(struct device *dev, size_t size)
{
	struct xdf_mem *mem = kvzalloc(struct_size(mem, pages, PFN_UP(size)), GFP_KERNEL);

	if (!mem)
		return NULL;
	kref_init(&mem->ref);
	mem->dev = get_device(dev);
	mem->size = PAGE_ALIGN(size);
	mem->owner = task_tgid_nr(current);
	atomic_long_add(PFN_UP(size), &mem_pages);
	return mem;
}

static void mem_free(struct kref *ref)
{
	struct xdf_mem *mem = container_of(ref, struct xdf_mem, ref);

	if (mem->contiguous && mem->npages)
		dma_free_pages(mem->dev, mem->size, mem->pages[0], mem->dma, DMA_BIDIRECTIONAL);
	while (!mem->contiguous && mem->npages)
		put_page(mem->pages[--mem->npages]);
	atomic_long_sub(PFN_UP(mem->size), &mem_pages);
	put_device(mem->dev);
	kvfree(mem);
}

/*
 * For x86's tables of caching attributes the first MiB is no memory: mapped to
 * userspace it would be uncached, which Xen does not let PV guests have.
 */
static bool mem_is_low(struct page *page)
{
	return page_to_phys(page) < SZ_1M;
}

/* Charged to the caller's cgroup. What cannot be used goes to the list @low. */
static bool mem_add_pages(struct xdf_mem *mem, unsigned int order, struct list_head *low)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;
	unsigned int i;

	page = alloc_pages(gfp | (order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL), order);
	if (!page)
		return false;
	if (order)
		split_page(page, order);
	for (i = 0; i < 1u << order; i++)
		if (mem_is_low(page + i))
			list_add(&page[i].lru, low);
		else
			mem->pages[mem->npages++] = page + i;
	return true;
}

/* Memory from anywhere, rounded up to pages. Return: it, to be put; or NULL without complaint. */
struct xdf_mem *xdf_mem_alloc(struct device *dev, size_t size)
{
	struct xdf_mem *mem = xdf_mem_new(dev, size);
	struct page *page, *next;
	unsigned int left;
	LIST_HEAD(low);

	while (mem && (left = PFN_UP(size) - mem->npages)) {
		if ((left >= 1u << BLOCK_ORDER && mem_add_pages(mem, BLOCK_ORDER, &low)) ||
		    mem_add_pages(mem, 0, &low))
			continue;
		xdf_mem_put(mem);
		mem = NULL;
	}
	/* not before: they would come again */
	list_for_each_entry_safe(page, next, &low, lru)
		put_page(page);
	return mem;
}

/*
 * The same, physically contiguous, from the kernel's area for such, where there is
 * one (cma=). The device's DMA masks are set.
 */
struct xdf_mem *xdf_mem_alloc_contiguous(struct device *dev, size_t size)
{
	struct xdf_mem *mem = xdf_mem_new(dev, size);
	struct page *page;

	if (!mem)
		return NULL;
	mem->contiguous = true;
	page = dma_alloc_pages(dev, mem->size, &mem->dma, DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	for (; page && mem->npages < PFN_UP(size); mem->npages++)
		mem->pages[mem->npages] = page + mem->npages;
	if (page && !mem_is_low(page))
		return mem;
	xdf_mem_put(mem);
	return NULL;
}

/* One user less. */
void xdf_mem_put(struct xdf_mem *mem)
{
	if (mem)
		kref_put(&mem->ref, mem_free);
}

/* Grants */

/* The kernel counts the references it hands out at once in 16 bits. */
#define GRANT_BATCH		4096u

/* How soon a reference that the backend still maps is tried again. */
#define RETRY_FIRST_MS		50
#define RETRY_LAST_MS		5000

/* So long what is not used any more stays granted, for the next buffer. */
#define KEEP_MS			3000
/* That part of the guest's memory at most. */
#define KEEP_PART		16

static struct {
	spinlock_t lock;	/* of the lists, and what goes with them */
	struct list_head list;	/* of struct xdf_grants that the backend has */
	unsigned int delay_ms;
	struct delayed_work work;
	struct list_head kept;	/* of struct xdf_grants, the oldest first */
	unsigned long kept_pages;
	unsigned long keep_max;
	struct delayed_work expire;
	struct shrinker *shrinker;
	atomic_t used;		/* references granted now, kept ones too */
	unsigned int budget;
	unsigned int lacking;	/* so many and more are not there, as the log says */
} table;

/* Returns whether the backend has let go of this one. */
static bool grants_end_one(struct xdf_grants *g, unsigned int i)
{
	if (g->refs[i] && !gnttab_try_end_foreign_access(g->refs[i]))
		return false;
	g->refs[i] = 0;
	return true;
}

/*
 * A backend that has let go of the first and the last has let go of all: then
 * they go back to the kernel together. It warns of those that are not free.
 */
static void grants_end_together(struct xdf_grants *g)
{
	grant_ref_t head;
	unsigned int i;

	if (!grants_end_one(g, 0) || !grants_end_one(g, g->count - 1) ||
	    gnttab_alloc_grant_references(1, &head) < 0)
		return;
	/* a list of free references as the kernel has them, with nothing in it */
	gnttab_free_grant_reference(gnttab_claim_grant_reference(&head));
	for (i = 1; i < g->count - 1 && gnttab_end_foreign_access_ref(g->refs[i]); i++) {
		gnttab_release_grant_reference(&head, g->refs[i]);
		g->refs[i] = 0;
	}
	gnttab_free_grant_references(head);
}

/* Ends what the backend has let go. Returns how many are left. */
static unsigned int grants_end(struct xdf_grants *g)
{
	unsigned int i, before = 0, left = 0;

	for (i = 0; i < g->count; i++)
		before += !!g->refs[i];
	if (before == g->count && before > 2)
		grants_end_together(g);
	for (i = 0; i < g->count; i++)
		left += !grants_end_one(g, i);
	atomic_sub(before - left, &table.used);
	return left;
}

static void grants_free(struct xdf_grants *g)
{
	atomic_long_sub(g->mem->npages * XEN_PFN_PER_PAGE * sizeof(*g->refs), &refs_bytes);
	xdf_mem_put(g->mem);
	kvfree(g);
}

static void grants_retry(struct work_struct *work)
{
	struct xdf_grants *g, *next;
	LIST_HEAD(todo);

	spin_lock_irq(&table.lock);
	list_splice_init(&table.list, &todo);
	spin_unlock_irq(&table.lock);

	list_for_each_entry_safe(g, next, &todo, link) {
		if (!grants_end(g)) {
			list_del(&g->link);
			grants_free(g);
		}
		cond_resched();
	}

	spin_lock_irq(&table.lock);
	list_splice(&todo, &table.list);
	if (!list_empty(&table.list)) {
		table.delay_ms = min(2 * table.delay_ms, RETRY_LAST_MS + 0u);
		schedule_delayed_work(&table.work, msecs_to_jiffies(table.delay_ms));
	}
	spin_unlock_irq(&table.lock);
}

/* Never blocks on the backend: what it still maps is kept, and tried again until it lets go. */
void xdf_grants_release(struct xdf_grants *g)
{
	unsigned long flags;

	if (!g)
		return;
	if (!grants_end(g)) {
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

/*
 * What was shared with the backend and is not any more: a client that makes
 * buffers of one size again and again gets its memory and grants back
 */

/* With the lock held. */
static void grants_unkeep(struct xdf_grants *g)
{
	list_del(&g->link);
	WRITE_ONCE(table.kept_pages, table.kept_pages - g->mem->npages);
	g->mem->kept = NULL;
}

/*
 * Releases those that have been unused for so many jiffies, the oldest first, until
 * so many pages have gone. Returns how many have.
 */
static unsigned long grants_drop(unsigned long age, unsigned long pages)
{
	unsigned long flags, dropped = 0;
	struct xdf_grants *g;

	do {
		spin_lock_irqsave(&table.lock, flags);
		g = list_first_entry_or_null(&table.kept, struct xdf_grants, link);
		if (dropped >= pages || (g && time_before(jiffies, g->unused_since + age)))
			g = NULL;
		if (g) {
			dropped += g->mem->npages;
			grants_unkeep(g);
		}
		spin_unlock_irqrestore(&table.lock, flags);
		xdf_grants_release(g);
	} while (g);
	return dropped;
}

static void grants_expire(struct work_struct *work)
{
	grants_drop(msecs_to_jiffies(KEEP_MS), ULONG_MAX);
	if (READ_ONCE(table.kept_pages))
		schedule_delayed_work(&table.expire, msecs_to_jiffies(KEEP_MS));
}

/* Nothing is kept any more: the backend is gone, or there is a shortage. */
void xdf_grants_forget(void)
{
	grants_drop(0, ULONG_MAX);
}

/*
 * Nobody uses this memory of our own for now. The next xdf_grants_share() of the
 * same memory has it, and xdf_mem_reuse() the memory when nobody else has. Else
 * it is released, in some seconds or when there is a shortage.
 */
void xdf_grants_keep(struct xdf_grants *g)
{
	unsigned long flags, pages;

	spin_lock_irqsave(&table.lock, flags);
	g->unused_since = jiffies;
	g->mem->kept = g;
	list_add_tail(&g->link, &table.kept);
	WRITE_ONCE(table.kept_pages, table.kept_pages + g->mem->npages);
	pages = table.kept_pages;
	schedule_delayed_work(&table.expire, msecs_to_jiffies(KEEP_MS));
	spin_unlock_irqrestore(&table.lock, flags);
	if (pages > table.keep_max)
		grants_drop(0, pages - table.keep_max);
}

/*
 * Memory of whole pages that is granted already: only what the same process had,
 * so that it stays charged to the right one.
 * Return: the memory, zeroed, to be put; or NULL.
 */
struct xdf_mem *xdf_mem_reuse(size_t size, bool contiguous)
{
	struct xdf_mem *mem = NULL;
	struct xdf_grants *g;
	unsigned int i;

	spin_lock_irq(&table.lock);
	list_for_each_entry(g, &table.kept, link)
		/* nobody has it but these grants */
		if (kref_read(&g->mem->ref) == 1 && g->mem->size == size &&
		    g->mem->contiguous == contiguous &&
		    g->mem->owner == task_tgid_nr(current)) {
			mem = g->mem;
			kref_get(&mem->ref);
			break;
		}
	spin_unlock_irq(&table.lock);
	for (i = 0; mem && i < mem->npages; i++) {
		clear_highpage(mem->pages[i]);
		cond_resched();
	}
	return mem;
}

static unsigned long grants_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return READ_ONCE(table.kept_pages);
}

static unsigned long grants_shrink(struct shrinker *shrinker, struct shrink_control *sc)
{
	return grants_drop(0, sc->nr_to_scan) ?: SHRINK_STOP;
}

/* Figures of all devices. */
void xdf_grants_print(struct seq_file *m)
{
	unsigned int kept = READ_ONCE(table.kept_pages) * XEN_PFN_PER_PAGE;
	unsigned long pages = atomic_long_read(&mem_pages);

	seq_printf(m, "grants: %u of %u in use\n", atomic_read(&table.used) - kept, table.budget);
	seq_printf(m, "grants kept for new buffers: %u\n", kept);
	seq_printf(m, "lists of %lu pages and their grants: %lu bytes\n", pages,
		   pages * sizeof(struct page *) + atomic_long_read(&refs_bytes));
}

/* One line, however often so many or more are asked for. */
static bool grants_lack_is_news(unsigned int count)
{
	unsigned int lacking = READ_ONCE(table.lacking);

	if (lacking && count >= lacking)
		return false;
	WRITE_ONCE(table.lacking, count);
	return true;
}

static bool grants_count(unsigned int count, unsigned int reserve)
{
	if ((u64)atomic_add_return(count, &table.used) + reserve <= table.budget)
		return true;
	atomic_sub(count, &table.used);
	return false;
}

/* Take so many references, if others are left. */
static bool grants_take(unsigned int count, unsigned int reserve)
{
	if (grants_count(count, reserve))
		return true;
	/* a backend that has connected again has let go of what it had before */
	xdf_grants_forget();
	flush_delayed_work(&table.work);
	if (grants_count(count, reserve))
		return true;
	if (grants_lack_is_news(count))
		pr_warn_ratelimited("xen_drm_front: %u grants asked for, %u of %u in use, %u kept for the screens (error %d): no room for this buffer. Show fewer or smaller buffers, or raise Xen's max_grant_frames for this guest\n",
				    count, atomic_read(&table.used), table.budget,
				    reserve, -ENOSPC);
	return false;
}

/* May so many references be taken, and others left? Return: 0 or -ENOSPC. */
int xdf_grants_leave(unsigned int count, unsigned int reserve)
{
	if (!reserve)
		return 0;
	if (!grants_take(count, reserve))
		return -ENOSPC;
	atomic_sub(count, &table.used);
	return 0;
}

/* Grants frame by frame; what was granted is counted in g->count. */
static bool grants_fill(struct xdf_grants *g, unsigned int count)
{
	while (g->count < count) {
		unsigned int batch = min(count - g->count, GRANT_BATCH);
		grant_ref_t head;

		if (gnttab_alloc_grant_references(batch, &head) < 0)
			return false;
		for (; batch; batch--, g->count++) {
			struct page *page = g->mem->pages[g->count / XEN_PFN_PER_PAGE];
			unsigned int sub = g->count % XEN_PFN_PER_PAGE;

			g->refs[g->count] = gnttab_claim_grant_reference(&head);
			gnttab_grant_foreign_access_ref(g->refs[g->count], g->domid,
							xen_page_to_gfn(page) + sub, 0);
		}
		cond_resched();
	}
	return true;
}

/*
 * Grant memory to a domain, for reading and writing: real pages, never slab, held
 * until the backend has let go of all of it.
 * Context: may sleep; one caller for a memory at a time.
 * Return: the grants, the caller's; ERR_PTR(-ENOMEM), or -ENOSPC when the
 * budget or the domain's grant table is used up.
 */
struct xdf_grants *xdf_grants_share(domid_t domid, struct xdf_mem *mem)
{
	unsigned int count = mem->npages * XEN_PFN_PER_PAGE;
	struct xdf_grants *g;

	spin_lock_irq(&table.lock);
	g = mem->kept;
	if (g)
		grants_unkeep(g);
	spin_unlock_irq(&table.lock);
	if (g && g->domid == domid)
		return g;
	xdf_grants_release(g);

	if (!grants_take(count, 0))
		return ERR_PTR(-ENOSPC);
	g = kvzalloc(struct_size(g, refs, count), GFP_KERNEL);
	if (!g) {
		atomic_sub(count, &table.used);
		return ERR_PTR(-ENOMEM);
	}
	atomic_long_add(count * sizeof(*g->refs), &refs_bytes);
	g->domid = domid;
	g->mem = mem;
	kref_get(&mem->ref);
	if (grants_fill(g, count)) {
		if (count >= READ_ONCE(table.lacking))
			WRITE_ONCE(table.lacking, 0);
		return g;
	}
	if (grants_lack_is_news(count))
		pr_warn_ratelimited("xen_drm_front: the domain's grant table is full (%u grants in use here, error %d): raise Xen's max_grant_frames for this guest\n",
				    atomic_read(&table.used) - count, -ENOSPC);
	/* what was not granted goes back to the budget at once */
	atomic_sub(count - g->count, &table.used);
	xdf_grants_release(g);
	return ERR_PTR(-ENOSPC);
}

/* Zeroed memory for the backend and us alone, rounded up to pages; as xdf_grants_share(). */
struct xdf_grants *xdf_grants_alloc(struct device *dev, domid_t domid, size_t size)
{
	struct xdf_mem *mem = xdf_mem_alloc(dev, size);
	struct xdf_grants *g;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	g = xdf_grants_share(domid, mem);
	xdf_mem_put(mem);
	return g;
}

/* A budget of 0 leaves an eighth of the domain's to others. Return: 0 or -ENOMEM. */
int xdf_grants_init(unsigned int budget)
{
	unsigned int total = gnttab_max_grant_frames() *
		(XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));
	struct sysinfo info;

	table.shrinker = shrinker_alloc(0, "xen_drm_front");
	if (!table.shrinker)
		return -ENOMEM;
	spin_lock_init(&table.lock);
	INIT_LIST_HEAD(&table.list);
	INIT_DELAYED_WORK(&table.work, grants_retry);
	INIT_LIST_HEAD(&table.kept);
	INIT_DELAYED_WORK(&table.expire, grants_expire);
	si_meminfo(&info);
	table.keep_max = info.totalram / KEEP_PART;
	atomic_set(&table.used, 0);
	table.budget = budget ?: total - total / 8;
	table.shrinker->count_objects = grants_shrink_count;
	table.shrinker->scan_objects = grants_shrink;
	shrinker_register(table.shrinker);
	return 0;
}

/*
 * The kernel ends them, and drops a hold on the page of each. Contiguous memory has
 * no page to hand over for each reference, and given none the kernel looks for it by
 * the frame of 4 KiB: with larger pages it takes a page that is none.
 */
static void grants_leave(struct xdf_grants *g, unsigned int left)
{
	bool contiguous = g->mem->contiguous;
	bool can_be_left = !contiguous || PAGE_SIZE == XEN_PAGE_SIZE;
	unsigned int i;

	pr_info("xen_drm_front: the backend still maps %u pages; %s\n", left, can_be_left ?
		"the kernel takes them back when it lets go" : "they stay granted");
	for (i = 0; can_be_left && i < g->count; i++) {
		struct page *page = contiguous ? NULL : g->mem->pages[i / XEN_PFN_PER_PAGE];

		if (!g->refs[i])
			continue;
		if (page)
			get_page(page);
		gnttab_end_foreign_access(g->refs[i], page);
	}
	/* Contiguous memory goes to nobody else while a part is in use. */
	if (contiguous)
		g->mem->npages = 0;
}

/*
 * Leave what is still mapped to the kernel. The kernel frees the references and
 * our hold on the pages when the backend lets go; the module can go meanwhile.
 * What cannot be left so stays granted.
 */
void xdf_grants_exit(void)
{
	struct xdf_grants *g, *next;
	unsigned int left;

	shrinker_free(table.shrinker);
	xdf_grants_forget();
	cancel_delayed_work_sync(&table.expire);
	cancel_delayed_work_sync(&table.work);
	list_for_each_entry_safe(g, next, &table.list, link) {
		left = grants_end(g);
		if (left)
			grants_leave(g, left);
		grants_free(g);
	}
}

/* Page directories: shared like any memory */

/* One page of it, which has 4 KiB whatever a page has here. */
static void *directory_page(const struct xdf_grants *dir, u32 index)
{
	size_t at = (size_t)index * DISPLIF_PAGE_SIZE;

	return page_address(dir->mem->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

/*
 * List references for the backend; without any it lists its own. Released when
 * the backend has read it. Return: as of xdf_grants_share().
 */
struct xdf_grants *xdf_directory_create(struct device *dev, domid_t domid,
					const u32 *refs, u32 count)
{
	u32 i, n = xdf_pgdir_pages(count);
	struct xdf_grants *dir = xdf_grants_alloc(dev, domid, (size_t)n * DISPLIF_PAGE_SIZE);

	for (i = 0; !IS_ERR(dir) && i < n; i++)
		xdf_pgdir_fill(directory_page(dir, i), i, dir->refs, refs, count);
	return dir;
}

/* Take what the backend has listed in one that was made for so many. */
void xdf_directory_read(const struct xdf_grants *dir, u32 *refs, u32 count)
{
	u32 i;

	for (i = 0; i < xdf_pgdir_pages(count); i++)
		xdf_pgdir_read(directory_page(dir, i), i, refs, count);
}
