// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/seq_file.h>
#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>

#include "xdf_debugfs.h"
#include "xdf_kms.h"

static void debugfs_output(struct seq_file *m, struct xdf_output *output)
{
	struct xdf_head_stats stats;
	unsigned int i;

	spin_lock_irq(&output->head.lock);
	stats = output->head.stats;
	spin_unlock_irq(&output->head.lock);

	seq_printf(m, "\nconnector %u: %ux%u preferred, EDID of %d octets\n",
		   output->node, output->monitor.width, output->monitor.height,
		   output->monitor.edid_size);
	seq_printf(m, "  flips: %llu\n", stats.flips);
	seq_printf(m, "  missed refreshes: %llu\n", stats.missed);
	seq_printf(m, "  time-outs: %llu\n", stats.timeouts);
	seq_printf(m, "  refused requests: %llu\n", stats.errors);
	seq_printf(m, "  stray events: %llu\n", stats.strays);
	seq_printf(m, "  checksums: %llu\n", READ_ONCE(output->head.crc.computed));
	seq_puts(m, "  flip latency:");
	for (i = 0; i < XDF_LATENCY_BUCKETS - 1; i++)
		seq_printf(m, " <%u ms: %llu,", 1 << i, stats.latency[i]);
	seq_printf(m, " longer: %llu\n", stats.latency[i]);
}

static void debugfs_views(struct seq_file *m, struct xdf_views *views)
{
	static const char * const names[XDF_VIEW_MODES] = {
		[XDF_VIEW_DIRECT] = "shared",
		[XDF_VIEW_PIECE] = "shared, contiguous",
		[XDF_VIEW_IMPORTED] = "shared, imported",
		[XDF_VIEW_COPY] = "copied",
		[XDF_VIEW_BACKEND] = "copied to the backend's memory",
	};
	struct xdf_views_count count;
	unsigned int i;

	xdf_views_count(views, &count);
	for (i = 0; i < XDF_VIEW_MODES; i++)
		seq_printf(m, "buffers %s: %u, %llu KiB\n", names[i],
			   count.count[i], count.bytes[i] >> 10);
}

static int debugfs_show(struct seq_file *m, void *unused)
{
	struct drm_info_node *node = m->private;
	struct xdf_card *card = container_of(node->minor->dev, struct xdf_card,
					     drm);
	unsigned int i;

	seq_printf(m, "connection: %s\n",
		   xdf_link_state_name(READ_ONCE(card->link.state)));
	seq_printf(m, "protocol version: %u\n", card->link.version);
	seq_printf(m, "connections lost: %u\n", card->link.losses);
	seq_printf(m, "protocol errors: %u\n", card->link.faults);
	seq_printf(m, "grants: %u of %u in use\n", xdf_grants_used(),
		   xdf_grants_budget());
	debugfs_views(m, &card->views);
	for (i = 0; i < card->count; i++)
		if (card->outputs[i].present)
			debugfs_output(m, &card->outputs[i]);
	return 0;
}

static const struct drm_info_list debugfs_list[] = {
	{ "xen", debugfs_show, 0, NULL },
};

/**
 * xdf_debugfs_init - drm_driver.debugfs_init
 * @minor: the card's
 */
void xdf_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(debugfs_list, ARRAY_SIZE(debugfs_list),
				 minor->debugfs_root, minor);
}
