/*
 * token.h - the secret that both programs know, and the proof that a client knows it.
 *
 * The secret never crosses the network. The server sends random bytes, a challenge; the client
 * answers with their HMAC-SHA256 (RFC 2104), which only who knows the secret can compute. The next
 * challenge is another one, so an answer that somebody has recorded is worth nothing.
 *
 * It stands on OpenSSL: HMAC(3), RAND_bytes(3), CRYPTO_memcmp(3).
 */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { TOKEN_SIZE = 32, TOKEN_CHALLENGE_SIZE = 32, TOKEN_ANSWER_SIZE = 32 };

struct token {
    unsigned char key[TOKEN_SIZE];
};

/*
 * Returns `given`; or, if that is NULL, the path of the token that is used if none is named:
 * twelve-sockets/token under $XDG_RUNTIME_DIR, else under $XDG_STATE_HOME, else under
 * $HOME/.local/state. It needs no free.
 * Returns NULL if none of the three is set, or the path is longer than PATH_MAX.
 */
const char *token_path(const char *given);

/*
 * Makes a file with a new random token, and the directories that lead to it, unless the file is
 * there. Only its owner can read it, at every moment; and whoever finds the file, finds it whole.
 * Returns 0, or -1 with errno set; EIO if there are no random bytes.
 */
int token_make(const char *path);

/*
 * Reads the token from a file. Returns 0; or -1 with *reason set to a text that says why (it needs
 * no free): the file can't be read, others than its owner may read or write it, or it holds no token.
 */
int token_read(const char *path, struct token *token, const char **reason);

/* Fills a challenge with random bytes. Returns 0, or -1 with errno EIO. */
int token_challenge(unsigned char challenge[TOKEN_CHALLENGE_SIZE]);

/* Computes the answer to a challenge. Returns 0, or -1 with errno ENOMEM. */
int token_answer(const struct token *token,
                 const unsigned char challenge[TOKEN_CHALLENGE_SIZE],
                 unsigned char answer[TOKEN_ANSWER_SIZE]);

/* Whether the `length` bytes are the answer to the challenge. How long this takes does not tell how
 * much of a wrong answer is right. */
bool token_is_answer(const struct token *token,
                     const unsigned char challenge[TOKEN_CHALLENGE_SIZE],
                     const void *bytes, size_t length);

#endif
