/*
 * ftp.h - the actions of peer that know FTP: commands and replies on the control connection, which is
 * peer->fd, and the data connection, which is peer->other.
 */
#ifndef FTP_H
#define FTP_H

#include "script.h"
#include "wire.h"

/* Sends the text as a command, and does ftp_reply. */
void ftp_ask(struct peer *peer, const struct step *step);

/* Receives a whole reply, and prints its lines; its code must be step->number. */
void ftp_reply(struct peer *peer, const struct step *step);

/* Makes the data connection: to the port that the last reply, 227 or 229, has told; or takes the
 * one that comes, after ftp_port or ftp_eprt. */
void ftp_data(struct peer *peer, const struct step *step);

/* Listens for a data connection, and says so with PORT or EPRT; the reply must be 200. */
void ftp_port(struct peer *peer, const struct step *step);
void ftp_eprt(struct peer *peer, const struct step *step);

/* Sends EPSV, makes the data connection, and sends the text as a command; the replies must be 229 and
 * 150. */
void ftp_transfer(struct peer *peer, const struct step *step);

/* The data connection receives exactly the text, and the end; or sends the text and ends; or receives
 * lines up to its end, and prints them. Then it is closed. */
void ftp_take(struct peer *peer, const struct step *step);
void ftp_give(struct peer *peer, const struct step *step);
void ftp_listing(struct peer *peer, const struct step *step);

/* From here on the other one of the two connections is peer->fd, for all actions. */
void ftp_other(struct peer *peer, const struct step *step);

/* Sends the text as urgent data: the mark stands behind its last byte. */
void ftp_urgent(struct peer *peer, const struct step *step);

#endif
