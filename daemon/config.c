/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See config.h. libyaml's documents know where each node begins; the table of keys is all there is
 * to know of the language.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <karmor/karmor.h>

#include "address.h"
#include "config-read.h"
#include "log.h"
#include "scope.h"

#define FILE_SIZE_MIN 4096u
#define FILE_SIZE_MAX (1ull << 40)
#define FILE_SIZE (16u << 20)
#define FILE_COUNT_MAX 99u
#define FILE_COUNT 4u

enum kind {
	TEXT,
	PATH,
	FLAG,
	WORDS,
	HOOK,
	POSTURE,
	SIZE,
	COUNT,
	ADDRESS,
	UNITS,
	WAYS,
	LABELS,
};

#define KEY(name_, kind_, member, preset_)                                                         \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct config, member),       \
		.preset = (preset_)                                                                \
	}

static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *preset;
} keys[] = {
	KEY("audit", FLAG, audit, NULL),
	KEY("backends", WORDS, backends, NULL),
	KEY("bestEffort", FLAG, best_effort, NULL),
	KEY("eventFile", PATH, event_file, NULL),
	KEY("eventFileCount", COUNT, event_file_count, NULL),
	KEY("eventFileSize", SIZE, event_file_size, NULL),
	KEY("eventJournal", FLAG, event_journal, NULL),
	KEY("eventOutput", FLAG, event_output, NULL),
	KEY("group", TEXT, group, "karmor"),
	KEY("hookFailure", HOOK, hook_starts, NULL),
	KEY("metrics", ADDRESS, metrics, NULL),
	KEY("nodeLabels", LABELS, node_labels, NULL),
	KEY("policies", PATH, policies, "/etc/karmor/policies.d"),
	KEY("posture", POSTURE, posture, NULL),
	KEY("runtime", PATH, runtime, "/run/karmor"),
	KEY("socket", PATH, socket, CONFIG_SOCKET),
	KEY("state", PATH, state, "/var/lib/karmor"),
	KEY("units", UNITS, units, NULL),
	KEY("waysBack", WAYS, ways_back, NULL),
};

void config_fault(struct reading *reading, const yaml_mark_t *mark, const char *fix,
		  const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_tell(LOG_FAULT, "%s:%zu:%zu: %s%s%s", reading->path, mark->line + 1, mark->column + 1,
		 text, fix ? "; fix: " : "", fix ? fix : "");
	if (reading->result == 0)
		reading->result = -EINVAL;
}

const char *config_scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static void *member(struct config *config, const struct key *key)
{
	return (char *)config + key->offset;
}

static int set_text(char **at, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

static void take_text(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	const char *text = config_scalar(node);

	if (!text || !*text)
		config_fault(reading, &node->start_mark, NULL, "\"%s\" is one word of text",
			     key->name);
	else if (key->kind == PATH && *text != '/')
		config_fault(reading, &node->start_mark, "begin it with \"/\"",
			     "\"%s\" is an absolute path, not \"%s\"", key->name, text);
	else if (strlen(text) != node->data.scalar.length)
		config_fault(reading, &node->start_mark, NULL, "\"%s\" has a NUL in it", key->name);
	else if (set_text(member(reading->config, key), text) < 0)
		reading->result = -ENOMEM;
}

/* Digits, and K, M or G where it is a size. 0 or -EINVAL. */
static int number(const char *text, bool is_size, uint64_t *ret)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	uint64_t value = 0;

	if (digits == 0 || digits > 12 || (text[digits] && (!is_size || !unit || text[digits + 1])))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	*ret = unit ? value << (10 * (unit - units + 1)) : value;
	return 0;
}

static void take_number(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	bool is_size = key->kind == SIZE;
	const char *text = config_scalar(node);
	uint64_t value;

	if (!text || number(text, is_size, &value) < 0 || value < (is_size ? FILE_SIZE_MIN : 1) ||
	    value > (is_size ? FILE_SIZE_MAX : FILE_COUNT_MAX))
		config_fault(reading, &node->start_mark, is_size ? "4K to 1024G" : "1 to 99",
			     "\"%s\" cannot be \"%s\"", key->name, text ? text : "a collection");
	else
		*(uint64_t *)member(reading->config, key) = value;
}

/* Other machines are none of its readers. */
static void take_address(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	const char *text = config_scalar(node);
	union loopback address;
	socklen_t size;

	if (!text || address_parse(text, &address, &size) < 0)
		config_fault(reading, &node->start_mark, "127.0.0.1:9464 or \"[::1]:9464\"",
			     "\"%s\" is a loopback address with its port, not \"%s\"", key->name,
			     text ? text : "a collection");
	else
		take_text(reading, key, node);
}

/* Two words, of which @yes is true. */
static void take_choice(struct reading *reading, const struct key *key, const yaml_node_t *node,
			const char *no, const char *yes)
{
	const char *text = config_scalar(node);
	char fix[64];

	snprintf(fix, sizeof(fix), "%s or %s", no, yes);
	if (text && (strcmp(text, yes) == 0 || strcmp(text, no) == 0))
		*(bool *)member(reading->config, key) = strcmp(text, yes) == 0;
	else
		config_fault(reading, &node->start_mark, fix, "\"%s\" cannot be \"%s\"", key->name,
			     text ? text : "a collection");
}

/* The library knows what a posture is; a ruleset of nothing asks it. */
static void take_posture(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	struct karmor_policies *none = NULL;
	struct karmor_ruleset *set = NULL;
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .posture = config_scalar(node));

	if (karmor_policies_new(&none) < 0)
		reading->result = -ENOMEM;
	else if (!subject.posture || karmor_ruleset_new(none, &subject, &set, NULL) < 0)
		config_fault(
			reading, &node->start_mark, "file=block,network=audit,capabilities=audit",
			"\"%s\" is no list of postures", subject.posture ? subject.posture : "?");
	else
		take_text(reading, key, node);
	karmor_ruleset_free(set);
	karmor_policies_free(none);
}

static void words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

/* One name, or several that enforce together: "apparmor,bpf". Complains where it is neither. */
static bool take_backends(struct reading *reading, const yaml_node_t *node, const char *text)
{
	_cleanup_free_ char *names = strdup(text);
	char *left = names, *name;
	size_t n = 0;

	if (!names)
		reading->result = -ENOMEM;
	while ((name = strsep(&left, ","))) {
		const struct karmor_backend *backend = karmor_backend_find(name);
		char *again = left ? strstr(left, name) : NULL;

		if (!backend)
			config_fault(reading, &node->start_mark, "bpf, apparmor, selinux or null",
				     "no backend \"%s\" is built into this karmord", name);
		else if ((left || n) && !karmor_backend_enforces(backend))
			config_fault(reading, &node->start_mark, "put it in a line of its own",
				     "\"%s\" enforces nothing beside another backend", name);
		else if (again)
			config_fault(reading, &node->start_mark, "name each backend once",
				     "\"%s\" is named twice", name);
		if (!backend || again)
			return false;
		n++;
	}
	return n;
}

static void take_words(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	size_t n = 0;
	char **words;

	if (node->type != YAML_SEQUENCE_NODE ||
	    node->data.sequence.items.start == node->data.sequence.items.top) {
		config_fault(reading, &node->start_mark, "[bpf]", "\"%s\" is a list of names",
			     key->name);
		return;
	}
	words = calloc((size_t)(node->data.sequence.items.top - node->data.sequence.items.start) +
			       1,
		       sizeof(*words));
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     words && item < node->data.sequence.items.top; item++) {
		const yaml_node_t *each = yaml_document_get_node(&reading->document, *item);
		const char *text = config_scalar(each);

		if (!take_backends(reading, each, text ? text : "?"))
			continue;
		if (!(words[n++] = strdup(text)))
			break;
	}
	if (!words || (n && !words[n - 1])) {
		words_free(words);
		reading->result = -ENOMEM;
		return;
	}
	words_free(reading->config->backends);
	reading->config->backends = words;
}

static void take(struct reading *reading, const struct key *key, const yaml_node_t *node)
{
	switch (key->kind) {
	case FLAG:
		take_choice(reading, key, node, "false", "true");
		break;
	case HOOK:
		take_choice(reading, key, node, "refuse", "start");
		break;
	case WORDS:
		take_words(reading, key, node);
		break;
	case POSTURE:
		take_posture(reading, key, node);
		break;
	case SIZE:
	case COUNT:
		take_number(reading, key, node);
		break;
	case UNITS:
		config_take_units(reading, node);
		break;
	case WAYS:
		config_take_ways(reading, node);
		break;
	case LABELS:
		config_take_labels(reading, node);
		break;
	case ADDRESS:
		take_address(reading, key, node);
		break;
	case TEXT:
	case PATH:
		take_text(reading, key, node);
		break;
	}
}

static void unknown(struct reading *reading, const yaml_node_t *node)
{
	char fix[512] = "one of";

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		strcat(fix, i ? ", " : " ");
		strcat(fix, keys[i].name);
	}
	config_fault(reading, &node->start_mark, fix, "unknown key \"%s\"",
		     config_scalar(node) ? config_scalar(node) : "?");
}

static void read_pair(struct reading *reading, const yaml_node_pair_t *pair)
{
	const yaml_node_t *name = yaml_document_get_node(&reading->document, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&reading->document, pair->value);

	for (size_t i = 0; config_scalar(name) && i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, config_scalar(name)) != 0)
			continue;
		if (reading->seen & 1ull << i)
			config_fault(reading, &name->start_mark, "remove one of them",
				     "\"%s\" is there twice", keys[i].name);
		reading->seen |= 1ull << i;
		take(reading, &keys[i], value);
		return;
	}
	unknown(reading, name);
}

static void read_document(struct reading *reading, yaml_parser_t *parser)
{
	const yaml_node_t *root;

	if (!yaml_parser_load(parser, &reading->document)) {
		config_fault(reading, &parser->problem_mark, NULL, "%s",
			     parser->problem ? parser->problem : "no YAML");
		return;
	}
	root = yaml_document_get_root_node(&reading->document);
	if (root && root->type == YAML_MAPPING_NODE)
		for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
		     pair < root->data.mapping.pairs.top; pair++)
			read_pair(reading, pair);
	else if (root && !(config_scalar(root) && !*config_scalar(root)))
		config_fault(reading, &root->start_mark, "key: value",
			     "a mapping of keys is wanted");
	yaml_document_delete(&reading->document);
}

static int preset(struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].preset && set_text(member(config, &keys[i]), keys[i].preset) < 0)
			return -ENOMEM;
	if (config_preset_ways(config) < 0)
		return -ENOMEM;
	config->event_file_size = FILE_SIZE;
	config->event_file_count = FILE_COUNT;
	while (karmor_backend_at(count))
		count++;
	config->backends = calloc(count + 1, sizeof(*config->backends));
	for (size_t i = 0, n = 0; config->backends && i < count; i++)
		if (karmor_backend_enforces(karmor_backend_at(i)) &&
		    !(config->backends[n++] = strdup(karmor_backend_name(karmor_backend_at(i)))))
			return -ENOMEM;
	return config->backends ? 0 : -ENOMEM;
}

static int read_file(struct config *config, const char *path, FILE *file)
{
	struct reading reading = { .path = path, .config = config };
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, file);
	read_document(&reading, &parser);
	yaml_parser_delete(&parser);
	return reading.result;
}

static int load(const char *path, struct config *config)
{
	FILE *file = fopen(path, "re");
	int r = file ? 0 : -errno;

	if (r == -ENOENT && strcmp(path, CONFIG_FILE) == 0)
		return 0;
	if (r == 0)
		r = read_file(config, path, file);
	else
		log_tell(LOG_FAULT, "cannot read \"%s\": %s", path, strerror(-r));
	if (file)
		fclose(file);
	return r;
}

int config_load(const char *path, struct config *ret)
{
	struct config config = { 0 };
	int r = preset(&config);

	if (r == 0)
		r = load(path, &config);
	if (r == -ENOMEM)
		log_tell(LOG_FAULT, "out of memory");
	if (r < 0)
		config_done(&config);
	else
		*ret = config;
	return r;
}

void config_done(struct config *config)
{
	words_free(config->backends);
	config_units_free(config);
	config_ways_free(config);
	free(config->node_labels);
	free(config->policies);
	free(config->state);
	free(config->runtime);
	free(config->socket);
	free(config->group);
	free(config->posture);
	free(config->event_file);
	free(config->metrics);
	*config = (struct config){ 0 };
}
