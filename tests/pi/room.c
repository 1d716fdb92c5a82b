// What stands around the emulated board: a room before its camera, and fingers on its pins.
//
//   room show DEVICE PIN FILE   a picture (640 x 480 bytes of brightness) as a sensor would give it: lit
//                               while the lamp's pin is high, dark while it is not, with noise that is
//                               never the same; until it is killed
//   room level PIN              prints 0 or 1
//   room hold PIN 0|1           holds an input low or high
//   room watch PIN SECONDS      prints a line, with the seconds since 1970, whenever the level changes
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, PIXELS = WIDTH * HEIGHT };
enum { SET = 0x1c / 4, CLEAR = 0x28 / 4, LEVELS = 0x34 / 4 };

static uint8_t picture[PIXELS], frame[PIXELS];
static volatile uint32_t *pins;

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int level(int pin)
{
	return (pins[LEVELS] >> pin) & 1;
}

static double now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void rest(long ms)
{
	struct timespec pause = { 0, ms * 1000000 };
	nanosleep(&pause, 0);
}

static int show(const char *device, int pin, const char *name)
{
	FILE *file = fopen(name, "rb");
	if (!file || fread(picture, 1, PIXELS, file) != PIXELS)
		return fail(name);
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };
	format.fmt.pix.width = WIDTH;
	format.fmt.pix.height = HEIGHT;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
	format.fmt.pix.sizeimage = PIXELS;
	format.fmt.pix.bytesperline = WIDTH;
	format.fmt.pix.field = V4L2_FIELD_NONE;
	int camera = open(device, O_RDWR);
	if (camera < 0 || ioctl(camera, VIDIOC_S_FMT, &format) < 0)
		return fail(device);
	for (uint32_t noise = 1;; rest(66)) {
		int is_lit = level(pin);
		for (int at = 0; at < PIXELS; at++) {
			noise = noise * 1664525u + 1013904223u;
			int value = (is_lit ? picture[at] : 4) + (int)(noise >> 29) - 3;
			frame[at] = value < 0 ? 0 : value > 255 ? 255 : value;
		}
		if (write(camera, frame, PIXELS) != PIXELS)
			return fail("writing a frame");
	}
}

static int watch(int pin, double seconds)
{
	int was = -1;
	for (double until = now() + seconds; now() < until; rest(5)) {
		int is = level(pin);
		if (is != was)
			printf("%.3f %d\n", now(), is);
		was = is;
	}
	return 0;
}

int main(int count, char **words)
{
	int file = open("/dev/gpiomem", O_RDWR | O_SYNC);
	pins = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file < 0 || pins == MAP_FAILED)
		return fail("/dev/gpiomem");
	setvbuf(stdout, 0, _IOLBF, 0);
	const char *what = count > 1 ? words[1] : "";
	if (count == 5 && !strcmp(what, "show"))
		return show(words[2], atoi(words[3]), words[4]);
	if (count == 3 && !strcmp(what, "level"))
		return printf("%d\n", level(atoi(words[2]))) < 0;
	if (count == 4 && !strcmp(what, "watch"))
		return watch(atoi(words[2]), atof(words[3]));
	if (count == 4 && !strcmp(what, "hold")) {
		pins[atoi(words[3]) ? SET : CLEAR] = 1u << atoi(words[2]);
		return 0;
	}
	return 2;
}
