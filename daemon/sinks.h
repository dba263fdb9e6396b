/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where events go beside the socket: a file, the journal, standard output, as the configuration has
 * it. No reader of theirs is waited for, but a file's disk is. What one cannot take at once is lost
 * to it alone, counted, told in the log, and told in the sink as soon as that takes something
 * again.
 */
#pragma once

#include "config.h"
#include "loop.h"
#include "sink.h"

/* NULL stands for none of them. */
struct sinks;

/* 0 or a negative errno. A sink that cannot be opened now is told, and tried with each event. */
int sinks_open(const struct config *config, struct loop *loop, struct sinks **ret);
void sinks_close(struct sinks *sinks);
/* An event, also as @line, a line without its end. */
void sinks_write(struct sinks *sinks, json_t *event, const char *line);
/* The file by its name, for whoever renamed it. */
void sinks_reopen(struct sinks *sinks);
/* The i-th; NULL past the end. */
const struct sink *sinks_at(const struct sinks *sinks, size_t i);
