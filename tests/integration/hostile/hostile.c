/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends damaged messages to a server that asks for SCRAM, each on a connection of its own, and
 * checks that the server answers with requests for proof and errors only, and closes.  Prints how
 * many were sent.  usage: hostile PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BYTES = 65536, PATIENCE_S = 20, RANDOM_TRIES = 200, SCRAM_FINAL_MAX = 512 };

static struct sockaddr_in server;
static int sent_count;

struct bytes {
    unsigned char data[BYTES];
    size_t len;
};

static void die(const char *what)
{
    fprintf(stderr, "after %d attempts: %s\n", sent_count, what);
    exit(EXIT_FAILURE);
}

/* ---- Messages ---------------------------------------------------------- */

static void add(struct bytes *out, const void *data, size_t len)
{
    if (len > BYTES - out->len) {
        die("a message is too long for this program");
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void add_u32(struct bytes *out, uint32_t value)
{
    uint32_t network = htonl(value);
    add(out, &network, sizeof network);
}

static void add_startup(struct bytes *out)
{
    static const char parameters[] = "user\0admin\0database\0postgres\0";
    add_u32(out, 8 + sizeof parameters);
    add_u32(out, 3 << 16);
    add(out, parameters, sizeof parameters);
}

/* A password message whose length is that of the body and a lie. */
static void add_password(struct bytes *out, const void *body, size_t len, uint32_t lie)
{
    add(out, "p", 1);
    add_u32(out, (uint32_t)(4 + len) + lie);
    add(out, body, len);
}

static void add_initial(struct bytes *out, const char *mechanism, const char *data, size_t len)
{
    struct bytes body = {.len = 0};
    add(&body, mechanism, strlen(mechanism) + 1);
    add_u32(&body, (uint32_t)len);
    add(&body, data, len);
    add_password(out, body.data, body.len, 0);
}

/* ---- A connection ------------------------------------------------------ */

static int begin(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&server, sizeof server) != 0) {
        die("could not connect");
    }
    sent_count++;
    return fd;
}

/* The server may have closed the connection before all is sent. */
static void put(int fd, const struct bytes *message)
{
    for (size_t sent = 0; sent < message->len;) {
        ssize_t now = send(fd, message->data + sent, message->len - sent, MSG_NOSIGNAL);
        if (now <= 0) {
            return;
        }
        sent += (size_t)now;
    }
}

static uint32_t u32_at(const struct bytes *in, size_t at)
{
    uint32_t network = 0;
    memcpy(&network, in->data + at, sizeof network);
    return ntohl(network);
}

/* A request for proof (10, 11), an error, or the answer to a version that is too new. */
static size_t check_message(const struct bytes *in, size_t at)
{
    if (in->len - at < 5) {
        return in->len; /* the single byte that answers an SSLRequest, or a message that was cut */
    }
    char type = (char)in->data[at];
    uint32_t code = in->len - at < 9 ? 0 : u32_at(in, at + 5);
    if (type != 'E' && type != 'v' && !(type == 'R' && (code == 10 || code == 11))) {
        die("an answer is neither a request for proof nor an error");
    }
    return at + 1 + u32_at(in, at + 1);
}

static void end(int fd)
{
    static struct bytes in;
    ssize_t got = 1;
    in.len = 0;
    shutdown(fd, SHUT_WR);
    while (got > 0 && in.len < BYTES) {
        got = recv(fd, in.data + in.len, BYTES - in.len, 0);
        in.len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 && errno != ECONNRESET) {
        die("the server did not close the connection");
    }
    close(fd);
    for (size_t at = 0; at < in.len;) {
        at = check_message(&in, at);
    }
}

static void attack(const struct bytes *message)
{
    int fd = begin();
    put(fd, message);
    end(fd);
}

/* ---- Startup messages -------------------------------------------------- */

static void attack_startup(void)
{
    static const uint32_t lengths[] = {0, 3, 4, 7, 8, 9, 10000, 10001, 0x7fffffff, 0xffffffff};
    static const uint32_t codes[] = {0, 2 << 16, 3 << 16, 80877102, 80877103, 80877104, 0xffffffff};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t j = 0; j < sizeof codes / sizeof *codes; j++) {
            struct bytes message = {.len = 0};
            add_u32(&message, lengths[i]);
            add_u32(&message, codes[j]);
            add(&message, "user\0\0GET / HTTP/1.1\r\n\r\n", 25);
            attack(&message);
        }
    }
}

static void attack_with_noise(void)
{
    uint32_t seed = 1;
    for (int i = 0; i < RANDOM_TRIES; i++) {
        struct bytes message = {.len = 0};
        for (int j = 0; j < 64 + i; j++) {
            seed = seed * 1664525 + 1013904223;
            message.data[message.len++] = (unsigned char)(seed >> 24);
        }
        if (i % 2 == 0) {
            memcpy(message.data, "\0\0\0\x40\0\3\0\0", 8); /* a startup message of noise */
        }
        attack(&message);
    }
}

/* ---- SCRAM ------------------------------------------------------------- */

static const char first[] = "n,,n=,r=rOprNGfwEbeRWgbNEkqO";

static void attack_first_with(const char *mechanism, const char *data, size_t len, uint32_t lie)
{
    struct bytes message = {.len = 0};
    add_startup(&message);
    add_initial(&message, mechanism, data, len);
    message.data[message.len - len - 1] ^= (unsigned char)lie; /* the last byte of its own length */
    attack(&message);
}

static void attack_first(void)
{
    static const char damages[] = {'\0', ',', '=', 'x', '\x80'};
    char data[sizeof first];
    attack_first_with("SCRAM-SHA-257", first, sizeof first - 1, 0);
    attack_first_with("SCRAM-SHA-256-PLUS", first, sizeof first - 1, 0);
    attack_first_with("SCRAM-SHA-256", first, sizeof first - 1, 1);
    attack_first_with("SCRAM-SHA-256", first, sizeof first - 1, 0xff);
    for (size_t i = 0; i < sizeof first - 1; i++) {
        attack_first_with("SCRAM-SHA-256", first, i, 0);
        for (size_t j = 0; j < sizeof damages; j++) {
            memcpy(data, first, sizeof first);
            data[i] = damages[j];
            attack_first_with("SCRAM-SHA-256", data, sizeof first - 1, 0);
        }
    }
}

static void attack_lengths(void)
{
    static const uint32_t lies[] = {1, 100, 0x10000, 0x7fffff00, 0xfffffffc, 0xffffffe0};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct bytes message = {.len = 0};
        add_startup(&message);
        add_password(&message, "SCRAM-SHA-256", 14, lies[i]);
        attack(&message);
    }
    for (const char *type = "QPBXFdcfHSDEC"; *type != '\0'; type++) {
        struct bytes message = {.len = 0};
        add_startup(&message);
        add(&message, type, 1);
        add_u32(&message, 13);
        add(&message, "SELECT 1;", 9);
        attack(&message);
    }
}

/* Reads up to the server's nonce, "r=..." of its SASLContinue. */
static void read_nonce(int fd, char *nonce, size_t size)
{
    struct bytes in = {.len = 0};
    const unsigned char *start = NULL;
    while (start == NULL || memchr(start, ',', in.len - (size_t)(start - in.data)) == NULL) {
        ssize_t got = recv(fd, in.data + in.len, BYTES - in.len, 0);
        if (got <= 0) {
            die("no challenge");
        }
        in.len += (size_t)got;
        start = memmem(in.data, in.len, "r=rOpr", 6);
    }
    const unsigned char *stop = memchr(start, ',', in.len - (size_t)(start - in.data));
    snprintf(nonce, size, "%.*s", (int)(stop - start), (const char *)start);
}

/* damage: at this place; at the end: the message is complete and its proof is wrong. */
static bool attack_final_at(size_t place, char damage, bool is_cut)
{
    char nonce[SCRAM_FINAL_MAX / 2];
    char final[SCRAM_FINAL_MAX];
    struct bytes message = {.len = 0};
    int fd = begin();
    add_startup(&message);
    add_initial(&message, "SCRAM-SHA-256", first, sizeof first - 1);
    put(fd, &message);
    read_nonce(fd, nonce, sizeof nonce);
    snprintf(final, sizeof final,
             "c=biws,%s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", nonce);
    size_t len = strlen(final);
    bool is_in = place < len;
    if (is_in) {
        final[place] = damage;
    }
    message.len = 0;
    add_password(&message, final, is_cut && is_in ? place : len, 0);
    put(fd, &message);
    end(fd);
    return is_in;
}

static void attack_final(void)
{
    for (size_t i = 0; attack_final_at(i, '\0', true); i++) {
        (void)attack_final_at(i, ',', false);
        (void)attack_final_at(i, '\0', false);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: hostile PORT\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    attack_startup();
    attack_with_noise();
    attack_lengths();
    attack_first();
    attack_final();
    printf("%d damaged messages\n", sent_count);
    return EXIT_SUCCESS;
}
