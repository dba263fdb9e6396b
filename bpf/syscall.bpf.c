/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls, as they are entered: nothing is denied here. Attached only while some workload's
 * table asks for it, since every system call of the machine takes the kernel's slow way then.
 *
 * A path argument is put together as the kernel would begin to: from the task's root, its working
 * directory or the directory's descriptor, "." and ".." taken away. What the rest of its names are
 * links to is not known here.
 */
#include "hook.bpf.h"

#define TS_COMPAT 2
#define X32_BIT 0x40000000
#define IA32_SOCKETCALL 102
#define IA32_IPC 117
#define AT_FDCWD (-100)
#define READ_BYTES (ABI_CHUNK * sizeof(__u64)) /* of the argument at a time, the NUL included */
#define NAME_BYTES 256

static const struct abi_record *decide_record(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}

#include "decide.bpf.h"

/*
 * What a callback needs. Where it stands is in the label: text_len bytes of text so far, none below
 * keep ever taken away; component, where the last one begins; the argument's next bytes at name,
 * those read of it from pos to left in chunk.
 */
struct reader {
	struct label *label;
	struct text *text;
	void *table;
};

static __always_inline __u64 argument(const struct pt_regs *regs, bool compat, __u32 place)
{
	if (compat)
		return (__u32)(place == 1   ? regs->bx
			       : place == 2 ? regs->cx
			       : place == 3 ? regs->dx
			       : place == 4 ? regs->si
			       : place == 5 ? regs->di
					    : regs->bp);
	return place == 1   ? regs->di
	       : place == 2 ? regs->si
	       : place == 3 ? regs->dx
	       : place == 4 ? regs->r10
	       : place == 5 ? regs->r8
			    : regs->r9;
}

/* Number @id as the table has it; ia32 packs some calls into one. */
static __always_inline __u32 table_number(const struct pt_regs *regs, bool compat, long id)
{
	__u32 number = (__u32)id & ~X32_BIT, call;

	if (!compat)
		return number < ABI_SYSCALL_COMPAT ? number : ABI_SYSCALL_NUMBERS;
	call = (__u32)regs->bx & 0xffff;
	if (number == IA32_SOCKETCALL && call < 32)
		return ABI_SYSCALL_SOCKETCALL + call;
	if (number == IA32_IPC && call < 32)
		return ABI_SYSCALL_IPC + call;
	return number < 512 ? ABI_SYSCALL_COMPAT + number : ABI_SYSCALL_NUMBERS;
}

static __always_inline __u8 text_byte(struct reader *reader, __u32 at)
{
	return at < ABI_PATH_MAX ? reader->text->bytes[at] : 0;
}

static __always_inline bool text_put(struct reader *reader, __u8 byte)
{
	__u32 at = reader->label->text_len;

	if (at >= ABI_PATH_MAX - 1) {
		reader->label->status = WALK_DEEP;
		return false;
	}
	reader->text->bytes[at] = byte;
	reader->label->text_len = at + 1;
	return true;
}

/* Takes one byte of the last component away. */
static long pop_step(__u32 i, struct reader *reader)
{
	struct label *l = reader->label;
	__u32 at = l->text_len;

	if (at <= l->keep)
		return 1;
	l->text_len = at - 1;
	return text_byte(reader, at - 1) == '/';
}

/* At the end of a component: "." and ".." become nothing, and take away what they say. */
static __always_inline void component_end(struct reader *reader)
{
	struct label *l = reader->label;
	__u32 first = l->component, len = l->text_len - first;

	if (len < 2 || len > 3 || text_byte(reader, first + 1) != '.' ||
	    (len == 3 && text_byte(reader, first + 2) != '.'))
		return;
	l->text_len = first;
	if (len == 3)
		bpf_loop(NAME_BYTES + 1, pop_step, reader, 0);
}

static __always_inline bool argument_read(struct label *l)
{
	long n = bpf_probe_read_user_str(l->chunk, READ_BYTES, (const void *)l->name);

	if (n <= 0 || n > READ_BYTES) {
		l->status = WALK_FAULT;
		return false;
	}
	l->left = n == READ_BYTES ? n - 1 : n;
	l->name += l->left;
	l->pos = 0;
	return true;
}

/* One byte of the argument; state: in a component. */
static long argument_step(__u32 i, struct reader *reader)
{
	struct label *l = reader->label;
	__u8 byte;

	if (l->pos >= l->left && !argument_read(l))
		return 1;
	byte = ((const __u8 *)l->chunk)[l->pos & (READ_BYTES - 1)];
	l->pos++;
	if (byte && byte != '/') {
		if (!l->state) {
			l->component = l->text_len;
			l->state = 1;
			if (!text_put(reader, '/'))
				return 1;
		}
		return !text_put(reader, byte);
	}
	if (l->state)
		component_end(reader);
	l->state = 0;
	if (byte)
		return 0;
	l->status = WALK_TOP;
	return 1;
}

/* Where a path begins; the barriers keep the compiler from making one load of different pointers.
 */
#define BASE_SET(label, from)                                                                      \
	({                                                                                         \
		__u64 dentry_ = (__u64)(from).dentry, mnt_ = (__u64)(from).mnt;                    \
                                                                                                   \
		barrier_var(dentry_);                                                              \
		barrier_var(mnt_);                                                                 \
		(label)->leaf = dentry_;                                                           \
		(label)->mnt = mnt_;                                                               \
	})

/* The object of descriptor @fd. */
static __always_inline bool base_descriptor(struct label *label, __u32 fd)
{
	struct fdtable *fdt = bpf_get_current_task_btf()->files->fdt;
	struct file *file = 0;
	struct path path;

	if (fd >= fdt->max_fds)
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), &fdt->fd[fd]);
	/* Not LOAD(): bpftool links only one object that refers to bpf_rdonly_cast. */
	if (!file || bpf_probe_read_kernel(&path, sizeof(path),
					   __builtin_preserve_access_index(&file->f_path)))
		return false;
	BASE_SET(label, path);
	return true;
}

/* Adds the argument at @user to the directory that stands in the text; nothing leads out of the
 * first @root bytes. */
static __always_inline void argument_add(struct reader *reader, __u64 user, __u32 root)
{
	struct label *l = reader->label;

	if (l->text_len == 1)
		l->text_len = 0; /* "/" */
	l->keep = root <= l->text_len ? root : 0;
	l->name = user;
	l->pos = 0;
	l->left = 0;
	l->state = 0;
	l->status = WALK_DEEP;
	bpf_loop(ABI_PATH_MAX + 1, argument_step, reader, 0);
	if (l->text_len == 0)
		text_put(reader, '/');
}

/*
 * The path of descriptor @fd, with the argument at @user added where that is not 0: WALK_TOP, and
 * text_len bytes of text; WALK_UNNAMED where there is none; else why it is not known. Global, as is
 * the next, so that the verifier reads it once.
 */
__u32 syscall_path(struct label *label, struct text *text, __u64 user, __s32 fd)
{
	struct reader reader = { .label = label, .text = text };
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 root;
	__u8 first = 0;

	if (!label || !text)
		return WALK_FAULT;
	if (user && bpf_probe_read_user(&first, sizeof(first), (const void *)user))
		return WALK_FAULT;
	BASE_SET(label, task->fs->root);
	root = walk_text(label, text, 0);
	if (root && first != '/') {
		if (fd == AT_FDCWD)
			BASE_SET(label, task->fs->pwd);
		else if (!base_descriptor(label, (__u32)fd))
			return WALK_UNNAMED;
	}
	if (!root || (first != '/' && !walk_text(label, text, 0)))
		return label->status == WALK_TOP ? WALK_UNNAMED : label->status;
	label->status = WALK_TOP;
	if (user)
		argument_add(&reader, user, root == 1 ? 0 : root);
	return label->status;
}

/* Counts the bytes of the component that begins at pos. */
static long length_step(__u32 i, struct reader *reader)
{
	struct label *l = reader->label;
	__u32 at = l->pos + l->left;

	if (at >= l->text_len || text_byte(reader, at) == '/')
		return 1;
	l->left++;
	return 0;
}

static long match_step(__u32 i, struct reader *reader)
{
	struct label *l = reader->label;
	__u32 state = l->state, pos = l->pos;
	int n;

	if (l->left == 0) {
		if (pos >= l->text_len) {
			l->status = WALK_TOP;
			return 1;
		}
		l->left = 1;
		bpf_loop(NAME_BYTES, length_step, reader, 0);
	}
	if (pos >= ABI_PATH_MAX)
		return 1;
	n = decide_step(reader->table, &state, *(const __u64 *)&reader->text->bytes[pos], l->left);
	if (n <= 0) {
		l->status = n < 0 ? WALK_FAULT : WALK_TOP;
		return 1;
	}
	l->state = state;
	l->pos = pos + n;
	l->left -= n;
	return 0;
}

/* The block of the path in the text; negative where the table is at fault. */
static __always_inline __s64 path_block(struct reader *reader, __u32 start)
{
	struct label *l = reader->label;

	l->state = start;
	l->pos = 0;
	l->left = 0;
	l->status = WALK_FAULT;
	bpf_loop(ABI_PATH_MAX, match_step, reader, 0);
	return l->status == WALK_TOP ? decide_accept(reader->table, l->state) : -1;
}

/* A table's word about @number, and where the rest stands; 0: no rule names it. */
static __always_inline __u32 number_word(void *table, __u32 number,
					 const struct abi_record **section)
{
	const struct abi_record *header = decide_record(table, ABI_HEADER), *base;
	__s64 word;

	if (!header || !(header->w[0] & ABI_HAS(ABI_SYSCALLS)) || number >= ABI_SYSCALL_NUMBERS)
		return 0;
	base = decide_record(table, ABI_HEADER_BASE);
	if (!base)
		return 0;
	*section = decide_record(table, base->w[2]);
	word = decide_word(table, base->w[2] + 1, 0, 0, number);
	return word > 0 && *section ? (__u32)word : 0;
}

/*
 * Decides about a system call with the path in the text, or without one where @text is NULL; the
 * generation of the table that said so in the high half of the verdict.
 */
__s64 syscall_decide(struct label *label, struct text *text, __u32 number)
{
	struct reader reader = { .label = label, .text = text };
	const struct abi_record *section = 0, *header;
	__s64 verdict, block;
	__u32 word, slot;

	if (!label)
		return 0;
	slot = label->enrol.slot;
	reader.table = bpf_map_lookup_elem(&tables, &slot);
	if (!reader.table)
		return 0;
	word = number_word(reader.table, number, &section);
	header = decide_record(reader.table, ABI_HEADER);
	if (!word || !section || !header)
		return 0;
	if (label->generation != header->w[2] && label_renew(label, header->w[2]))
		return (__s64)header->w[2] << 32 | ABI_AUDIT | ABI_UNDECIDED;
	block = section->w[2];
	if (text && word & ABI_SYSCALL_PATHS)
		block = path_block(&reader, section->w[1]);
	verdict = block < 0 ? -1
			    : decide_word(reader.table, (__u32)block, label->enrol.class_,
					  section->w[0], ABI_SYSCALL_KIND(word));
	if (verdict < 0)
		verdict = ABI_AUDIT | ABI_UNDECIDED;
	return (__s64)header->w[2] << 32 | (__u32)verdict;
}

/* What is known about a system call so far. */
struct asked {
	__s64 decision;
	__u32 resource_len;
};

/* Asks about the argument at @place; false where there is none. */
static __always_inline bool place_ask(struct label *label, struct text *text,
				      const struct pt_regs *regs, __u32 word, __u32 place,
				      struct asked *asked)
{
	bool compat = label->number >= ABI_SYSCALL_COMPAT;
	__u64 user = place & 7 ? argument(regs, compat, place & 7) : 0;
	__u32 status;

	if (!place || (place & 7 && !user))
		return false;
	status = syscall_path(label, text, user,
			      place >> 3 ? (__s32)argument(regs, compat, place >> 3) : AT_FDCWD);
	if (status == WALK_TOP) {
		asked->resource_len = label->text_len & (ABI_PATH_MAX - 1);
		asked->decision = syscall_decide(label, text, label->number);
	} else if (status != WALK_UNNAMED && word & ABI_SYSCALL_PATHS) {
		/* Nobody hides an argument from the log by giving one that cannot be read. */
		asked->decision |= ABI_AUDIT | ABI_UNDECIDED;
	}
	return ABI_ACTION(asked->decision);
}

/* The paths of a system call that has some: the first that is to be logged. */
static __always_inline void places_ask(struct label *label, const struct pt_regs *regs, __u32 word,
				       struct asked *asked)
{
	struct text *text;

	text = bpf_task_storage_get(&texts, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!text) {
		if (word & ABI_SYSCALL_PATHS)
			asked->decision |= ABI_AUDIT | ABI_UNDECIDED; /* to be counted as lost */
		return;
	}
	if (!place_ask(label, text, regs, word,
		       word >> ABI_SYSCALL_FIRST_SHIFT & ABI_SYSCALL_PLACE_MASK, asked))
		place_ask(label, text, regs, word,
			  word >> ABI_SYSCALL_SECOND_SHIFT & ABI_SYSCALL_PLACE_MASK, asked);
}

struct entered {
	struct label *label;
	const struct pt_regs *regs;
};

/*
 * Out of line, so that the gate for everybody else is short. 0: to be asked anew (ASK_ANEW). The
 * number is in the label and not on the stack, where 6.1 takes what it saw of it on one way for
 * what is so on all, and leaves out the code of the others.
 */
static long entered_ask(__u32 i, struct entered *entered)
{
	struct label *label = entered->label;
	struct told told = { .op = ABI_OP_SYSCALL,
			     .section = ABI_SYSCALLS,
			     .hook = ABI_HOOK_SYSCALL };
	struct asked asked = {};
	const struct abi_record *section;
	__u32 slot = label->enrol.slot, generation = hook_generation(label), word;
	void *table = bpf_map_lookup_elem(&tables, &slot);

	word = table ? number_word(table, label->number, &section) : 0;
	if (!word)
		return 1;
	asked.decision = syscall_decide(label, 0, label->number);
	if (word & ABI_SYSCALL_PATHS || ABI_ACTION(asked.decision))
		places_ask(label, entered->regs, word, &asked);
	if (hook_generation(label) != generation)
		return 0;
	if (!ABI_ACTION(asked.decision))
		return 1;
	told.verdict = (__u32)asked.decision;
	told.generation = asked.decision >> 32;
	told.resource_len = asked.resource_len;
	told.family = label->number;
	event_send(label, &told);
	return 1;
}

static __always_inline void enter_call(struct label *label, const struct pt_regs *regs, long id)
{
	bool compat = bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;

	struct entered entered = { .label = label, .regs = regs };

	label->number = table_number(regs, compat, id);
	bpf_loop(2, entered_ask, &entered, 0);
}

/*
 * Where system calls can be preempted in their tracepoint, its programs are skipped for all others
 * of the processor until the one that was preempted in them runs again, and anybody may see to it
 * that it does not. A kprobe's program is not preempted; it is skipped where a task was preempted
 * in the midst of bpf(2), which no workload can have. So that both are attached there. This one
 * comes first, and the other asks where it did not.
 */
SEC("kprobe.multi/trace_syscall_enter")
int karmor_syscall(void *ctx)
{
	struct label *label = label_current();
	const struct pt_regs *regs;

	if (!label)
		return 0;
	regs = (const struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	enter_call(label, regs, (int)regs->orig_ax);
	label->entered = 1;
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(karmor_sys_enter, struct pt_regs *regs, long id)
{
	struct label *label = label_current();

	if (!label)
		return 0;
	if (!label->entered)
		enter_call(label, regs, id);
	label->entered = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
