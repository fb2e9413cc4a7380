/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The new value is copied before the old one is wiped, so that a secret may be set from itself.
 */
#include "base/secret.h"

#include "base/memory.h"

#include <openssl/crypto.h>

#include <string.h>

/*
 * In bytes.  A login goes 7 KiB deep (OpenSSL 3.0 and 3.5), and the frame of a signal, with all the
 * registers of the processor, may take 11 KiB more.
 */
enum { STACK_DEPTH = 32 * 1024 };

/*
 * The empty asm reads the bytes, as far as the compiler knows, so the memset() is no dead store.
 * OPENSSL_cleanse() writes 8 bytes at a time: that was the largest part of the time that TLS took,
 * because OpenSSL frees a buffer of 17 kB after each record, and freed memory is wiped.
 */
static void cleanse(void *data, size_t len)
{
    memset(data, 0, len);
    __asm__ volatile("" : : "r"(data) : "memory");
}

bool secret_set(struct secret *secret, const char *data, size_t len)
{
    char *copy = len == 0 ? NULL : mem_strndup(data, len);
    bool ok = len == 0 || copy != NULL;
    secret_clear(secret);
    if (copy != NULL) {
        secret->data = copy;
        secret->len = len;
    }
    return ok;
}

bool secret_set_string(struct secret *secret, const char *string)
{
    return secret_set(secret, string, string == NULL ? 0 : strlen(string));
}

const char *secret_string(const struct secret *secret)
{
    return secret->data == NULL ? "" : secret->data;
}

bool secret_is_empty(const struct secret *secret)
{
    return secret->len == 0;
}

void secret_clear(struct secret *secret)
{
    if (secret->data != NULL) {
        cleanse(secret->data, secret->len);
        mem_free(secret->data);
    }
    secret->data = NULL;
    secret->len = 0;
}

void secret_free_string(char *string)
{
    if (string != NULL) {
        cleanse(string, strlen(string));
        mem_free(string);
    }
}

void secret_wipe(void *data, size_t len)
{
    if (data != NULL) {
        cleanse(data, len);
    }
}

/*
 * memcpy() leaves up to some hundred bytes in vector registers.  Whatever saves the registers then
 * writes them to the stack, where gaps in later frames preserve them: the dynamic linker at the
 * first call of a library's function (lazy binding), or the kernel for a signal handler.  Legacy
 * SSE would leave the upper halves, and vzeroall does not reach registers 16 to 31.
 */
#if defined(__x86_64__)
#ifdef __AVX512F__ /* otherwise the compiler never uses them */
#define CLOBBERS_HIGH                                                                              \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"
#else
#define CLOBBERS_HIGH
#endif
#define CLOBBERS                                                                                   \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15" CLOBBERS_HIGH

static void wipe_vector_registers(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                         "vpxord %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t"
                         ".endr" ::
                             : CLOBBERS);
    }
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vzeroall" ::: CLOBBERS);
    } else {
        __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
                         "pxor %%xmm\\n, %%xmm\\n\n\t"
                         ".endr" ::
                             : CLOBBERS);
    }
}
#else
#if __has_attribute(zero_call_used_regs)
#define WIPES_REGISTERS noinline, zero_call_used_regs("all")
#else
#define WIPES_REGISTERS noinline
#endif
static __attribute__((WIPES_REGISTERS)) void wipe_vector_registers(void)
{
    __asm__ volatile(""); /* a call without any effect could be left out */
}
#endif

/*
 * Its frame is what lies below the caller's, without a sanitizer's gaps.  The array escapes, so
 * that it is really there.
 */
static __attribute__((noinline, no_sanitize_address)) void wipe_stack_below(void)
{
    char dead[STACK_DEPTH];
    cleanse(dead, sizeof dead);
}

/* The registers first: the call that wipes the stack may be one that is bound lazily. */
__attribute__((noinline)) void secret_wipe_remains(void)
{
    wipe_vector_registers();
    wipe_stack_below();
}

/* Lengths are not secret here: signatures and tokens have known lengths. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}
