// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a buffer's pages cost whoever has them: "PAGES ORDER", written to
 * /dev/xdf-limit, allocates and clears pages in blocks of that order, grants
 * each to dom0, ends that and frees them.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#define LIMIT_PAGES	(1u << 20)

/* Blocks, each of them split, until all are there or there is no memory. */
static unsigned int limit_alloc(struct page **pages, unsigned int count, unsigned int order)
{
	unsigned int have = 0, i;

	while (have < count) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);

		if (!page)
			break;
		if (order)
			split_page(page, order);
		for (i = 0; i < 1u << order; i++)
			pages[have++] = page + i;
	}
	return have;
}

static int limit_work(unsigned int count, unsigned int order)
{
	unsigned int have, granted = 0, i;
	struct page **pages;
	grant_ref_t *refs, head;
	int ret = -ENOMEM;

	count = ALIGN(count, 1u << order);
	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	refs = kvmalloc_array(count, sizeof(*refs), GFP_KERNEL);
	if (!pages || !refs)
		goto free_arrays;
	have = limit_alloc(pages, count, order);
	if (have < count)
		goto free_pages;
	ret = gnttab_alloc_grant_references(count, &head);
	if (ret)
		goto free_pages;
	for (; granted < count; granted++) {
		refs[granted] = gnttab_claim_grant_reference(&head);
		gnttab_grant_foreign_access_ref(refs[granted], 0, xen_page_to_gfn(pages[granted]), 0);
	}
	for (i = 0; i < count; i++)
		if (WARN_ON(!gnttab_end_foreign_access_ref(refs[i])))
			goto free_arrays;
	/* the list is empty: back to it, and given back as one */
	for (i = 0; i < count; i++)
		gnttab_release_grant_reference(&head, refs[i]);
	gnttab_free_grant_references(head);
free_pages:
	for (i = 0; i < have; i++)
		__free_page(pages[i]);
free_arrays:
	kvfree(refs);
	kvfree(pages);
	return ret;
}

static ssize_t limit_write(struct file *file, const char __user *data, size_t len, loff_t *at)
{
	unsigned int count, order;
	char text[64];
	int ret;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, data, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%u %u", &count, &order) != 2 || !count || count > LIMIT_PAGES || order > 9)
		return -EINVAL;
	ret = limit_work(count, order);
	return ret ? ret : len;
}

static const struct file_operations limit_fops = {
	.owner = THIS_MODULE,
	.write = limit_write,
};

static struct miscdevice limit_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xdf-limit",
	.fops = &limit_fops,
};
module_misc_device(limit_misc);

MODULE_DESCRIPTION("What pages for a display cost at least, for tests");
MODULE_LICENSE("Dual MIT/GPL");
