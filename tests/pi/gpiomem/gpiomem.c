// SPDX-License-Identifier: GPL-2.0
// The pins' registers for programs, as Raspberry Pi OS's own kernel offers them and Debian's does
// not: only for the emulated board, which has them at this address.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

#define PINS 0x3f200000UL

static int map(struct file *file, struct vm_area_struct *area)
{
	if (area->vm_pgoff || area->vm_end - area->vm_start > PAGE_SIZE)
		return -EINVAL;
	area->vm_page_prot = pgprot_noncached(area->vm_page_prot);
	return io_remap_pfn_range(area, area->vm_start, PINS >> PAGE_SHIFT,
				  area->vm_end - area->vm_start, area->vm_page_prot);
}

static const struct file_operations operations = { .owner = THIS_MODULE, .mmap = map };
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR, .name = "gpiomem", .fops = &operations, .mode = 0660
};
module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The pins of an emulated Raspberry Pi 3");
