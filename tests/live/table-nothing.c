/* SPDX-License-Identifier: Apache-2.0 */
/* The program at objects that are executed: without a C library, for there may be hundreds. */
void _start(void);

void _start(void)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" : : "a"(60L), "D"(0L) : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = 93, status __asm__("x0") = 0;

	__asm__ volatile("svc 0" : : "r"(number), "r"(status) : "memory");
#endif
}
