/* SPDX-License-Identifier: Apache-2.0 */
/* See parse-text.h. */
#include "parse-text.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"

/* What YAML calls printable; libyaml stops at anything else without saying where on the line. */
static bool is_printable(const char *text, size_t len)
{
	unsigned char c = (unsigned char)text[0], d = len > 1 ? (unsigned char)text[1] : 0;

	if (len == 1)
		return c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n' || c == '\r';
	if (len == 2)
		return c != 0xc2 || d >= 0xa0 || d == 0x85;
	if (len == 3)
		return memcmp(text, "\xef\xbf\xbe", 3) != 0 && memcmp(text, "\xef\xbf\xbf", 3) != 0;
	return true;
}

static struct place place_of(const struct source *source, size_t offset)
{
	struct place place = { .source = source, .line = 1, .column = 1, .width = 1 };

	for (size_t at = 0; at < offset;) {
		size_t n = utf8_length(source->text + at, source->len - at);

		place.column++;
		if (source->text[at] == '\n') {
			place.line++;
			place.column = 1;
		}
		at += n ? n : 1;
	}
	return place;
}

static void tell(const struct source *source, size_t offset, size_t n, struct faults *faults)
{
	struct place place = place_of(source, offset);
	unsigned char c = (unsigned char)source->text[offset];
	const char *utf16 = NULL;

	if (offset == 0 && (c == 0xff || c == 0xfe))
		utf16 = "iconv -f UTF-16 -t UTF-8";
	if (n == 0)
		fault_error(faults, &place, utf16, "byte 0x%02x is not UTF-8: this is no text file",
			    c);
	else if (c == 0)
		fault_error(faults, &place, NULL, "NUL byte: this is no text file");
	else
		fault_error(faults, &place, NULL, "control character in the text");
}

int text_check(const struct source *source, struct faults *faults)
{
	for (size_t at = 0; at < source->len;) {
		size_t n = utf8_length(source->text + at, source->len - at);

		if (n == 0 || !is_printable(source->text + at, n)) {
			tell(source, at, n, faults);
			return -EINVAL;
		}
		at += n;
	}
	return 0;
}

/* Where to point: where hope was given up, or where the construct begins. */
enum where {
	PROBLEM,
	CONTEXT,
};

enum when {
	EVER,
	AT_END,	 /* only when the document has ended */
	IN_LINE, /* only when something stands before it on the line */
};

/* A problem of libyaml's that deserves plainer words. */
static const struct {
	const char *problem, *context; /* how they begin; NULL: any */
	const char *text, *fix;
	enum where where;
	enum when when;
} plainer[] = {
	{ "found unexpected end of stream", "while scanning a quoted", "quote is not closed",
	  "close it", CONTEXT, EVER },
	{ "found unexpected document indicator", "while scanning a quoted", "quote is not closed",
	  "close it", CONTEXT, EVER },
	{ "did not find expected ',' or ']'", NULL, "\"[\" is not closed", NULL, CONTEXT, AT_END },
	{ "did not find expected ',' or '}'", NULL, "\"{\" is not closed", NULL, CONTEXT, AT_END },
	{ "did not find expected ',' or ']'", NULL, "expected \",\" or \"]\" here", NULL, PROBLEM,
	  EVER },
	{ "did not find expected ',' or '}'", NULL, "expected \",\" or \"}\" here", NULL, PROBLEM,
	  EVER },
	{ "could not find expected ':'", "while scanning a simple key",
	  "expected \":\" after this key", NULL, CONTEXT, EVER },
	{ "mapping values are not allowed", NULL, "\":\" cannot stand here",
	  "quote a value that holds \": \", or mend the indentation", PROBLEM, EVER },
	{ "block sequence entries are not allowed", NULL, "\"-\" cannot stand here",
	  "begin the list on a line of its own", PROBLEM, EVER },
	{ "did not find expected", "while parsing a block", "the value has ended before this",
	  "quote the whole value", PROBLEM, IN_LINE },
	{ "did not find expected key", "while parsing a block mapping",
	  "expected a key here: the indentation fits none above", NULL, PROBLEM, EVER },
	{ "did not find expected '-' indicator", NULL,
	  "expected \"-\" here: the indentation fits no list above", NULL, PROBLEM, EVER },
	{ "did not find expected <document start>", NULL,
	  "the document should have ended before this",
	  "mend the indentation, or begin a new document with \"---\"", PROBLEM, EVER },
	{ "found unknown escape character", NULL, "unknown escape in a quoted text",
	  "write \"\\\\\" for a backslash, or use single quotes", PROBLEM, EVER },
	{ "did not find expected alphabetic", "while scanning an alias",
	  "an unquoted \"*\" begins an alias", "quote the value", CONTEXT, EVER },
	{ "did not find expected alphabetic", "while scanning an anchor",
	  "an unquoted \"&\" begins an anchor", "quote the value", CONTEXT, EVER },
	{ "found invalid Unicode character", NULL, "this escape is no character",
	  "write the character itself, or \\U and its eight digits", PROBLEM, EVER },
	{ "did not find expected node content", NULL, "the text ends within \"[\" or \"{\"",
	  "close it", CONTEXT, AT_END },
	{ "found incompatible YAML document", NULL, "this version of YAML is not known",
	  "remove the line", PROBLEM, EVER },
	{ "found a tab character", NULL, "tab cannot indent", "use spaces", PROBLEM, EVER },
};

static bool begins(const char *text, const char *with)
{
	return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

/* The text from where libyaml stumbled. */
static const char *rest(const yaml_parser_t *yaml, const struct source *source, size_t at)
{
	for (size_t i = 0; i < yaml->problem_mark.index && at < source->len; i++) {
		size_t n = utf8_length(source->text + at, source->len - at);

		at += n ? n : 1;
	}
	return source->text + at;
}

/* Whether there is more than indentation before @at on its line. */
static bool is_in_line(const struct source *source, const char *at)
{
	while (at > source->text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at > source->text && at[-1] != '\n' && at[-1] != '\r';
}

void text_fault(const yaml_parser_t *yaml, const struct source *source, size_t base,
		struct text_fault *ret)
{
	const char *problem = yaml->problem ? yaml->problem : "not YAML";
	const char *left = rest(yaml, source, base);
	bool ended = left[strspn(left, " \t\r\n")] == '\0' || strncmp(left, "---", 3) == 0;

	*ret = (struct text_fault){ .problem = problem,
				    .context = yaml->context,
				    .at = yaml->problem_mark.index };
	if (begins(problem, "found character that cannot start")) {
		bool is_tab = *left == '\t';

		ret->problem = is_tab ? "tab cannot indent" : "this character cannot begin a value";
		ret->fix = is_tab ? "use spaces" : "quote the value";
		ret->context = NULL;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(plainer); i++) {
		if (!begins(problem, plainer[i].problem) ||
		    !begins(yaml->context, plainer[i].context) ||
		    (plainer[i].when == AT_END && !ended) ||
		    (plainer[i].when == IN_LINE && !is_in_line(source, left)))
			continue;
		ret->problem = plainer[i].text;
		ret->fix = plainer[i].fix;
		ret->context = NULL;
		if (plainer[i].where == CONTEXT)
			ret->at = yaml->context_mark.index;
		return;
	}
}
