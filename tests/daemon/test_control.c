/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: what waits for a client is bounded, and what is lost is told exactly. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../daemon/control.h"
#include "../support.h"

#define EVENTS 5000
#define SOCKET "test_control.sock"

static struct loop *loop;
static struct history *history;
static struct control *control;
static struct loop_source *timer;
static long told, lost, messages;
static bool is_ended;

/* Lets the daemon's side do what there is to do. */
static void on_time(uint32_t events, void *data)
{
	loop_stop(loop);
}

static void call(struct client *client, const struct varlink_call *call, void *data)
{
	struct filter filter;
	const char *wrong = NULL;

	ck_assert_int_eq(filter_read(call->parameters, &filter, &wrong), 0);
	client_follow(client, &filter);
}

static void setup(void)
{
	int fd;

	unlink(SOCKET);
	fd = control_listen(SOCKET, (gid_t)-1);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(history_new(&history), 0);
	ck_assert_int_eq(control_open(loop, fd, (gid_t)-1, history, call, NULL, &control), 0);
	told = lost = messages = 0;
	is_ended = false;
}

static void teardown(void)
{
	control_close(control);
	history_free(history);
	loop_free(loop);
	unlink(SOCKET);
}

static void work(void)
{
	ck_assert_int_eq(loop_timer(loop, on_time, NULL, &timer), 0);
	loop_timer_set(timer, 20);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_remove(loop, timer);
}

static int follow(const char *parameters)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[512];
	int len = snprintf(text, sizeof(text), "{\"method\":\"x\",\"more\":true,\"parameters\":%s}",
			   parameters);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(send(fd, text, (size_t)len + 1, 0), len + 1);
	work();
	return fd;
}

static void count(const char *text)
{
	json_t *message = json_loads(text, 0, NULL);
	json_t *parameters = json_object_get(message, "parameters");

	ck_assert_ptr_nonnull(message);
	messages++;
	told += json_object_get(parameters, "event") != NULL;
	lost += (long)json_integer_value(json_object_get(parameters, "lost"));
	is_ended = !json_is_true(json_object_get(message, "continues"));
	json_decref(message);
}

/* Reads what has come, and what comes for it. */
static void read_all(int fd)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	for (int quiet = 0; quiet < 3;) {
		n = recv(fd, text + len, sizeof(text) - len, 0);
		if (n <= 0) {
			work();
			quiet++;
			continue;
		}
		quiet = 0;
		len += (size_t)n;
		for (char *end; (end = memchr(text, '\0', len));) {
			count(text);
			len -= (size_t)(end + 1 - text);
			memmove(text, end + 1, len);
		}
	}
	ck_assert_uint_eq(len, 0);
}

static void publish(int n, const char *source)
{
	char text[1024], pad[513] = "";
	json_t *event;

	memset(pad, 'x', sizeof(pad) - 1);
	snprintf(text, sizeof(text), "{\"Source\":\"%s\",\"Resource\":\"%s\"}", source, pad);
	event = json_loads(text, 0, NULL);
	for (int i = 0; i < n; i++)
		control_publish(control, event, text);
	json_decref(event);
}

START_TEST(who_reads_gets_all)
{
	int fd = follow("{}");

	for (int i = 0; i < 50; i++) {
		publish(20, "/bin/cat");
		read_all(fd);
	}
	ck_assert_int_eq(told, 1000);
	ck_assert_int_eq(lost, 0);
	close(fd);
}
END_TEST

START_TEST(who_does_not_read_is_told_what_was_lost)
{
	int slow = follow("{}");

	publish(EVENTS, "/bin/cat");
	read_all(slow);
	ck_assert_int_gt(told, 0);
	ck_assert_int_gt(lost, 0);
	ck_assert_int_eq(told + lost, EVENTS);
	publish(1, "/bin/cat");
	read_all(slow);
	ck_assert_int_eq(told + lost, EVENTS + 1);
	close(slow);
}
END_TEST

START_TEST(a_slow_reader_costs_no_other_anything)
{
	int slow = follow("{}"), quick = follow("{\"source\":\"*/sh\"}");

	publish(EVENTS, "/bin/cat");
	publish(10, "/bin/sh");
	read_all(quick);
	ck_assert_int_eq(told, 10);
	ck_assert_int_eq(lost, 0);
	close(slow);
	close(quick);
	work();
	ck_assert_uint_eq(control_clients(control), 0);
}
END_TEST

START_TEST(a_limit_ends_the_stream)
{
	int fd = follow("{\"limit\":3}");

	publish(5, "/bin/cat");
	read_all(fd);
	ck_assert_int_eq(told, 3);
	ck_assert(is_ended);
	close(fd);
}
END_TEST

START_TEST(what_was_is_told_to_who_asks)
{
	int fd;

	for (int i = 0; i < 2000; i++)
		history_add(history, i, "{\"Source\":\"/bin/cat\"}");
	fd = follow("{\"since\":1990}");
	read_all(fd);
	ck_assert_int_eq(told, 10);
	close(fd);
	fd = follow("{\"since\":0}");
	read_all(fd);
	ck_assert_int_eq(told, 10 + 1024);
	close(fd);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("control");
	TCase *tcase = tcase_create("control");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, who_reads_gets_all);
	tcase_add_test(tcase, who_does_not_read_is_told_what_was_lost);
	tcase_add_test(tcase, a_slow_reader_costs_no_other_anything);
	tcase_add_test(tcase, a_limit_ends_the_stream);
	tcase_add_test(tcase, what_was_is_told_to_who_asks);
	suite_add_tcase(s, tcase);
	return s;
}

int main(void)
{
	return support_run(suite());
}
