/*
 * verbs_files.h - the commands of lesson 12's client that transfer files.
 */
#ifndef VERBS_FILES_H
#define VERBS_FILES_H

#include "verbs.h"

/* ---- as they stand in verbs_table ---- */
bool verbs_files_get(struct verbs *verbs, char **words, int count);
bool verbs_files_reget(struct verbs *verbs, char **words, int count);
bool verbs_files_mget(struct verbs *verbs, char **words, int count);
bool verbs_files_cat(struct verbs *verbs, char **words, int count);
bool verbs_files_put(struct verbs *verbs, char **words, int count);
bool verbs_files_reput(struct verbs *verbs, char **words, int count);
bool verbs_files_mput(struct verbs *verbs, char **words, int count);

#endif
