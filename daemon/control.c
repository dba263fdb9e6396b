/* SPDX-License-Identifier: Apache-2.0 */
/* See control.h. */
#include "control.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "log.h"
#include "scope.h"

#define CLIENTS_MAX 64
#define MESSAGE_MAX (64u << 10)
#define CHANGER_MESSAGE_MAX (4u << 20)
#define WAITING_MAX (256u << 10) /* of events */
#define ANSWER_MAX (16u << 20)
#define GROUPS_MAX 256
#define READ_SIZE (64u << 10)
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

struct bytes {
	char *data;
	size_t len, size;
};

struct client {
	struct control *control;
	struct loop_source *source;
	int fd;
	int process; /* pidfd of who connected; -1: not to be told */
	bool may_change, may_read;
	bool dead;	/* freed by whoever called */
	bool is_ending; /* once all is sent */
	bool is_oneway; /* what it asked last */
	bool follows;
	struct filter filter;
	long long sent; /* events */
	unsigned long long lost;
	struct bytes in, out;
};

struct control {
	struct loop *loop;
	struct loop_source *source;
	int fd;
	gid_t group;
	const struct history *history;
	control_call_fn *fn;
	void *data;
	struct client *clients[CLIENTS_MAX];
	size_t n;
	unsigned long long lost;
};

static int bytes_add(struct bytes *bytes, const void *data, size_t len, size_t max)
{
	size_t size = bytes->size ? bytes->size : 4096;
	char *grown;

	if (bytes->len + len > max)
		return -EFBIG;
	while (size < bytes->len + len)
		size *= 2;
	if (size != bytes->size) {
		grown = realloc(bytes->data, size);
		if (!grown)
			return -ENOMEM;
		bytes->data = grown;
		bytes->size = size;
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	return 0;
}

static void bytes_cut(struct bytes *bytes, size_t len)
{
	bytes->len -= len;
	memmove(bytes->data, bytes->data + len, bytes->len);
	if (bytes->len || bytes->size <= READ_SIZE)
		return;
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

bool client_may_change(const struct client *client)
{
	return client->may_change;
}

int client_process(const struct client *client)
{
	return client->process;
}

/* Sends what there is; the rest goes when there is place for it. */
static void flush(struct client *client)
{
	while (client->out.len) {
		ssize_t n = send(client->fd, client->out.data, client->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			client->dead = true;
		if (n < 0)
			break;
		bytes_cut(&client->out, (size_t)n);
	}
	if (!client->out.len && client->is_ending)
		client->dead = true;
	if (!client->dead)
		loop_change(client->control->loop, client->source,
			    client->out.len ? EPOLLOUT : EPOLLIN | EPOLLRDHUP);
}

/* Takes @message. */
static void answer(struct client *client, json_t *message)
{
	_cleanup_free_ char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (client->is_oneway)
		return;
	/* An answer that is lost would be waited for. */
	if (!text || bytes_add(&client->out, text, strlen(text) + 1, ANSWER_MAX) < 0)
		client->dead = true;
}

void client_reply(struct client *client, json_t *parameters)
{
	answer(client, varlink_reply(parameters, false));
}

void client_error(struct client *client, const char *error, json_t *parameters)
{
	answer(client, varlink_error(error, parameters));
}

/* Says what was lost, once there is place to say it. */
static void tell_lost(struct client *client)
{
	char text[96];

	if (!client->lost || client->out.len || client->dead)
		return;
	snprintf(text, sizeof(text), "{\"continues\":true,\"parameters\":{\"lost\":%llu}}",
		 client->lost);
	if (bytes_add(&client->out, text, strlen(text) + 1, WAITING_MAX) == 0)
		client->lost = 0;
}

static void send_event(struct client *client, const char *event)
{
	bool is_last = client->filter.limit && client->sent + 1 >= client->filter.limit;
	_cleanup_free_ char *text = NULL;
	int len = asprintf(&text, "{\"parameters\":{\"event\":%s}%s}", event,
			   is_last ? "" : ",\"continues\":true");

	if (len < 0)
		text = NULL;
	if (!text || bytes_add(&client->out, text, (size_t)len + 1, WAITING_MAX) < 0) {
		client->lost++;
		client->control->lost++;
		return;
	}
	client->sent++;
	if (is_last) {
		client->follows = false;
		filter_done(&client->filter);
	}
}

static void send_history(struct client *client)
{
	const char *text;
	long long time;

	for (size_t i = 0;
	     client->follows && (text = history_at(client->control->history, i, &time)); i++) {
		_cleanup_json_ json_t *event = NULL;

		if (client->filter.since < 0 || time < client->filter.since)
			continue;
		event = json_loads(text, 0, NULL);
		if (event && filter_match(&client->filter, event))
			send_event(client, text);
	}
}

void client_follow(struct client *client, struct filter *filter)
{
	client->filter = *filter;
	client->follows = true;
	client->sent = 0;
	*filter = (struct filter){ 0 };
	send_history(client);
}

static void client_free(struct client *client)
{
	struct control *control = client->control;

	for (size_t i = 0; i < control->n; i++)
		if (control->clients[i] == client) {
			control->clients[i] = control->clients[--control->n];
			break;
		}
	loop_remove(control->loop, client->source);
	close(client->fd);
	scope_close(&client->process);
	filter_done(&client->filter);
	free(client->in.data);
	free(client->out.data);
	free(client);
}

void control_publish(struct control *control, const json_t *event, const char *text)
{
	for (size_t i = control->n; i-- > 0;) {
		struct client *client = control->clients[i];

		if (!client->follows || !filter_match(&client->filter, event))
			continue;
		tell_lost(client);
		send_event(client, text);
		flush(client);
		if (client->dead)
			client_free(client);
	}
}

size_t control_clients(const struct control *control)
{
	return control->n;
}

unsigned long long control_lost(const struct control *control)
{
	return control->lost;
}

static void handle(struct client *client, const char *text, size_t len)
{
	struct varlink_call call;
	int r = varlink_parse(text, len, &call);

	if (r < 0) {
		client->dead = true;
		return;
	}
	client->is_oneway = call.oneway;
	if (client->may_read)
		client->control->fn(client, &call, client->control->data);
	else
		client_error(client, "org.varlink.service.PermissionDenied", NULL);
	client->is_oneway = false;
	varlink_done(&call);
}

/* Whole messages, as long as nothing waits for the client to read it. */
static void work(struct client *client)
{
	char *end;

	while (!client->dead && !client->out.len && !client->follows && client->in.len &&
	       (end = memchr(client->in.data, '\0', client->in.len))) {
		size_t len = (size_t)(end - client->in.data);

		handle(client, client->in.data, len);
		bytes_cut(&client->in, len + 1);
		if (client->out.len)
			flush(client);
	}
}

static void read_some(struct client *client)
{
	size_t max = client->may_change ? CHANGER_MESSAGE_MAX : MESSAGE_MAX;
	char buffer[READ_SIZE];
	ssize_t n = recv(client->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client->dead = true;
		return;
	}
	if (bytes_add(&client->in, buffer, (size_t)n, max) == 0)
		return;
	client_error(client, "io.karmor.TooLarge", json_pack("{s:I}", "most", (json_int_t)max));
	client->is_ending = true;
	client->in.len = 0;
}

static void on_client(uint32_t events, void *data)
{
	struct client *client = data;

	if (events & EPOLLIN && !client->is_ending)
		read_some(client);
	else if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		client->dead = true;
	work(client);
	if (!client->dead)
		flush(client);
	if (!client->dead && client->follows) {
		tell_lost(client);
		flush(client);
	}
	work(client);
	if (client->dead)
		client_free(client);
}

static bool is_in_group(int fd, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (group == (gid_t)-1)
		return false;
	if (primary == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

/*
 * Before 6.5 by number, which may be another's since: only where it connected and was gone before
 * it was accepted.
 */
static int process_of(int fd, pid_t pid)
{
	socklen_t size = sizeof(int);
	int process = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0)
		return process;
	return errno == ENOPROTOOPT && pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

/* As it was when it connected. */
static int credentials(struct client *client)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	client->process = process_of(client->fd, peer.pid);
	client->may_change = peer.uid == 0 || peer.uid == geteuid();
	client->may_read =
		client->may_change || is_in_group(client->fd, peer.gid, client->control->group);
	return 0;
}

static void client_new(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->fd = fd;
	client->process = -1;
	control->clients[control->n++] = client;
	if (credentials(client) < 0 || loop_add(control->loop, fd, EPOLLIN | EPOLLRDHUP, on_client,
						client, &client->source) < 0)
		client_free(client);
}

static void on_connect(uint32_t events, void *data)
{
	struct control *control = data;
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (control->n < CLIENTS_MAX) {
		client_new(control, fd);
		return;
	}
	log_tell(LOG_CAUTION, "more than %d clients: one is turned away", CLIENTS_MAX);
	close(fd);
}

int control_open(struct loop *loop, int fd, gid_t group, const struct history *history,
		 control_call_fn *fn, void *data, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	*control = (struct control){
		.loop = loop, .fd = fd, .group = group, .history = history, .fn = fn, .data = data
	};
	r = loop_add(loop, fd, EPOLLIN, on_connect, control, &control->source);
	if (r < 0)
		free(control);
	else
		*ret = control;
	return r;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->n)
		client_free(control->clients[0]);
	loop_remove(control->loop, control->source);
	close(control->fd);
	free(control);
}

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	return 0;
}

/* Removes a socket that nobody listens at. */
static int make_way(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int control_listen(const char *path, gid_t group)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	mode_t mask;
	int r = address_of(path, &address);

	if (fd < 0)
		return -errno;
	if (r == 0)
		r = make_way(&address);
	if (r < 0)
		return r;
	/* Nobody gets in before it is whose it is to be. */
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (group != (gid_t)-1 && (chown(path, (uid_t)-1, group) < 0 || chmod(path, 0660) < 0))
		return -errno;
	return listen(fd, CLIENTS_MAX) < 0 ? -errno : TAKE_FD(fd);
}
