/* SPDX-License-Identifier: Apache-2.0 */
/* Where events go: what a sink cannot take is lost to it alone, and told exactly. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../daemon/address.h"
#include "../../daemon/http.h"
#include "../../daemon/sinks.h"
#include "../../daemon/text.h"
#include "../support.h"

#define DIRECTORY "test_sinks.d"
#define FILE_NAME DIRECTORY "/events.json"
#define JOURNAL DIRECTORY "/journal"

static struct loop *loop;
static struct config config;
static struct sinks *sinks;

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(system("rm -rf " DIRECTORY), 0);
	ck_assert_int_eq(mkdir(DIRECTORY, 0700), 0);
	ck_assert_int_eq(loop_new(&loop), 0);
	config = (struct config){ .event_file_size = 4096, .event_file_count = 2 };
}

static void teardown(void)
{
	sinks_close(sinks);
	sinks = NULL;
	loop_free(loop);
	ck_assert_int_eq(system("rm -rf " DIRECTORY), 0);
}

static void open_file_sink(void)
{
	static char name[] = FILE_NAME;

	config.event_file = name;
	ck_assert_int_eq(sinks_open(&config, loop, &sinks), 0);
}

/* An event with a number, of some 100 bytes. */
static void tell(int number)
{
	json_t *event = json_pack("{s:s, s:s, s:i}", "PolicyName", "block-shadow", "Resource",
				  "/etc/shadow, and a name that is as long as a line may be wide",
				  "Number", number);
	char *line = json_dumps(event, JSON_COMPACT);

	sinks_write(sinks, event, line);
	free(line);
	json_decref(event);
}

/* The lines of a file; each must be whole. The numbers of events must follow each other from @from;
 * returns the next. *lost: the sum of what was told as lost. */
static int follow(const char *name, int from, long long *lost)
{
	FILE *in = fopen(name, "re");
	char line[1024];

	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in)) {
		json_t *event = json_loads(line, 0, NULL), *told;

		ck_assert_msg(event != NULL, "torn: %s", line);
		told = json_object_get(event, "Lost");
		if (told) {
			*lost += json_integer_value(told);
			from += (int)json_integer_value(told);
		} else {
			ck_assert_int_eq(json_integer_value(json_object_get(event, "Number")),
					 from++);
		}
		json_decref(event);
	}
	fclose(in);
	return from;
}

START_TEST(rotates)
{
	long long lost = 0;
	struct stat st;
	int from;

	open_file_sink();
	for (int i = 0; i < 90; i++)
		tell(i);
	ck_assert_int_eq(stat(FILE_NAME, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_int_eq(stat(FILE_NAME ".1", &st), 0);
	ck_assert_int_le(st.st_size, 4096);
	ck_assert_int_ge(st.st_size, 3800);
	from = follow(FILE_NAME ".2", 0, &lost);
	from = follow(FILE_NAME ".1", from, &lost);
	ck_assert_int_eq(follow(FILE_NAME, from, &lost), 90);
	ck_assert_int_eq(lost, 0);
	for (int i = 90; i < 200; i++)
		tell(i);
	ck_assert_int_ne(access(FILE_NAME ".3", F_OK), 0);
	ck_assert_uint_eq(sinks_at(sinks, 0)->written, 200);
}
END_TEST

/* A path to which the number of a rotated file no longer fits: nothing else is written to, or lost
 * silently. */
START_TEST(too_long)
{
	static char name[PATH_MAX + 64] = "test_sinks.d";
	size_t len = strlen(name);
	struct stat st;

	/* Each step up and down again, so that the path is as long as open(2) takes. */
	while (len + strlen("/../test_sinks.d/events.json") < PATH_MAX - 1)
		len = (size_t)(stpcpy(name + len, "/../test_sinks.d") - name);
	while (len + strlen("/events.json") < PATH_MAX - 1)
		len = (size_t)(stpcpy(name + len, "/") - name);
	strcpy(name + len, "/events.json");
	ck_assert_uint_eq(strlen(name), PATH_MAX - 1);
	config.event_file = name;
	ck_assert_int_eq(sinks_open(&config, loop, &sinks), 0);
	for (int i = 0; i < 90; i++)
		tell(i);
	ck_assert_int_eq(stat(FILE_NAME, &st), 0);
	ck_assert_int_le(st.st_size, 4096);
	ck_assert_uint_gt(sinks_at(sinks, 0)->lost, 0);
	ck_assert_uint_eq(sinks_at(sinks, 0)->written + sinks_at(sinks, 0)->lost, 90);
	ck_assert_int_ne(access(FILE_NAME ".1", F_OK), 0);
}
END_TEST

/* The limit of a file's size stands for a disk that is full: a write is short, then none. */
START_TEST(full)
{
	struct rlimit was, small;
	long long lost = 0;

	config.event_file_size = 1u << 20;
	open_file_sink();
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 1000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 50; i++)
		tell(i);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	for (int i = 50; i < 60; i++)
		tell(i);
	ck_assert_int_eq(follow(FILE_NAME, 0, &lost), 60);
	ck_assert_int_ge(lost, 40);
	ck_assert_uint_eq(sinks_at(sinks, 0)->lost, (unsigned long long)lost);
	ck_assert_uint_eq(sinks_at(sinks, 0)->written, 60 - (unsigned long long)lost);
}
END_TEST

/* A link, another name or what is no file was put there by somebody. */
START_TEST(refuses)
{
	struct stat st;
	int fd = open(DIRECTORY "/precious", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	if (_i == 0)
		ck_assert_int_eq(symlink("precious", FILE_NAME), 0);
	else if (_i == 1)
		ck_assert_int_eq(link(DIRECTORY "/precious", FILE_NAME), 0);
	else
		ck_assert_int_eq(mkfifo(FILE_NAME, 0600), 0);
	open_file_sink();
	tell(1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_uint_eq(sinks_at(sinks, 0)->lost, 1);
	close(fd);
}
END_TEST

START_TEST(torn)
{
	FILE *out = fopen(FILE_NAME, "we");
	char line[64];

	ck_assert_ptr_nonnull(out);
	fputs("{\"Number\":0}\n{\"Numb", out);
	fclose(out);
	open_file_sink();
	tell(1);
	out = fopen(FILE_NAME, "re");
	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
	ck_assert_str_eq(line, "{\"Numb\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
	ck_assert_int_eq(strncmp(line, "{\"PolicyName\"", 13), 0);
	fclose(out);
}
END_TEST

START_TEST(renamed)
{
	long long lost = 0;

	open_file_sink();
	tell(0);
	ck_assert_int_eq(rename(FILE_NAME, FILE_NAME ".old"), 0);
	sinks_reopen(sinks);
	tell(1);
	ck_assert_int_eq(follow(FILE_NAME ".old", 0, &lost), 1);
	ck_assert_int_eq(follow(FILE_NAME, 1, &lost), 2);
}
END_TEST

/* The value of a field of an entry, of which each has its length; copied to @ret. */
static bool field(const char *data, size_t size, const char *name, char *ret)
{
	bool found = false;

	for (size_t at = 0; at < size;) {
		const char *end = memchr(data + at, '\n', size - at);
		size_t name_len = (size_t)(end - data) - at;
		uint64_t len;

		ck_assert_ptr_nonnull(end);
		ck_assert_uint_gt(name_len, 0);
		ck_assert_uint_eq(name_len, strspn(data + at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"));
		memcpy(&len, end + 1, sizeof(len));
		len = le64toh(len);
		if (name_len == strlen(name) && memcmp(data + at, name, name_len) == 0) {
			memcpy(ret, end + 9, len);
			ret[len] = '\0';
			found = true;
		}
		at += name_len + 9 + len;
		ck_assert_int_eq(data[at++], '\n');
	}
	return found;
}

START_TEST(journal)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char data[4096], value[1024];
	struct sink *sink;
	json_t *event =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:[s]}", "Action", "Block", "Operation",
			  "File", "Resource", "/etc/shadow\nPRIORITY=0\nMESSAGE=forged", "Source",
			  "/bin/cat", "PolicyName", "shadow", "HostPID", 7, "ATags", "MITRE");
	ssize_t n;

	ck_assert_int_eq(sink_journal_new(JOURNAL, &sink), 0);
	ck_assert_int_eq(sink->write(sink, event, "", 0), -ENOENT);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(sink->write(sink, event, "", 0), 0);
	n = recv(fd, data, sizeof(data), 0);
	ck_assert_int_gt(n, 0);
	ck_assert(field(data, (size_t)n, "MESSAGE", value));
	ck_assert_str_eq(value, "Block: File of /etc/shadow\nPRIORITY=0\nMESSAGE=forged by "
				"/bin/cat, shadow");
	ck_assert(field(data, (size_t)n, "PRIORITY", value));
	ck_assert_str_eq(value, "4");
	ck_assert(field(data, (size_t)n, "KARMOR_POLICY_NAME", value));
	ck_assert_str_eq(value, "shadow");
	ck_assert(field(data, (size_t)n, "KARMOR_HOST_PID", value));
	ck_assert_str_eq(value, "7");
	ck_assert(field(data, (size_t)n, "KARMOR_ATAGS", value));
	ck_assert_str_eq(value, "[\"MITRE\"]");
	/* One that does not read is not waited for. */
	while ((n = sink->write(sink, event, "", 0)) == 0)
		;
	ck_assert_int_eq(n, -EAGAIN);
	sink->close(sink);
	json_decref(event);
	close(fd);
}
END_TEST

/* A pipe that nobody reads takes some, what waits for it is bounded, and then events are lost. */
START_TEST(output)
{
	int ends[2];
	struct sink *sink;
	char line[1000];
	size_t taken = 0;
	int r;

	memset(line, 'x', sizeof(line));
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(sink_output_new(ends[1], loop, &sink), 0);
	ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	while ((r = sink->write(sink, NULL, line, sizeof(line))) == 0)
		taken += sizeof(line) + 1;
	ck_assert_int_eq(r, -EAGAIN);
	ck_assert_uint_ge(taken, 256u << 10);
	ck_assert_uint_le(taken, 2u << 20);
	for (int i = 0; r != 0 && i < 100; i++) {
		char buffer[4096];

		ck_assert_int_gt(read(ends[0], buffer, sizeof(buffer)), 0);
		r = sink->write(sink, NULL, line, sizeof(line));
	}
	ck_assert_int_eq(r, 0);
	close(ends[0]);
	ck_assert_int_eq(sink->write(sink, NULL, line, sizeof(line)), -EPIPE);
	sink->close(sink);
	close(ends[1]);
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *text;
		bool fine;
	} all[] = {
		{ "127.0.0.1:9464", true },
		{ "[::1]:1", true },
		{ "127.0.0.1:65535", true },
		{ "127.0.0.1:65536", false },
		{ "127.0.0.1:0", false },
		{ "127.0.0.1:", false },
		{ "127.0.0.1:+1", false },
		{ "127.0.0.1", false },
		{ "0.0.0.0:9464", false },
		{ "127.0.0.1:000001", false },
		{ "[::]:9464", false },
		{ "localhost:9464", false },
		{ "10.0.0.1:9464", false },
		{ "::1:9464", false },
		{ "", false },
	};
	union loopback address;
	socklen_t size;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ck_assert_msg((address_parse(all[i].text, &address, &size) == 0) == all[i].fine,
			      "\"%s\"", all[i].text);
}
END_TEST

START_TEST(requests)
{
	static const struct {
		const char *text;
		int status;
	} all[] = {
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
		{ "GET /metrics HTTP/1.0\r\n\r\n", 200 },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n", 0 },
		{ "GET /metrics/ HTTP/1.1\r\n\r\n", 404 },
		{ "GET /metrics?x=1 HTTP/1.1\r\n\r\n", 404 },
		{ "GET http://x/metrics HTTP/1.1\r\n\r\n", 404 },
		{ "GET / HTTP/1.1\r\n\r\n", 404 },
		{ "get /metrics HTTP/1.1\r\n\r\n", 405 },
		{ "HEAD /metrics HTTP/1.1\r\n\r\n", 405 },
		{ "POST /metrics HTTP/1.1\r\n\r\n", 405 },
		{ "GET /metrics HTTP/2.0\r\n\r\n", 505 },
		{ "GET /metrics HTTP/1.1 \r\n\r\n", 505 },
		{ "GET  /metrics HTTP/1.1\r\n\r\n", 400 },
		{ "GET /metrics\r\n\r\n", 400 },
		{ "\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nContent-length: 0\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\n folded: x\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nA: x\rB: y\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nA: x\nB: y\r\n\r\n", 400 },
	};
	static char long_one[HTTP_REQUEST_MAX];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int status = http_status(all[i].text, strlen(all[i].text));

		ck_assert_msg(status == all[i].status, "%s: %d", all[i].text, status);
	}
	memset(long_one, 'x', sizeof(long_one));
	ck_assert_int_eq(http_status(long_one, sizeof(long_one)), 431);
	ck_assert_int_eq(http_status(long_one, sizeof(long_one) - 1), 0);
}
END_TEST

/* Whatever is in it, a label's value ends at its quote, on its line. */
START_TEST(labels)
{
	static const struct {
		const char *value, *printed;
	} all[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "BPF-LSM, \303\244", "\"BPF-LSM, \303\244\"" },
		{ "a\"b", "\"a\\\"b\"" },
		{ "a\\b", "\"a\\\\b\"" },
		{ "ends\\", "\"ends\\\\\"" },
		{ "two\nlines\n", "\"two\\nlines\\n\"" },
		{ "\\n", "\"\\\\n\"" },
		{ "\r\t\033[m", "\"\\\\x0d\\\\x09\\\\x1b[m\"" },
		{ "\377\300\257 \355\240\200", "\"\\\\xff\\\\xc0\\\\xaf \\\\xed\\\\xa0\\\\x80\"" },
		{ "torn \303", "\"torn \\\\xc3\"" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		ck_assert_ptr_nonnull(out);
		text_print_label(out, all[i].value);
		ck_assert_int_eq(fclose(out), 0);
		ck_assert_str_eq(text, all[i].printed);
		free(text);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("sinks");
	TCase *tests = tcase_create("sinks");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, rotates);
	tcase_add_test(tests, too_long);
	tcase_add_test(tests, full);
	tcase_add_loop_test(tests, refuses, 0, 3);
	tcase_add_test(tests, torn);
	tcase_add_test(tests, renamed);
	tcase_add_test(tests, journal);
	tcase_add_test(tests, output);
	suite_add_tcase(s, tests);
	tests = tcase_create("http");
	tcase_add_test(tests, addresses);
	tcase_add_test(tests, requests);
	tcase_add_test(tests, labels);
	suite_add_tcase(s, tests);
	return s;
}

int main(void)
{
	return support_run(suite());
}
