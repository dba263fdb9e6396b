/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of questions from hostile bytes: read, and every row asked of one fixed load. Nothing may
 * crash, leak or read a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static const char policies_text[] =
	"apiVersion: security.kubearmor.com/v1\n"
	"kind: KubeArmorPolicy\n"
	"metadata: {name: fuzz}\n"
	"spec:\n"
	"  selector: {matchLabels: {app: a}}\n"
	"  file:\n"
	"    matchPatterns: [{pattern: '/{a,b{c,}}/**/x?[!y]', action: Allow}]\n"
	"    matchDirectories: [{dir: /d/, recursive: true, readOnly: true}]\n"
	"  process: {matchPaths: [{execname: sh, fromSource: [{path: /bin/*}]}]}\n"
	"  network: {matchProtocols: [{protocol: 'tcp,raw,all'}]}\n"
	"  capabilities: {matchCapabilities: [{capability: sys_admin}]}\n"
	"  syscalls: {matchPaths: [{path: /d/, syscall: [unlink]}]}\n";

static int load(void *data, const char *names, struct karmor_policies **ret,
		struct karmor_diag *diag)
{
	struct karmor_policies *policies;
	int r = karmor_policies_new(&policies);

	(void)data;
	(void)names;
	if (r < 0)
		return r;
	r = karmor_policies_add_text(policies, "fuzz.yaml", policies_text,
				     sizeof(policies_text) - 1, diag);
	if (r < 0)
		abort();
	*ret = policies;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_answer answer;
	struct asker asker;
	struct table table;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (table_read(&table, text, size) == 0 && asker_init(&asker, load, NULL, NULL) == 0) {
		for (size_t i = 0; i < table.n_rows; i++)
			if (asker_ask(&asker, &table.rows[i], &answer) < 0)
				break;
		asker_done(&asker);
	}
	table_drop(&table);
	return 0;
}
