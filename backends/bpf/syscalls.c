/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See syscalls.h. Newer system calls have the same number everywhere; what ia32 calls otherwise
 * (chown32, stat64, clock_gettime64) is the same system call to a policy.
 */
#include "syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define COMPAT ABI_SYSCALL_COMPAT
#define SOCKETCALL ABI_SYSCALL_SOCKETCALL
#define IPC ABI_SYSCALL_IPC

/* clang-format off */
/* Sorted; -1: there is none. */
static const struct {
	const char *name;
	int16_t native, compat;
} numbers[] = {
	{"_sysctl", 156, 149}, {"accept", 43, -1}, {"accept4", 288, 364}, {"access", 21, 33},
	{"acct", 163, 51}, {"add_key", 248, 286}, {"adjtimex", 159, 124},
	{"afs_syscall", 183, 137}, {"alarm", 37, 27}, {"arch_prctl", 158, 384}, {"bind", 49, 361},
	{"bpf", 321, 357}, {"brk", 12, 45}, {"cachestat", 451, 451}, {"capget", 125, 184},
	{"capset", 126, 185}, {"chdir", 80, 12}, {"chmod", 90, 15}, {"chown", 92, 182},
	{"chroot", 161, 61}, {"clock_adjtime", 305, 343}, {"clock_getres", 229, 266},
	{"clock_gettime", 228, 265}, {"clock_nanosleep", 230, 267}, {"clock_settime", 227, 264},
	{"clone", 56, 120}, {"clone3", 435, 435}, {"close", 3, 6}, {"close_range", 436, 436},
	{"connect", 42, 362}, {"copy_file_range", 326, 377}, {"creat", 85, 8},
	{"create_module", 174, 127}, {"delete_module", 176, 129}, {"dup", 32, 41},
	{"dup2", 33, 63}, {"dup3", 292, 330}, {"epoll_create", 213, 254},
	{"epoll_create1", 291, 329}, {"epoll_ctl", 233, 255}, {"epoll_ctl_old", 214, -1},
	{"epoll_pwait", 281, 319}, {"epoll_pwait2", 441, 441}, {"epoll_wait", 232, 256},
	{"epoll_wait_old", 215, -1}, {"eventfd", 284, 323}, {"eventfd2", 290, 328},
	{"execve", 59, 11}, {"execveat", 322, 358}, {"exit", 60, 1}, {"exit_group", 231, 252},
	{"faccessat", 269, 307}, {"faccessat2", 439, 439}, {"fadvise64", 221, 250},
	{"fallocate", 285, 324}, {"fanotify_init", 300, 338}, {"fanotify_mark", 301, 339},
	{"fchdir", 81, 133}, {"fchmod", 91, 94}, {"fchmodat", 268, 306}, {"fchmodat2", 452, 452},
	{"fchown", 93, 95}, {"fchownat", 260, 298}, {"fcntl", 72, 55}, {"fdatasync", 75, 148},
	{"fgetxattr", 193, 231}, {"file_getattr", 468, 468}, {"file_setattr", 469, 469},
	{"finit_module", 313, 350}, {"flistxattr", 196, 234}, {"flock", 73, 143}, {"fork", 57, 2},
	{"fremovexattr", 199, 237}, {"fsconfig", 431, 431}, {"fsetxattr", 190, 228},
	{"fsmount", 432, 432}, {"fsopen", 430, 430}, {"fspick", 433, 433}, {"fstat", 5, 108},
	{"fstatfs", 138, 100}, {"fsync", 74, 118}, {"ftruncate", 77, 93}, {"futex", 202, 240},
	{"futex_requeue", 456, 456}, {"futex_wait", 455, 455}, {"futex_waitv", 449, 449},
	{"futex_wake", 454, 454}, {"futimesat", 261, 299}, {"get_kernel_syms", 177, 130},
	{"get_mempolicy", 239, 275}, {"get_robust_list", 274, 312}, {"get_thread_area", 211, 244},
	{"getcpu", 309, 318}, {"getcwd", 79, 183}, {"getdents", 78, 141}, {"getdents64", 217, 220},
	{"getegid", 108, 50}, {"geteuid", 107, 49}, {"getgid", 104, 47}, {"getgroups", 115, 80},
	{"getitimer", 36, 105}, {"getpeername", 52, 368}, {"getpgid", 121, 132},
	{"getpgrp", 111, 65}, {"getpid", 39, 20}, {"getpmsg", 181, 188}, {"getppid", 110, 64},
	{"getpriority", 140, 96}, {"getrandom", 318, 355}, {"getresgid", 120, 171},
	{"getresuid", 118, 165}, {"getrlimit", 97, 76}, {"getrusage", 98, 77},
	{"getsid", 124, 147}, {"getsockname", 51, 367}, {"getsockopt", 55, 365},
	{"gettid", 186, 224}, {"gettimeofday", 96, 78}, {"getuid", 102, 24},
	{"getxattr", 191, 229}, {"getxattrat", 464, 464}, {"init_module", 175, 128},
	{"inotify_add_watch", 254, 292}, {"inotify_init", 253, 291}, {"inotify_init1", 294, 332},
	{"inotify_rm_watch", 255, 293}, {"io_cancel", 210, 249}, {"io_destroy", 207, 246},
	{"io_getevents", 208, 247}, {"io_pgetevents", 333, 385}, {"io_setup", 206, 245},
	{"io_submit", 209, 248}, {"io_uring_enter", 426, 426}, {"io_uring_register", 427, 427},
	{"io_uring_setup", 425, 425}, {"ioctl", 16, 54}, {"ioperm", 173, 101}, {"iopl", 172, 110},
	{"ioprio_get", 252, 290}, {"ioprio_set", 251, 289}, {"kcmp", 312, 349},
	{"kexec_file_load", 320, -1}, {"kexec_load", 246, 283}, {"keyctl", 250, 288},
	{"kill", 62, 37}, {"landlock_add_rule", 445, 445}, {"landlock_create_ruleset", 444, 444},
	{"landlock_restrict_self", 446, 446}, {"lchown", 94, 16}, {"lgetxattr", 192, 230},
	{"link", 86, 9}, {"linkat", 265, 303}, {"listen", 50, 363}, {"listmount", 458, 458},
	{"listns", 470, 470}, {"listxattr", 194, 232}, {"listxattrat", 465, 465},
	{"llistxattr", 195, 233}, {"lookup_dcookie", 212, 253}, {"lremovexattr", 198, 236},
	{"lseek", 8, 19}, {"lsetxattr", 189, 227}, {"lsm_get_self_attr", 459, 459},
	{"lsm_list_modules", 461, 461}, {"lsm_set_self_attr", 460, 460}, {"lstat", 6, 107},
	{"madvise", 28, 219}, {"map_shadow_stack", 453, 453}, {"mbind", 237, 274},
	{"membarrier", 324, 375}, {"memfd_create", 319, 356}, {"memfd_secret", 447, 447},
	{"migrate_pages", 256, 294}, {"mincore", 27, 218}, {"mkdir", 83, 39},
	{"mkdirat", 258, 296}, {"mknod", 133, 14}, {"mknodat", 259, 297}, {"mlock", 149, 150},
	{"mlock2", 325, 376}, {"mlockall", 151, 152}, {"mmap", 9, 90}, {"modify_ldt", 154, 123},
	{"mount", 165, 21}, {"mount_setattr", 442, 442}, {"move_mount", 429, 429},
	{"move_pages", 279, 317}, {"mprotect", 10, 125}, {"mq_getsetattr", 245, 282},
	{"mq_notify", 244, 281}, {"mq_open", 240, 277}, {"mq_timedreceive", 243, 280},
	{"mq_timedsend", 242, 279}, {"mq_unlink", 241, 278}, {"mremap", 25, 163},
	{"mseal", 462, 462}, {"msgctl", 71, 402}, {"msgget", 68, 399}, {"msgrcv", 70, 401},
	{"msgsnd", 69, 400}, {"msync", 26, 144}, {"munlock", 150, 151}, {"munlockall", 152, 153},
	{"munmap", 11, 91}, {"name_to_handle_at", 303, 341}, {"nanosleep", 35, 162},
	{"newfstatat", 262, -1}, {"nfsservctl", 180, 169}, {"open", 2, 5},
	{"open_by_handle_at", 304, 342}, {"open_tree", 428, 428}, {"open_tree_attr", 467, 467},
	{"openat", 257, 295}, {"openat2", 437, 437}, {"pause", 34, 29},
	{"perf_event_open", 298, 336}, {"personality", 135, 136}, {"pidfd_getfd", 438, 438},
	{"pidfd_open", 434, 434}, {"pidfd_send_signal", 424, 424}, {"pipe", 22, 42},
	{"pipe2", 293, 331}, {"pivot_root", 155, 217}, {"pkey_alloc", 330, 381},
	{"pkey_free", 331, 382}, {"pkey_mprotect", 329, 380}, {"poll", 7, 168},
	{"ppoll", 271, 309}, {"prctl", 157, 172}, {"pread64", 17, 180}, {"preadv", 295, 333},
	{"preadv2", 327, 378}, {"prlimit64", 302, 340}, {"process_madvise", 440, 440},
	{"process_mrelease", 448, 448}, {"process_vm_readv", 310, 347},
	{"process_vm_writev", 311, 348}, {"pselect6", 270, 308}, {"ptrace", 101, 26},
	{"putpmsg", 182, 189}, {"pwrite64", 18, 181}, {"pwritev", 296, 334},
	{"pwritev2", 328, 379}, {"query_module", 178, 167}, {"quotactl", 179, 131},
	{"quotactl_fd", 443, 443}, {"read", 0, 3}, {"readahead", 187, 225}, {"readlink", 89, 85},
	{"readlinkat", 267, 305}, {"readv", 19, 145}, {"reboot", 169, 88}, {"recvfrom", 45, 371},
	{"recvmmsg", 299, 337}, {"recvmsg", 47, 372}, {"remap_file_pages", 216, 257},
	{"removexattr", 197, 235}, {"removexattrat", 466, 466}, {"rename", 82, 38},
	{"renameat", 264, 302}, {"renameat2", 316, 353}, {"request_key", 249, 287},
	{"restart_syscall", 219, 0}, {"rmdir", 84, 40}, {"rseq", 334, 386},
	{"rt_sigaction", 13, 174}, {"rt_sigpending", 127, 176}, {"rt_sigprocmask", 14, 175},
	{"rt_sigqueueinfo", 129, 178}, {"rt_sigreturn", 15, 173}, {"rt_sigsuspend", 130, 179},
	{"rt_sigtimedwait", 128, 177}, {"rt_tgsigqueueinfo", 297, 335},
	{"sched_get_priority_max", 146, 159}, {"sched_get_priority_min", 147, 160},
	{"sched_getaffinity", 204, 242}, {"sched_getattr", 315, 352}, {"sched_getparam", 143, 155},
	{"sched_getscheduler", 145, 157}, {"sched_rr_get_interval", 148, 161},
	{"sched_setaffinity", 203, 241}, {"sched_setattr", 314, 351}, {"sched_setparam", 142, 154},
	{"sched_setscheduler", 144, 156}, {"sched_yield", 24, 158}, {"seccomp", 317, 354},
	{"security", 185, -1}, {"select", 23, 82}, {"semctl", 66, 394}, {"semget", 64, 393},
	{"semop", 65, -1}, {"semtimedop", 220, -1}, {"sendfile", 40, 187}, {"sendmmsg", 307, 345},
	{"sendmsg", 46, 370}, {"sendto", 44, 369}, {"set_mempolicy", 238, 276},
	{"set_mempolicy_home_node", 450, 450}, {"set_robust_list", 273, 311},
	{"set_thread_area", 205, 243}, {"set_tid_address", 218, 258}, {"setdomainname", 171, 121},
	{"setfsgid", 123, 139}, {"setfsuid", 122, 138}, {"setgid", 106, 46},
	{"setgroups", 116, 81}, {"sethostname", 170, 74}, {"setitimer", 38, 104},
	{"setns", 308, 346}, {"setpgid", 109, 57}, {"setpriority", 141, 97}, {"setregid", 114, 71},
	{"setresgid", 119, 170}, {"setresuid", 117, 164}, {"setreuid", 113, 70},
	{"setrlimit", 160, 75}, {"setsid", 112, 66}, {"setsockopt", 54, 366},
	{"settimeofday", 164, 79}, {"setuid", 105, 23}, {"setxattr", 188, 226},
	{"setxattrat", 463, 463}, {"shmat", 30, 397}, {"shmctl", 31, 396}, {"shmdt", 67, 398},
	{"shmget", 29, 395}, {"shutdown", 48, 373}, {"sigaltstack", 131, 186},
	{"signalfd", 282, 321}, {"signalfd4", 289, 327}, {"socket", 41, 359},
	{"socketpair", 53, 360}, {"splice", 275, 313}, {"stat", 4, 106}, {"statfs", 137, 99},
	{"statmount", 457, 457}, {"statx", 332, 383}, {"swapoff", 168, 115}, {"swapon", 167, 87},
	{"symlink", 88, 83}, {"symlinkat", 266, 304}, {"sync", 162, 36},
	{"sync_file_range", 277, 314}, {"syncfs", 306, 344}, {"sysfs", 139, 135},
	{"sysinfo", 99, 116}, {"syslog", 103, 103}, {"tee", 276, 315}, {"tgkill", 234, 270},
	{"time", 201, 13}, {"timer_create", 222, 259}, {"timer_delete", 226, 263},
	{"timer_getoverrun", 225, 262}, {"timer_gettime", 224, 261}, {"timer_settime", 223, 260},
	{"timerfd_create", 283, 322}, {"timerfd_gettime", 287, 326}, {"timerfd_settime", 286, 325},
	{"times", 100, 43}, {"tkill", 200, 238}, {"truncate", 76, 92}, {"tuxcall", 184, -1},
	{"umask", 95, 60}, {"umount2", 166, 52}, {"uname", 63, 122}, {"unlink", 87, 10},
	{"unlinkat", 263, 301}, {"unshare", 272, 310}, {"uretprobe", 335, -1}, {"uselib", 134, 86},
	{"userfaultfd", 323, 374}, {"ustat", 136, 62}, {"utime", 132, 30}, {"utimensat", 280, 320},
	{"utimes", 235, 271}, {"vfork", 58, 190}, {"vhangup", 153, 111}, {"vmsplice", 278, 316},
	{"vserver", 236, 273}, {"wait4", 61, 114}, {"waitid", 247, 284}, {"write", 1, 4},
	{"writev", 20, 146},
};

/* Further numbers of the same: ia32's other sizes of arguments, calls in one, and x32. */
static const struct {
	const char *name;
	uint16_t number;
} others[] = {
	{"wait4", COMPAT + 7}, {"stat", COMPAT + 18}, {"umount2", COMPAT + 22},
	{"fstat", COMPAT + 28}, {"rt_sigaction", COMPAT + 48}, {"uname", COMPAT + 59},
	{"rt_sigaction", COMPAT + 67}, {"rt_sigsuspend", COMPAT + 72},
	{"rt_sigpending", COMPAT + 73}, {"lstat", COMPAT + 84}, {"getdents", COMPAT + 89},
	{"uname", COMPAT + 109}, {"rt_sigreturn", COMPAT + 119}, {"rt_sigprocmask", COMPAT + 126},
	{"lseek", COMPAT + 140}, {"select", COMPAT + 142}, {"getrlimit", COMPAT + 191},
	{"mmap", COMPAT + 192}, {"truncate", COMPAT + 193}, {"ftruncate", COMPAT + 194},
	{"stat", COMPAT + 195}, {"lstat", COMPAT + 196}, {"fstat", COMPAT + 197},
	{"lchown", COMPAT + 198}, {"getuid", COMPAT + 199}, {"getgid", COMPAT + 200},
	{"geteuid", COMPAT + 201}, {"getegid", COMPAT + 202}, {"setreuid", COMPAT + 203},
	{"setregid", COMPAT + 204}, {"getgroups", COMPAT + 205}, {"setgroups", COMPAT + 206},
	{"fchown", COMPAT + 207}, {"setresuid", COMPAT + 208}, {"getresuid", COMPAT + 209},
	{"setresgid", COMPAT + 210}, {"getresgid", COMPAT + 211}, {"chown", COMPAT + 212},
	{"setuid", COMPAT + 213}, {"setgid", COMPAT + 214}, {"setfsuid", COMPAT + 215},
	{"setfsgid", COMPAT + 216}, {"fcntl", COMPAT + 221}, {"sendfile", COMPAT + 239},
	{"statfs", COMPAT + 268}, {"fstatfs", COMPAT + 269}, {"fadvise64", COMPAT + 272},
	{"newfstatat", COMPAT + 300}, {"clock_gettime", COMPAT + 403},
	{"clock_settime", COMPAT + 404}, {"clock_adjtime", COMPAT + 405},
	{"clock_getres", COMPAT + 406}, {"clock_nanosleep", COMPAT + 407},
	{"timer_gettime", COMPAT + 408}, {"timer_settime", COMPAT + 409},
	{"timerfd_gettime", COMPAT + 410}, {"timerfd_settime", COMPAT + 411},
	{"utimensat", COMPAT + 412}, {"pselect6", COMPAT + 413}, {"ppoll", COMPAT + 414},
	{"io_pgetevents", COMPAT + 416}, {"recvmmsg", COMPAT + 417},
	{"mq_timedsend", COMPAT + 418}, {"mq_timedreceive", COMPAT + 419},
	{"semtimedop", COMPAT + 420}, {"rt_sigtimedwait", COMPAT + 421}, {"futex", COMPAT + 422},
	{"sched_rr_get_interval", COMPAT + 423}, {"rt_sigaction", 512}, {"rt_sigreturn", 513},
	{"ioctl", 514}, {"readv", 515}, {"writev", 516}, {"recvfrom", 517}, {"sendmsg", 518},
	{"recvmsg", 519}, {"execve", 520}, {"ptrace", 521}, {"rt_sigpending", 522},
	{"rt_sigtimedwait", 523}, {"rt_sigqueueinfo", 524}, {"sigaltstack", 525},
	{"timer_create", 526}, {"mq_notify", 527}, {"kexec_load", 528}, {"waitid", 529},
	{"set_robust_list", 530}, {"get_robust_list", 531}, {"vmsplice", 532}, {"move_pages", 533},
	{"preadv", 534}, {"pwritev", 535}, {"rt_tgsigqueueinfo", 536}, {"recvmmsg", 537},
	{"sendmmsg", 538}, {"process_vm_readv", 539}, {"process_vm_writev", 540},
	{"setsockopt", 541}, {"getsockopt", 542}, {"io_setup", 543}, {"io_submit", 544},
	{"execveat", 545}, {"preadv2", 546}, {"pwritev2", 547}, {"socket", SOCKETCALL + 1},
	{"bind", SOCKETCALL + 2}, {"connect", SOCKETCALL + 3}, {"listen", SOCKETCALL + 4},
	{"accept", SOCKETCALL + 5}, {"getsockname", SOCKETCALL + 6},
	{"getpeername", SOCKETCALL + 7}, {"socketpair", SOCKETCALL + 8},
	{"sendto", SOCKETCALL + 9}, {"recvfrom", SOCKETCALL + 10}, {"sendto", SOCKETCALL + 11},
	{"recvfrom", SOCKETCALL + 12}, {"shutdown", SOCKETCALL + 13},
	{"setsockopt", SOCKETCALL + 14}, {"getsockopt", SOCKETCALL + 15},
	{"sendmsg", SOCKETCALL + 16}, {"recvmsg", SOCKETCALL + 17}, {"accept4", SOCKETCALL + 18},
	{"recvmmsg", SOCKETCALL + 19}, {"sendmmsg", SOCKETCALL + 20}, {"semop", IPC + 1},
	{"semget", IPC + 2}, {"semctl", IPC + 3}, {"semtimedop", IPC + 4}, {"msgsnd", IPC + 11},
	{"msgrcv", IPC + 12}, {"msgget", IPC + 13}, {"msgctl", IPC + 14}, {"shmat", IPC + 21},
	{"shmdt", IPC + 22}, {"shmget", IPC + 23}, {"shmctl", IPC + 24},
};

/*
 * Arguments, counted from 1; 0: none. A path without a descriptor is relative to the working
 * directory, a descriptor without a path is the object itself. Of mount and symlink, the name that
 * is given, not what is given a name.
 */
static const struct {
	const char *name;
	uint8_t path, dirfd, second_path, second_dirfd;
} places[] = {
	{"access", 1, 0, 0, 0}, {"acct", 1, 0, 0, 0}, {"chdir", 1, 0, 0, 0}, {"chmod", 1, 0, 0, 0},
	{"chown", 1, 0, 0, 0}, {"chroot", 1, 0, 0, 0}, {"close", 0, 1, 0, 0},
	{"copy_file_range", 0, 1, 0, 3}, {"creat", 1, 0, 0, 0}, {"dup", 0, 1, 0, 0},
	{"dup2", 0, 1, 0, 0}, {"dup3", 0, 1, 0, 0}, {"execve", 1, 0, 0, 0},
	{"execveat", 2, 1, 0, 0}, {"faccessat", 2, 1, 0, 0}, {"faccessat2", 2, 1, 0, 0},
	{"fadvise64", 0, 1, 0, 0}, {"fallocate", 0, 1, 0, 0}, {"fanotify_mark", 5, 4, 0, 0},
	{"fchdir", 0, 1, 0, 0}, {"fchmod", 0, 1, 0, 0}, {"fchmodat", 2, 1, 0, 0},
	{"fchmodat2", 2, 1, 0, 0}, {"fchown", 0, 1, 0, 0}, {"fchownat", 2, 1, 0, 0},
	{"fcntl", 0, 1, 0, 0}, {"fdatasync", 0, 1, 0, 0}, {"fgetxattr", 0, 1, 0, 0},
	{"file_getattr", 2, 1, 0, 0}, {"file_setattr", 2, 1, 0, 0}, {"finit_module", 0, 1, 0, 0},
	{"flistxattr", 0, 1, 0, 0}, {"flock", 0, 1, 0, 0}, {"fremovexattr", 0, 1, 0, 0},
	{"fsetxattr", 0, 1, 0, 0}, {"fspick", 2, 1, 0, 0}, {"fstat", 0, 1, 0, 0},
	{"fstatfs", 0, 1, 0, 0}, {"fsync", 0, 1, 0, 0}, {"ftruncate", 0, 1, 0, 0},
	{"futimesat", 2, 1, 0, 0}, {"getdents", 0, 1, 0, 0}, {"getdents64", 0, 1, 0, 0},
	{"getxattr", 1, 0, 0, 0}, {"getxattrat", 2, 1, 0, 0}, {"inotify_add_watch", 2, 0, 0, 0},
	{"ioctl", 0, 1, 0, 0}, {"kexec_file_load", 0, 1, 0, 2}, {"lchown", 1, 0, 0, 0},
	{"lgetxattr", 1, 0, 0, 0}, {"link", 1, 0, 2, 0}, {"linkat", 2, 1, 4, 3},
	{"listxattr", 1, 0, 0, 0}, {"listxattrat", 2, 1, 0, 0}, {"llistxattr", 1, 0, 0, 0},
	{"lremovexattr", 1, 0, 0, 0}, {"lseek", 0, 1, 0, 0}, {"lsetxattr", 1, 0, 0, 0},
	{"lstat", 1, 0, 0, 0}, {"mkdir", 1, 0, 0, 0}, {"mkdirat", 2, 1, 0, 0},
	{"mknod", 1, 0, 0, 0}, {"mknodat", 2, 1, 0, 0}, {"mmap", 0, 5, 0, 0},
	{"mount", 2, 0, 0, 0}, {"mount_setattr", 2, 1, 0, 0}, {"move_mount", 2, 1, 4, 3},
	{"name_to_handle_at", 2, 1, 0, 0}, {"newfstatat", 2, 1, 0, 0}, {"open", 1, 0, 0, 0},
	{"open_tree", 2, 1, 0, 0}, {"open_tree_attr", 2, 1, 0, 0}, {"openat", 2, 1, 0, 0},
	{"openat2", 2, 1, 0, 0}, {"pivot_root", 1, 0, 2, 0}, {"pread64", 0, 1, 0, 0},
	{"preadv", 0, 1, 0, 0}, {"preadv2", 0, 1, 0, 0}, {"pwrite64", 0, 1, 0, 0},
	{"pwritev", 0, 1, 0, 0}, {"pwritev2", 0, 1, 0, 0}, {"quotactl", 2, 0, 0, 0},
	{"quotactl_fd", 0, 1, 0, 0}, {"read", 0, 1, 0, 0}, {"readahead", 0, 1, 0, 0},
	{"readlink", 1, 0, 0, 0}, {"readlinkat", 2, 1, 0, 0}, {"readv", 0, 1, 0, 0},
	{"removexattr", 1, 0, 0, 0}, {"removexattrat", 2, 1, 0, 0}, {"rename", 1, 0, 2, 0},
	{"renameat", 2, 1, 4, 3}, {"renameat2", 2, 1, 4, 3}, {"rmdir", 1, 0, 0, 0},
	{"sendfile", 0, 1, 0, 2}, {"setxattr", 1, 0, 0, 0}, {"setxattrat", 2, 1, 0, 0},
	{"splice", 0, 1, 0, 3}, {"stat", 1, 0, 0, 0}, {"statfs", 1, 0, 0, 0},
	{"statx", 2, 1, 0, 0}, {"swapoff", 1, 0, 0, 0}, {"swapon", 1, 0, 0, 0},
	{"symlink", 2, 0, 0, 0}, {"symlinkat", 3, 2, 0, 0}, {"sync_file_range", 0, 1, 0, 0},
	{"syncfs", 0, 1, 0, 0}, {"tee", 0, 1, 0, 2}, {"truncate", 1, 0, 0, 0},
	{"umount2", 1, 0, 0, 0}, {"unlink", 1, 0, 0, 0}, {"unlinkat", 2, 1, 0, 0},
	{"uselib", 1, 0, 0, 0}, {"utime", 1, 0, 0, 0}, {"utimensat", 2, 1, 0, 0},
	{"utimes", 1, 0, 0, 0}, {"write", 0, 1, 0, 0}, {"writev", 0, 1, 0, 0},
};

/* Where ia32 has them elsewhere, by number: mmap takes them in memory, a mask is two arguments. */
static const struct {
	uint16_t number;
	uint8_t path, dirfd;
} compat_places[] = {{COMPAT + 90, 0, 0}, {COMPAT + 339, 6, 5}};
/* clang-format on */

/* The index into numbers, or -ENOENT. */
static int name_find(const char *name)
{
	int low = 0, high = ARRAY_SIZE(numbers);

	while (low < high) {
		int middle = low + (high - low) / 2, order = strcmp(name, numbers[middle].name);

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

int bpf_syscall_find(const char *name)
{
	int i = name_find(name);

	return i < 0 || numbers[i].native < 0 ? -ENOENT : numbers[i].native;
}

const char *bpf_syscall_name(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if ((numbers[i].native >= 0 && (uint32_t)numbers[i].native == number) ||
		    (numbers[i].compat >= 0 && (uint32_t)numbers[i].compat + COMPAT == number))
			return numbers[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].number == number)
			return others[i].name;
	return NULL;
}

static uint32_t places_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strcmp(places[i].name, name) == 0)
			return (uint32_t)ABI_SYSCALL_PLACE(places[i].path, places[i].dirfd)
				       << ABI_SYSCALL_FIRST_SHIFT |
			       (uint32_t)ABI_SYSCALL_PLACE(places[i].second_path,
							   places[i].second_dirfd)
				       << ABI_SYSCALL_SECOND_SHIFT;
	return 0;
}

bool bpf_syscall_has_path(const char *name)
{
	return places_of(name) != 0;
}

/* What the map says of @number, which is a system call @name of @kind. */
static uint32_t number_word(uint32_t number, const char *name, uint32_t kind)
{
	if (number >= SOCKETCALL)
		return kind;
	for (size_t i = 0; i < ARRAY_SIZE(compat_places); i++)
		if (compat_places[i].number == number)
			return kind | (uint32_t)ABI_SYSCALL_PLACE(compat_places[i].path,
								  compat_places[i].dirfd)
					      << ABI_SYSCALL_FIRST_SHIFT;
	return kind | places_of(name);
}

/* The rules of each name, and names that have the same rules as one kind. */
struct kinds {
	struct pool pool; /* kinds as slices of rules, ascending; the first is empty */
	uint32_t of[ARRAY_SIZE(numbers)];
	uint64_t *pairs; /* name and rule */
	size_t n_pairs;
	uint32_t *rules; /* room for all */
};

static int pairs_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int pairs_make(struct kinds *kinds, const struct karmor_ruleset *set)
{
	size_t n, first = eval_section(set, KARMOR_SYSCALLS, &n), room = 1;

	for (size_t i = first; i < first + n; i++)
		room += set->rules[i].ir->n_syscalls;
	kinds->pairs = calloc(room, sizeof(*kinds->pairs));
	kinds->rules = calloc(n + 1, sizeof(*kinds->rules));
	if (!kinds->pairs || !kinds->rules)
		return -ENOMEM;
	for (size_t i = first; i < first + n; i++) {
		const struct ir_rule *ir = set->rules[i].ir;

		for (size_t j = 0; j < ir->n_syscalls; j++) {
			int name = name_find(ir->syscalls[j]);

			if (name >= 0)
				kinds->pairs[kinds->n_pairs++] = (uint64_t)name << 32 | i;
		}
	}
	qsort(kinds->pairs, kinds->n_pairs, sizeof(*kinds->pairs), pairs_compare);
	return 0;
}

static int kinds_make(struct kinds *kinds, const struct karmor_ruleset *set)
{
	uint32_t kind;
	int err;

	kinds->pool.slices_max = ABI_SYSCALL_KIND(UINT32_MAX);
	kinds->pool.numbers_max = SIZE_MAX;
	err = pairs_make(kinds, set);
	err = err ? err : pool_find(&kinds->pool, kinds->rules, 0, &kind);
	for (size_t at = 0; !err && at < kinds->n_pairs;) {
		uint64_t name = kinds->pairs[at] >> 32;
		size_t n = 0;

		for (; at < kinds->n_pairs && kinds->pairs[at] >> 32 == name; at++)
			if (!n || kinds->rules[n - 1] != (uint32_t)kinds->pairs[at])
				kinds->rules[n++] = (uint32_t)kinds->pairs[at];
		err = pool_find(&kinds->pool, kinds->rules, n, &kinds->of[name]);
	}
	return err;
}

static void kinds_done(struct kinds *kinds)
{
	pool_done(&kinds->pool);
	free(kinds->pairs);
	free(kinds->rules);
}

static const uint32_t *kind_rules(const struct kinds *kinds, size_t kind, size_t *n)
{
	*n = kinds->pool.slices[kind].len;
	return kinds->pool.numbers + kinds->pool.slices[kind].at;
}

static bool names_path(const struct bpf_rows *rows, const struct kinds *kinds, size_t kind)
{
	size_t n;
	const uint32_t *rules = kind_rules(kinds, kind, &n);

	for (size_t i = 0; i < n; i++)
		if (rows->set->rules[rules[i]].match != IR_SYSCALL)
			return true;
	return false;
}

static void map_set(const struct bpf_rows *rows, const struct kinds *kinds, uint32_t *map,
		    int number, size_t name)
{
	uint32_t kind = kinds->of[name];

	if (number < 0 || !kind)
		return;
	map[number] = number_word((uint32_t)number, numbers[name].name, kind);
	if (names_path(rows, kinds, kind))
		map[number] |= ABI_SYSCALL_PATHS;
}

static void map_fill(const struct bpf_rows *rows, const struct kinds *kinds, uint32_t *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		map_set(rows, kinds, map, numbers[i].native, i);
		if (numbers[i].compat >= 0)
			map_set(rows, kinds, map, COMPAT + numbers[i].compat, i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		int name = name_find(others[i].name);

		if (name >= 0)
			map_set(rows, kinds, map, others[i].number, (size_t)name);
	}
}

static int number_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The rules of @kind that match where the path's are @accept, in kinds->rules. */
static size_t kind_match(const struct bpf_rows *rows, struct kinds *kinds, size_t kind,
			 const struct automaton_accept *accept)
{
	size_t n, count = 0;
	const uint32_t *rules = kind_rules(kinds, kind, &n);

	for (size_t i = 0; i < n; i++)
		if (rows->set->rules[rules[i]].match == IR_SYSCALL)
			kinds->rules[count++] = rules[i];
	for (size_t i = 0; i < accept->n; i++)
		if (bsearch(&accept->ids[i], rules, n, sizeof(*rules), number_compare))
			kinds->rules[count++] = accept->ids[i];
	return count;
}

static void block_fill(struct bpf_rows *rows, struct kinds *kinds,
		       const struct automaton_accept *accept, uint32_t *words)
{
	struct eval_access access = { .section = KARMOR_SYSCALLS, .op = KARMOR_SYSCALL };
	size_t n_kinds = kinds->pool.n_slices;

	for (size_t kind = 1; kind < n_kinds; kind++) {
		size_t n = kind_match(rows, kinds, kind, accept);

		for (uint32_t class = 0; class < rows->classes; class ++)
			words[class * n_kinds + kind] =
				bpf_rows_choose(rows, &access, class, kinds->rules, n);
	}
}

static int section_write(struct bpf_rows *rows, struct kinds *kinds,
			 const struct automaton *automaton, uint32_t *ret_blocks, uint32_t *ret)
{
	size_t words = rows->classes * kinds->pool.n_slices;
	uint32_t first = 0;
	int err = bpf_table_add(rows->table, 1 + ABI_SYSCALL_NUMBERS / 4, ret);

	if (!err)
		map_fill(rows, kinds, rows->table->records[*ret + 1].w);
	for (size_t i = 0; !err && i < automaton->n_accepts; i++) {
		err = bpf_table_add(rows->table, (words + 3) / 4, &first);
		if (err)
			break;
		ret_blocks[i] = first;
		block_fill(rows, kinds, &automaton->accepts[i], rows->table->records[first].w);
	}
	if (err)
		return err;
	rows->table->records[*ret].w[0] = (uint32_t)kinds->pool.n_slices;
	rows->table->records[*ret].w[2] = ret_blocks[0];
	return 0;
}

int bpf_rows_syscalls(struct bpf_rows *rows, const struct automaton *automaton,
		      uint32_t *ret_blocks, uint32_t *ret)
{
	struct kinds kinds = { 0 };
	int err = kinds_make(&kinds, rows->set);

	err = err ? err : section_write(rows, &kinds, automaton, ret_blocks, ret);
	kinds_done(&kinds);
	return err;
}
