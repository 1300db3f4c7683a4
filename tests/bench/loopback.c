/* SPDX-License-Identifier: MIT */
#include "loopback.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 64,
	CHUNK_BYTES = 1024 * 1024,
	HEAD_BYTES = 256,
};

struct client {
	struct loopback_request request;
	bool is_reading; /* a body */
};

struct server {
	const struct loopback_handler *handler;
	struct pollfd fds[CLIENTS_MAX + 1]; /* the first one listens */
	struct client clients[CLIENTS_MAX + 1];
	size_t count;
	char chunk[CHUNK_BYTES + 1];
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "loopback: %s\n", what);
	exit(1);
}

/* The sockets block, so that what is written is written whole. */
static void
answer(const struct loopback_handler *handler, struct client *client, int fd)
{
	struct slice body = handler->end(handler->context, &client->request);
	char head[HEAD_BYTES];
	int len = snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    body.len);
	struct iovec parts[] = { { head, (size_t)len }, { (void *)(uintptr_t)body.data, body.len } };

	if (writev(fd, parts, 2) != (ssize_t)((size_t)len + body.len))
		die("the reply cannot be written");
	client->request = (struct loopback_request){ .left = 0 };
	client->is_reading = false;
}

/* How much of the bytes is the head. */
static size_t
begin(const struct loopback_handler *handler, struct client *client, char *data)
{
	char *end = strstr(data, "\r\n\r\n");
	char *length = strcasestr(data, "\r\nContent-Length:");
	size_t len;

	if (!end)
		die("a head did not come in one piece");
	len = (size_t)(end + 4 - data);
	client->request.head = slice_make(data, len);
	if (length && length < end)
		client->request.left = strtoull(length + strlen("\r\nContent-Length:"), NULL, 10);
	client->is_reading = true;
	if (handler->begin)
		handler->begin(handler->context, &client->request);
	client->request.head = slice_make(NULL, 0);
	return len;
}

static void
take(const struct loopback_handler *handler, struct client *client, int fd, char *data, size_t len)
{
	size_t head_len = 0;

	data[len] = '\0';
	if (!client->is_reading)
		head_len = begin(handler, client, data);
	len -= head_len;
	if (len > client->request.left)
		die("a request came before the reply to the last one");
	client->request.left -= len;
	if (len && handler->take)
		handler->take(handler->context, &client->request, slice_make(data + head_len, len));
	if (!client->request.left)
		answer(handler, client, fd);
}

/* poll(2) passes over what is -1. */
static void
receive(struct server *s, size_t i)
{
	ssize_t len = read(s->fds[i].fd, s->chunk, CHUNK_BYTES);

	if (len > 0) {
		take(s->handler, &s->clients[i], s->fds[i].fd, s->chunk, (size_t)len);
		return;
	}
	(void)close(s->fds[i].fd);
	s->fds[i].fd = -1;
}

static void
welcome(struct server *s)
{
	size_t i = 1;

	while (i < s->count && s->fds[i].fd >= 0)
		i++;
	if (i > CLIENTS_MAX)
		die("too many connections");
	if (i == s->count)
		s->count++;
	s->clients[i] = (struct client){ .is_reading = false };
	s->fds[i] = (struct pollfd){ .fd = accept(s->fds[0].fd, NULL, NULL), .events = POLLIN };
}

void
loopback_serve(int listener, const struct loopback_handler *handler)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		die("out of memory");
	s->handler = handler;
	s->fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	s->count = 1;
	for (;;) {
		if (poll(s->fds, s->count, -1) < 0)
			die("cannot poll");
		for (size_t i = 1; i < s->count; i++) {
			if (s->fds[i].revents)
				receive(s, i);
		}
		if (s->fds[0].revents)
			welcome(s);
	}
}

int
loopback_listen(int *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, CLIENTS_MAX) ||
	    getsockname(fd, (struct sockaddr *)&address, &len)) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	*ret_port = ntohs(address.sin_port);
	return fd;
}
