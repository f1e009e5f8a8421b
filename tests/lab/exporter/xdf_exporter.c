// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Exports buffers whose memory nobody can have, only a mapping of it, as of a
 * device with memory of its own. For newer kernels than 6.2; see test_buffers.py.
 *
 *   ioctl(open("/dev/xdf-exporter"), 0, size)    a dma-buf; or a negative errno
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

static bool attachable;
module_param(attachable, bool, 0644);
MODULE_PARM_DESC(attachable, "Fail only when it is mapped (default N: when somebody attaches)");

static int exporter_attach(struct dma_buf *buf, struct dma_buf_attachment *attach)
{
	return attachable ? 0 : -EOPNOTSUPP;
}

static struct sg_table *exporter_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	return ERR_PTR(-EIO);
}

static void exporter_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			   enum dma_data_direction dir)
{
}

static int exporter_vmap(struct dma_buf *buf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, buf->priv);
	return 0;
}

static int exporter_mmap(struct dma_buf *buf, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, buf->priv, 0);
}

static void exporter_release(struct dma_buf *buf)
{
	vfree(buf->priv);
}

static const struct dma_buf_ops exporter_ops = {
	.attach = exporter_attach,
	.map_dma_buf = exporter_map,
	.unmap_dma_buf = exporter_unmap,
	.vmap = exporter_vmap,
	.mmap = exporter_mmap,
	.release = exporter_release,
};

static long exporter_ioctl(struct file *file, unsigned int cmd, unsigned long size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *buf;
	void *memory = vmalloc_user(size);

	if (!memory)
		return -ENOMEM;
	info.ops = &exporter_ops;
	info.size = PAGE_ALIGN(size);
	info.flags = O_RDWR;
	info.priv = memory;
	buf = dma_buf_export(&info);
	if (IS_ERR(buf)) {
		vfree(memory);
		return PTR_ERR(buf);
	}
	return dma_buf_fd(buf, O_CLOEXEC);
}

static const struct file_operations exporter_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = exporter_ioctl,
};

static struct miscdevice exporter_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xdf-exporter",
	.fops = &exporter_fops,
};
module_misc_device(exporter_misc);

MODULE_DESCRIPTION("Exporter of buffers without pages, for tests");
MODULE_LICENSE("Dual MIT/GPL");
/* MODULE_IMPORT_NS() took no string before 6.13 */
MODULE_INFO(import_ns, "DMA_BUF");
