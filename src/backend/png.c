// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A picture as PNG, made fast rather than small. */
#include <errno.h>
#include <png.h>

#include "backend.h"

/**
 * png_write - write a picture
 * @out: where to
 * @width: in pixels
 * @height: in lines
 * @line: gives its lines, from the top
 * @data: for @line
 *
 * Return: 0 or a negative errno.
 */
int png_write(FILE *out, uint32_t width, uint32_t height, png_line_fn line,
	      void *data)
{
	png_structp png;
	png_infop info = NULL;
	uint32_t y;

	png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	if (png)
		info = png_create_info_struct(png);
	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return -EIO;
	}
	png_init_io(png, out);
	png_set_compression_level(png, 1);
	png_set_filter(png, 0, PNG_FILTER_NONE);
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (y = 0; y < height; y++)
		png_write_row(png, line(data, y));
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return 0;
}
