/* SPDX-License-Identifier: Apache-2.0 */
/* See table-live.h: where no backend that goes by labels is built. */
#include <errno.h>

#include "table-live.h"

int tree_label(const struct tree *tree, const struct karmor_caps *caps)
{
	return tree && caps ? -EOPNOTSUPP : -EINVAL;
}

long label_policies(void)
{
	return 0;
}

int tree_label_again(const struct tree *tree, const struct karmor_artifact *artifact,
		     const char *path)
{
	return tree && artifact && path ? -EOPNOTSUPP : -EINVAL;
}
