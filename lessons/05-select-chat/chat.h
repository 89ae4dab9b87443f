/*
 * chat.h - what the server and the clients of lesson 5 must agree on: the longest line.
 */
#ifndef CHAT_H
#define CHAT_H

#include "net.h"

enum {
    /* Bytes of the longest line that a member may say, without its end: --max-line at most. */
    CHAT_MAX_SAID = 65536,
    /* Bytes that the server puts around it, at most: "[NAME] " and the end of the line. All of
     * "Client joined NAME" fits into them, too. */
    CHAT_MAX_ADDED = NET_NAME_SIZE + sizeof "Client joined \r\n",
    /* Bytes of the longest line that a member is told. */
    CHAT_MAX_TOLD = CHAT_MAX_SAID + CHAT_MAX_ADDED
};

#endif
