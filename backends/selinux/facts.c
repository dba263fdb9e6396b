/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module has to know of the base policy, found once, so that printing needs no policy. The
 * names looked for are those of the reference policy and of Fedora's.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "selinux.h"

static const char *const domains[] = { "unconfined_t", "unconfined_service_t", "container_t" };
/* Containers have other types as well, of which tools make more. */
#define CONTAINERS "container_domain"
static const char *const launchers[] = { "unconfined_r", "system_r", "sysadm_r" };
bool selinux_is_domain(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(domains); i++)
		if (strcmp(domains[i], type) == 0)
			return true;
	return false;
}

/* What is loaded by a program rather than run: of these an exec is decided, and loading is not. */
static const char *const libraries[] = { "lib_t", "ld_so_t", "textrel_shlib_t", "shlib_t" };

/*
 * A change of role is a transition from a type to itself, of which no policy has much: it starts
 * a program under another context, that uses the descriptors of the first.
 */
static const struct {
	const char *class, *perm;
} needs[] = {
	{ "process", "transition" },
	{ "process", "noatsecure" },
	{ "process", "siginh" },
	{ "process", "rlimitinh" },
	{ "process2", "nnp_transition" },
	{ "process2", "nosuid_transition" },
	{ "fd", "use" },
	{ "process", "dyntransition" },
};

/* A task that starts one by changing its own role first: where it may change its context at all. */
static bool is_needed(const struct base *base, const char *domain, const char *perm)
{
	return strcmp(perm, "dyntransition") != 0 ||
	       base_allows(base, domain, domain, "process", "setcurrent");
}

/* Copies the names of @from that @has finds. */
static const char **keep(const struct base *base, struct arena *arena, const char *const *from,
			 size_t n, bool (*has)(const struct base *, const char *), size_t *n_ret)
{
	const char **ret = arena_array(arena, n, sizeof(*ret));

	*n_ret = 0;
	for (size_t i = 0; ret && i < n; i++)
		if (has(base, from[i]))
			ret[(*n_ret)++] = from[i];
	return ret;
}

/* A name that may stand in CIL as it is. */
static bool is_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_.-");

	return len && text[len] == '\0';
}

static int users_find(const struct base *base, struct arena *arena, struct selinux_facts *ret)
{
	size_t n = 0;

	while (base_user(base, n))
		n++;
	ret->users = arena_array(arena, n, sizeof(*ret->users));
	if (!ret->users)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *user = base_user(base, i);

		if (!is_name(user))
			continue;
		user = arena_strdup(arena, user);
		if (!user)
			return -ENOMEM;
		ret->users[ret->n_users++] = user;
	}
	return 0;
}

static int domain_fill(const struct base *base, struct arena *arena, struct selinux_domain *domain)
{
	_cleanup_free_ bool *entered = base_targets(base, domain->name, "file", "entrypoint");
	_cleanup_buf_ struct buf entries = { 0 }, lacks = { 0 };
	const char *type;

	if (!entered)
		return -ENOMEM;
	for (size_t i = 0; (type = base_type(base, i)); i++)
		if (entered[i] && is_name(type))
			buf_printf(&entries, "%s%s", entries.len ? " " : "", type);
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (base_has_perm(base, needs[i].class, needs[i].perm) &&
		    !base_allows(base, domain->name, domain->name, needs[i].class, needs[i].perm) &&
		    is_needed(base, domain->name, needs[i].perm))
			buf_printf(&lacks, "%s(%s (%s))", lacks.len ? " " : "", needs[i].class,
				   needs[i].perm);
	domain->lacks_audit =
		base_has_perm(base, "capability2", "audit_read") &&
		!base_allows(base, domain->name, domain->name, "capability2", "audit_read") &&
		base_allows(base, domain->name, domain->name, "process", "setcurrent");
	if (buf_failed(&entries) || buf_failed(&lacks))
		return -ENOMEM;
	domain->entries = arena_strdup(arena, entries.len ? entries.data : "");
	domain->lacks = arena_strdup(arena, lacks.len ? lacks.data : "");
	return domain->entries && domain->lacks ? 0 : -ENOMEM;
}

static bool has_domain(const struct selinux_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n_domains; i++)
		if (strcmp(facts->domains[i].name, name) == 0)
			return true;
	return false;
}

static int domain_add(const struct base *base, struct arena *arena, const char *name,
		      struct selinux_facts *ret)
{
	struct selinux_domain *domain = &ret->domains[ret->n_domains];

	if (has_domain(ret, name))
		return 0;
	domain->name = arena_strdup(arena, name);
	if (!domain->name)
		return -ENOMEM;
	ret->n_domains++;
	return domain_fill(base, arena, domain);
}

static int domains_find(const struct base *base, struct arena *arena, struct selinux_facts *ret)
{
	_cleanup_free_ bool *contained = base_members(base, CONTAINERS);
	size_t n = ARRAY_SIZE(domains);
	const char *type;
	int r = 0;

	for (size_t i = 0; contained && base_type(base, i); i++)
		n += contained[i];
	ret->domains = arena_array(arena, n, sizeof(*ret->domains));
	if (!contained || !ret->domains)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(domains); i++)
		if (base_has_type(base, domains[i]))
			r = domain_add(base, arena, domains[i], ret);
	for (size_t i = 0; r == 0 && (type = base_type(base, i)); i++)
		if (contained[i] && is_name(type))
			r = domain_add(base, arena, type, ret);
	return r;
}

/* What an unconfined task may do to the policy as a whole. */
static const char *takes_back(const struct base *base, struct arena *arena)
{
	static const char *const perms[] = { "load_policy", "setenforce", "setbool",
					     "setcheckreqprot", "setsecparam" };
	_cleanup_buf_ struct buf ret = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(perms); i++)
		if (base_has_perm(base, "security", perms[i]))
			buf_printf(&ret, "%s%s", ret.len ? " " : "", perms[i]);
	return buf_failed(&ret) ? NULL : arena_strdup(arena, ret.len ? ret.data : "");
}

const struct selinux_guarded selinux_guarded[SELINUX_GUARDED] = {
	{ "proc_kcore_t", "file", "read" },
	{ "usermodehelper_t", "file", "write append" },
	/* Where those of /proc/sys/kernel have no type of their own. */
	{ "sysctl_kernel_t", "file", "write append", "usermodehelper_t" },
	{ "sysctl_modprobe_t", "file", "write append" },
	{ "sysctl_hotplug_t", "file", "write append" },
	{ "binfmt_misc_fs_t", "file", "write append" },
	/* A hierarchy of its own has a release_agent, which the kernel starts. */
	{ "cgroup_t", "filesystem", "mount" },
};

int selinux_facts(const struct base *base, struct arena *arena, struct selinux_facts *ret,
		  struct karmor_diag *diag)
{
	int r = domains_find(base, arena, ret);

	r = r ? r : users_find(base, arena, ret);
	ret->launchers = keep(base, arena, launchers, ARRAY_SIZE(launchers), base_has_role,
			      &ret->n_launchers);
	ret->libraries = keep(base, arena, libraries, ARRAY_SIZE(libraries), base_has_type,
			      &ret->n_libraries);
	ret->takes_back = takes_back(base, arena);
	for (size_t i = 0; i < SELINUX_GUARDED; i++)
		ret->has_guarded[i] = base_has_type(base, selinux_guarded[i].type) &&
				      !(selinux_guarded[i].unless &&
					base_has_type(base, selinux_guarded[i].unless));
	ret->has_modules = base_has_perm(base, "system", "module_load");
	ret->has_domain = base_has_attribute(base, "domain");
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++)
		ret->has_capability[i] =
			base_has_perm(base, selinux_capability_class(i), ir_capability_name(i));
	ret->has_cap_userns = base_has_perm(base, "cap_userns", NULL);
	ret->has_cap2_userns = base_has_perm(base, "cap2_userns", NULL);
	ret->has_role_change = base_has_attribute(base, "can_change_process_role") &&
			       base_has_attribute(base, "process_user_target");
	if (r || !ret->launchers || !ret->libraries || !ret->takes_back)
		return r ? r : -ENOMEM;
	if (!ret->n_domains || !ret->n_launchers || !ret->n_users) {
		diag_error(diag, NULL, NULL,
			   "selinux: the policy has none of the types unconfined_t, "
			   "unconfined_service_t and container_t");
		return -EINVAL;
	}
	return 0;
}

static const char **names_copy(const char *const *from, size_t n, struct arena *arena)
{
	const char **ret = arena_array(arena, n + 1, sizeof(*ret));

	for (size_t i = 0; ret && i < n; i++) {
		ret[i] = arena_strdup(arena, from[i]);
		if (!ret[i])
			return NULL;
	}
	return ret;
}

int selinux_facts_copy(const struct selinux_facts *from, struct arena *arena,
		       struct selinux_facts *ret)
{
	*ret = *from;
	ret->launchers = names_copy(from->launchers, from->n_launchers, arena);
	ret->users = names_copy(from->users, from->n_users, arena);
	ret->libraries = names_copy(from->libraries, from->n_libraries, arena);
	ret->takes_back = arena_strdup(arena, from->takes_back);
	ret->domains = arena_array(arena, from->n_domains + 1, sizeof(*ret->domains));
	if (!ret->launchers || !ret->users || !ret->libraries || !ret->takes_back || !ret->domains)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_domains; i++) {
		ret->domains[i] = from->domains[i];
		ret->domains[i].entries = arena_strdup(arena, from->domains[i].entries);
		ret->domains[i].lacks = arena_strdup(arena, from->domains[i].lacks);
		ret->domains[i].name = arena_strdup(arena, from->domains[i].name);
		if (!ret->domains[i].name || !ret->domains[i].entries || !ret->domains[i].lacks)
			return -ENOMEM;
	}
	return 0;
}
