// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <rfb/rfb.h>

#include "canvas.h"
#include "viewer.h"

/* QEMU's extension of RFB: keys by their place, not by what is printed there. */
#define RFB_QEMU_KEYS		(-258)
#define RFB_QEMU_MESSAGE	255
#define RFB_QEMU_EXT_KEY	0
#define RFB_QEMU_KEY_SIZE	12

#define SEND_PATIENCE_MS	20000

static struct canvas canvas = { .fd = -1 };
static uint32_t seen;			/* the last update that was marked */
static char password[32];
static char *passwords[2] = { password, NULL };

static void tell(const struct viewer_message *m)
{
	/* the other side may be gone; the next poll says so */
	if (send(VIEWER_PARENT, m, sizeof(*m), MSG_NOSIGNAL) < 0)
		return;
}

/* ---- from the client ---- */

static void on_scancode(uint32_t code, bool down)
{
	struct viewer_message m = { .type = VIEWER_SCANCODE };

	m.key.code = code;
	m.key.down = down;
	tell(&m);
}

static void on_keysym(rfbBool down, rfbKeySym sym, rfbClientPtr cl)
{
	struct viewer_message m = { .type = VIEWER_KEYSYM };

	(void)cl;
	m.key.code = sym;
	m.key.down = down;
	tell(&m);
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr cl)
{
	struct viewer_message m = { .type = VIEWER_POINTER };

	m.pointer.x = x < 0 ? 0 : x;
	m.pointer.y = y < 0 ? 0 : y;
	m.pointer.width = cl->screen->width;
	m.pointer.height = cl->screen->height;
	m.pointer.buttons = buttons;
	tell(&m);
}

static int on_resize(int width, int height, int count,
		     struct rfbExtDesktopScreen *screens, rfbClientPtr cl)
{
	struct viewer_message m = { .type = VIEWER_RESIZE };

	(void)screens;
	(void)cl;
	if (count != 1 || width <= 0 || height <= 0)
		return rfbExtDesktopSize_InvalidScreenLayout;
	m.resize.width = width;
	m.resize.height = height;
	tell(&m);
	return rfbExtDesktopSize_Success;
}

static rfbBool keys_enable(rfbClientPtr cl, void **data, int encoding)
{
	rfbFramebufferUpdateRectHeader rect = {
		.encoding = Swap32IfLE((uint32_t)encoding),
	};
	rfbFramebufferUpdateMsg msg = {
		.type = rfbFramebufferUpdate,
		.nRects = Swap16IfLE(1),
	};

	(void)data;
	/* once it is in use the library asks it about all others, too */
	if (encoding != RFB_QEMU_KEYS)
		return FALSE;
	LOCK(cl->sendMutex);
	if (rfbWriteExact(cl, (char *)&msg, sz_rfbFramebufferUpdateMsg) < 0 ||
	    rfbWriteExact(cl, (char *)&rect, sz_rfbFramebufferUpdateRectHeader) < 0)
		rfbCloseClient(cl);
	UNLOCK(cl->sendMutex);
	return TRUE;
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Subtype, whether down (16 bits), symbol, scan code; all after the type. */
static rfbBool keys_message(rfbClientPtr cl, void *data,
			    const rfbClientToServerMsg *msg)
{
	uint8_t rest[RFB_QEMU_KEY_SIZE - 1];
	uint32_t sym, code;
	bool down;

	(void)data;
	if (msg->type != RFB_QEMU_MESSAGE)
		return FALSE;
	if (rfbReadExact(cl, (char *)rest, sizeof(rest)) <= 0 ||
	    rest[0] != RFB_QEMU_EXT_KEY) {
		rfbCloseClient(cl);
		return TRUE;
	}
	down = rest[1] || rest[2];
	sym = big32(rest + 3);
	code = big32(rest + 7);
	if (code)
		on_scancode(code, down);
	else
		on_keysym(down, sym, cl);
	return TRUE;
}

static int keys_encodings[] = { RFB_QEMU_KEYS, 0 };

static rfbProtocolExtension keys_extension = {
	.pseudoEncodings = keys_encodings,
	.enablePseudoEncoding = keys_enable,
	.handleMessage = keys_message,
};

/* ---- from the parent ---- */

static void use_canvas(rfbScreenInfoPtr rfb)
{
	/*
	 * XRGB8888, whatever the library would choose: what viewers ask for in
	 * the same words goes out as it is
	 */
	rfb->serverFormat.depth = 24;
	rfb->serverFormat.redShift = 16;
	rfb->serverFormat.greenShift = 8;
	rfb->serverFormat.blueShift = 0;
	seen = __atomic_load_n(&canvas.head->updates, __ATOMIC_ACQUIRE);
}

/* Changed since it was sent? The numbers may wrap. */
static bool tile_is_due(const uint32_t *tile)
{
	return (int32_t)(__atomic_load_n(tile, __ATOMIC_ACQUIRE) - seen) > 0;
}

/* The library's regions cost by the rectangle: tiles side by side are one. */
static void mark_row(rfbScreenInfoPtr rfb, uint32_t y)
{
	const struct canvas_head *head = canvas.head;
	const uint32_t *tile = head->tile + y * head->columns;
	uint32_t x, end;

	for (x = 0; x < head->columns; x = end + 1) {
		for (end = x; end < head->columns && tile_is_due(tile + end); )
			end++;
		if (end > x)
			rfbMarkRectAsModified(rfb, x * CANVAS_TILE,
					      y * CANVAS_TILE,
					      end * CANVAS_TILE,
					      (y + 1) * CANVAS_TILE);
	}
}

static void mark_damage(rfbScreenInfoPtr rfb)
{
	uint32_t now = __atomic_load_n(&canvas.head->updates, __ATOMIC_ACQUIRE);
	uint32_t y;

	if (now == seen)
		return;
	for (y = 0; y < canvas.head->rows; y++)
		mark_row(rfb, y);
	seen = now;
}

/* Return 1 for a message, 0 for none, -1 when the parent is gone. */
static int receive(struct viewer_message *m, int *fd, int flags)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t got;

	*fd = -1;
	got = recvmsg(VIEWER_PARENT, &msg, flags | MSG_CMSG_CLOEXEC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return got == sizeof(*m) ? 1 : -1;
}

static int take_canvas(rfbScreenInfoPtr rfb, int fd)
{
	struct canvas old = canvas;

	if (canvas_attach(&canvas, fd))
		return -1;
	rfbNewFramebuffer(rfb, (char *)canvas.pixels, canvas.head->width,
			  canvas.head->height, 8, 3, 4);
	use_canvas(rfb);
	canvas_drop(&old);
	return 0;
}

static int parent_messages(rfbScreenInfoPtr rfb)
{
	struct viewer_message m;
	int ret, fd;

	ret = receive(&m, &fd, MSG_DONTWAIT);
	if (ret <= 0)
		return ret;
	if (m.type == VIEWER_CANVAS && fd >= 0)
		ret = take_canvas(rfb, fd);
	else
		mark_damage(rfb);
	m.type = VIEWER_READY;
	tell(&m);
	return ret;
}

/* What there is to know before a client can be answered. */
static int first_messages(void)
{
	struct viewer_message m;
	int fd;

	while (receive(&m, &fd, 0) > 0) {
		if (m.type == VIEWER_PASSWORD)
			memcpy(password, m.password, sizeof(password) - 1);
		if (m.type == VIEWER_CANVAS && fd >= 0) {
			m.type = VIEWER_READY;
			tell(&m);
			return canvas_attach(&canvas, fd);
		}
	}
	return -1;
}

/* ---- the process ---- */

/* Whoever guesses gets one try a second and connection. */
static rfbBool check_password(rfbClientPtr cl, const char *answer, int len)
{
	if (rfbCheckPasswordByList(cl, answer, len))
		return TRUE;
	fprintf(stderr, "<4>%s: a viewer's password is wrong\n",
		cl->screen->desktopName);
	sleep(1);
	return FALSE;
}

/*
 * For passwords and browsers libvncserver may use libgcrypt, and leaves it to the program
 * to set that up: else it has a warning in the journal for each viewer.
 */
static void crypt_init(void)
{
	const char *(*check)(const char *version);

	check = (const char *(*)(const char *))dlsym(RTLD_DEFAULT, "gcry_check_version");
	if (check)
		check(NULL);
}

static rfbScreenInfoPtr screen_new(const char *title)
{
	rfbScreenInfoPtr rfb;
	int argc = 0;

	rfb = rfbGetScreen(&argc, NULL, canvas.head->width, canvas.head->height,
			   8, 3, 4);
	if (!rfb)
		return NULL;
	rfb->frameBuffer = (char *)canvas.pixels;
	rfb->desktopName = title;
	rfb->autoPort = FALSE;
	rfb->port = -1;
	rfb->ipv6port = -1;
	rfb->alwaysShared = TRUE;
	rfb->cursor = NULL;
	/* a picture is marked whole, there is nothing to wait for */
	rfb->deferUpdateTime = 0;
	rfb->maxClientWait = SEND_PATIENCE_MS;
	rfb->kbdAddEvent = on_keysym;
	rfb->ptrAddEvent = on_pointer;
	rfb->setDesktopSizeHook = on_resize;
	if (*password) {
		rfb->authPasswdData = passwords;
		rfb->passwordCheck = check_password;
	}
	use_canvas(rfb);
	rfbRegisterProtocolExtension(&keys_extension);
	rfbInitServer(rfb);
	return rfb;
}

/**
 * viewer_main - serve the client at VIEWER_CLIENT until it goes
 * @title: of the screen
 *
 * Return: an exit status.
 */
int viewer_main(const char *title)
{
	struct pollfd p[2] = {
		{ .fd = VIEWER_CLIENT, .events = POLLIN },
		{ .fd = VIEWER_PARENT, .events = POLLIN },
	};
	rfbScreenInfoPtr rfb;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	/* its sentences are not for the journal */
	rfbLogEnable(0);
	crypt_init();
	if (first_messages())
		return 1;
	rfb = screen_new(title);
	if (!rfb || !rfbNewClient(rfb, VIEWER_CLIENT))
		return 1;
	while (rfb->clientHead) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (p[1].revents && parent_messages(rfb) < 0)
			break;
		rfbProcessEvents(rfb, 0);
	}
	return 0;
}
