/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes over karmord's socket and on an OCI hook's standard input: a message is a call or is
 * none, a filter answers about whatever event, a container's state gives parameters or none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "oci.h"
#include "varlink.h"
#include "workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_filter(json_t *parameters)
{
	struct filter filter;
	const char *wrong = NULL;

	if (filter_read(parameters, &filter, &wrong) < 0) {
		if (!wrong)
			abort();
		return;
	}
	/* What somebody asks for is an event, too. */
	(void)!filter_match(&filter, parameters);
	filter_done(&filter);
}

static void try_record(const json_t *parameters)
{
	struct workload *workload = NULL;
	json_t *record;

	if (workload_known(parameters, &workload) < 0)
		return;
	record = workload_record(workload);
	if (!record || !workload->name || !*workload->name)
		abort();
	json_decref(record);
	workload_free(workload);
}

static void try_state(const json_t *state, const json_t *config)
{
	json_t *workload = oci_workload(state, config);
	const char *labels = json_string_value(json_object_get(workload, "labels"));

	if (workload && (!labels || strchr(labels, ' ') || strchr(labels, '\n')))
		abort();
	json_decref(workload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct varlink_call call;
	/* Of its own, so that a sanitizer sees what is read behind its end. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (varlink_parse(text, size, &call) == 0) {
		if (!call.method || (call.parameters && !json_is_object(call.parameters)))
			abort();
		if (call.parameters) {
			try_filter(call.parameters);
			try_record(call.parameters);
			try_state(call.parameters, call.message);
		}
		varlink_done(&call);
	}
	free(text);
	return 0;
}
