// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Must not compile, once for each kind of mistake that answers a question. */
static void sentinel_call(void)
{
	xdf_no_such_function(1); /* error */
}

static void sentinel_arguments(void)
{
	get_page(NULL, 1); /* error */
}

static unsigned long sentinel_member(void)
{
	return sizeof(((struct page *)0)->xdf_no_such_member); /* error */
}

static void sentinel_int(int *pointer)
{
	int number = pointer; /* error */
}

static void sentinel_pointer(void (*old)(struct page *page))
{
	void (*new)(struct module *module) = old; /* error */
}

static void sentinel_const(const struct page *page)
{
	struct page *writable = page; /* error */
}

#ifndef XDF_NO_SUCH_MACRO
#error "XDF_NO_SUCH_MACRO" /* error */
#endif
