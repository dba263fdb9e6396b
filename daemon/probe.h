/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe report: the program karmor-probe and the verb `karmor probe` are the same function.
 */
#pragma once

/* Takes main's arguments; the exit status. */
int probe_main(int argc, char *argv[]);
