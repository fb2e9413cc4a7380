/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are written in an order that a crash cannot confuse: the CA before the server certificate
 * that it signs, and the key before its certificate, whose existence means that the key is there.
 */
#include "local/pki.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/random.h"
#include "local/file.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <unistd.h>

enum { LIST_OF_NAMES_MAX = (PKI_MAX_OTHER_NAMES + 2) * (PKI_NAME_MAX + 8) };

/* In OpenSSL's configuration syntax (x509v3_config(5)). */
struct extension {
    int nid;
    const char *value;
};

/* pathlen:0: this CA signs server certificates and no other CA. */
static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_undef, NULL},
};

/* NULL also for a damaged file, which is then replaced like a missing one. */
static X509 *read_certificate(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    X509 *certificate = in == NULL ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);
    BIO_free(in);
    return certificate;
}

/* NULL also for a damaged file. */
static EVP_PKEY *read_key(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    EVP_PKEY *key = in == NULL ? NULL : PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    BIO_free(in);
    return key;
}

/* days more from now; a certificate that has expired has a negative number of days left. */
bool pki_lasts(const char *certificate_file, int days)
{
    X509 *certificate = read_certificate(certificate_file);
    int left_days = 0;
    int left_seconds = 0;
    bool ok = certificate != NULL &&
              ASN1_TIME_diff(&left_days, &left_seconds, NULL, X509_get0_notAfter(certificate)) == 1;
    X509_free(certificate);
    return ok && left_days >= days;
}

/* A certificate and the private key that belongs to it.  Both are NULL if there is no such pair. */
struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static void clear_pair(struct pair *pair)
{
    EVP_PKEY_free(pair->key);
    X509_free(pair->certificate);
    *pair = (struct pair){0};
}

static struct pair read_pair(const char *certificate_file, const char *key_file)
{
    struct pair pair = {.certificate = read_certificate(certificate_file),
                        .key = read_key(key_file)};
    bool ok = pair.certificate != NULL && pair.key != NULL &&
              X509_check_private_key(pair.certificate, pair.key) == 1;
    if (!ok) {
        clear_pair(&pair);
    }
    return pair;
}

/* False if a file is missing, damaged or of another CA: no certificate could be renewed with it. */
static bool has_usable_ca(const struct pki_files *files)
{
    struct pair ca = read_pair(files->ca, files->ca_key);
    bool ok = ca.key != NULL && pki_lasts(files->ca, PKI_RENEW_DAYS);
    clear_pair(&ca);
    return ok;
}

static bool is_signed_by(X509 *certificate, const char *ca_file)
{
    X509 *ca = read_certificate(ca_file);
    bool ok = ca != NULL && X509_verify(certificate, X509_get0_pubkey(ca)) == 1;
    X509_free(ca);
    return ok;
}

bool pki_is_name(const char *name)
{
    struct text text = text_of(name);
    bool ok = text.len > 0 && text.len <= PKI_NAME_MAX && char_is_alnum(text.data[0]) &&
              char_is_alnum(text.data[text.len - 1]);
    for (size_t i = 0; ok && i < text.len; i++) {
        ok = char_is_alnum(text.data[i]) || text.data[i] == '-' || text.data[i] == '.';
    }
    return ok && !text_contains(text, "..");
}

static bool has_name(X509 *certificate, const char *name)
{
    return X509_check_host(certificate, name, 0, 0, NULL) == 1;
}

static bool has_names(X509 *certificate, const struct pki_names *names)
{
    bool ok = has_name(certificate, names->endpoint);
    for (const char *const *other = names->others; ok && other != NULL && *other != NULL; other++) {
        ok = has_name(certificate, *other);
    }
    return ok;
}

/*
 * False for an empty key file, a key of another certificate, a certificate without one of the
 * names, and one of another CA.  Clients would reject each of them, so the pair is
 * made again; nothing is lost, since clients know only the CA.
 */
static bool serves(const struct pki_files *files, const struct pki_names *names)
{
    struct pair server = read_pair(files->server_certificate, files->server_key);
    bool ok = server.key != NULL && is_signed_by(server.certificate, files->ca) &&
              has_names(server.certificate, names);
    clear_pair(&server);
    return ok;
}

/* The first name in a certificate; make_server_certificate() puts the endpoint there. */
static bool copy_first_name(X509 *certificate, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *first = names == NULL ? NULL : sk_GENERAL_NAME_value(names, 0);
    bool ok = first != NULL && first->type == GEN_DNS;
    if (ok) {
        const ASN1_IA5STRING *name = first->d.dNSName;
        ok = text_copy(text_of_bytes(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)),
                       out, size);
    }
    GENERAL_NAMES_free(names);
    return ok;
}

bool pki_read_endpoint(const struct pki_files *files, char *out, size_t size)
{
    X509 *certificate = read_certificate(files->server_certificate);
    bool ok = certificate != NULL && is_signed_by(certificate, files->ca) &&
              copy_first_name(certificate, out, size);
    X509_free(certificate);
    return ok;
}

/*
 * Random, so that no two certificates of the same CA name share one (RFC 5280, 4.1.2.2, which
 * allows 20 bytes at most).
 */
static bool set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    if (!random_bytes(bytes, sizeof bytes)) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool set_dates(X509 *certificate, int days)
{
    /* An hour ago: the clock of a container may be behind. */
    return X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) != NULL;
}

/* The authority key identifier is copied from the issuer's certificate, so the context has both. */
static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *list)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (const struct extension *e = list; e->value != NULL; e++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, e->nid, e->value);
        bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* What one certificate is made from.  Nothing in it is owned. */
struct request {
    const char *common_name;
    int days;
    const struct extension *extensions;
    X509 *issuer; /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    EVP_PKEY *key;
};

/* The subject has only a common name; clients verify the subject alternative names (RFC 6125). */
static X509 *make_certificate(const struct request *request)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) {
        return NULL;
    }
    X509 *issuer = request->issuer == NULL ? certificate : request->issuer;
    X509_NAME *name = X509_get_subject_name(certificate);
    bool ok =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        set_dates(certificate, request->days) &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   (const unsigned char *)request->common_name, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
        X509_set_pubkey(certificate, request->key) == 1 &&
        add_extensions(certificate, issuer, request->extensions) &&
        X509_sign(certificate, request->issuer_key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/*
 * The BIO of a key is in secure memory, which OpenSSL wipes when the BIO is freed.
 * file_replace() makes the file with its final mode from the beginning, so a key is never
 * readable by others, not even for a moment.
 */
static dsql_status save(BIO *bio, const char *path, mode_t mode, dsql_error *err)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    if (len <= 0) {
        return fail_nomem(err);
    }
    return file_replace(path, mode, text_of_bytes(data, (size_t)len), err);
}

/* Certificates are public; the server's is in the closed directory only because its key is. */
static dsql_status save_certificate(X509 *certificate, const char *path, mode_t mode,
                                    dsql_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;
    dsql_status status = ok ? save(bio, path, mode, err) : fail_nomem(err);
    BIO_free(bio);
    return status;
}

/* Unencrypted: the daemon has to read it without a passphrase. */
static dsql_status save_key(EVP_PKEY *key, const char *path, dsql_error *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    dsql_status status = ok ? save(bio, path, 0600, err) : fail_nomem(err);
    BIO_free(bio);
    return status;
}

/*
 * P-256: every TLS library has it, and the handshake is fast.  The CA is for ten years, since
 * clients have its file in their environment.
 */
static dsql_status make_ca(const struct pki_files *files, dsql_error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate =
        key == NULL ? NULL
                    : make_certificate(&(struct request){.common_name = "dsql local cluster CA",
                                                         .days = PKI_CA_DAYS,
                                                         .extensions = ca_extensions,
                                                         .issuer_key = key,
                                                         .key = key});
    dsql_status status = DSQL_OK;
    if (certificate == NULL) {
        status = fail(err, DSQL_ERR_NOMEM, "could not create a certificate authority");
    }
    if (status == DSQL_OK) {
        status = save_key(key, files->ca_key, err);
    }
    if (status == DSQL_OK) {
        status = save_certificate(certificate, files->ca, 0644, err);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}

/*
 * The endpoint is the first: see copy_first_name().  localhost and the loopback addresses are in it
 * for clients that cannot set PGHOSTADDR.
 */
static void write_names(const struct pki_names *names, struct buf *out)
{
    buf_add_string(out, "DNS:");
    buf_add_string(out, names->endpoint);
    buf_add_string(out, ",DNS:localhost,IP:127.0.0.1,IP:::1");
    for (const char *const *other = names->others; other != NULL && *other != NULL; other++) {
        buf_add_string(out, ",DNS:");
        buf_add_string(out, *other);
    }
    buf_add_char(out, '\0');
}

static X509 *make_server_certificate(const struct pki_names *names, X509 *ca, EVP_PKEY *ca_key,
                                     EVP_PKEY *key)
{
    struct buf list AUTO_BUF;
    buf_init(&list, LIST_OF_NAMES_MAX);
    write_names(names, &list);
    if (!buf_ok(&list)) {
        return NULL;
    }
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, list.data},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_undef, NULL},
    };
    return make_certificate(&(struct request){.common_name = "dsql local cluster",
                                              .days = PKI_SERVER_DAYS,
                                              .extensions = extensions,
                                              .issuer = ca,
                                              .issuer_key = ca_key,
                                              .key = key});
}

/* A new key with each certificate, so a copied key is worthless after a year. */
static dsql_status make_server(const struct pki_files *files, const struct pki_names *names,
                               dsql_error *err)
{
    X509 *ca = read_certificate(files->ca);
    EVP_PKEY *ca_key = read_key(files->ca_key);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = NULL;
    if (ca != NULL && ca_key != NULL && key != NULL) {
        certificate = make_server_certificate(names, ca, ca_key, key);
    }
    dsql_status status = DSQL_OK;
    if (certificate == NULL) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "could not create a TLS certificate with the CA key \"%s\"", files->ca_key);
    }
    if (status == DSQL_OK) {
        status = save_key(key, files->server_key, err);
    }
    if (status == DSQL_OK) {
        status = save_certificate(certificate, files->server_certificate, 0644, err);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
    return status;
}

/*
 * A certificate with fewer than PKI_RENEW_DAYS left is replaced at the next start.  A daemon that
 * runs longer than that keeps its old one.
 */
dsql_status pki_ensure(const struct pki_files *files, const struct pki_names *names,
                       struct pki_made *made, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    bool has_ca = has_usable_ca(files);
    /* A new CA needs a new server certificate: the old one would not verify. */
    bool has_server =
        has_ca && serves(files, names) && pki_lasts(files->server_certificate, PKI_RENEW_DAYS);
    *made = (struct pki_made){.ca = !has_ca, .server = !has_server};
    if (!has_server) {
        /* Removed first: if this is interrupted, the next start creates all of it again. */
        unlink(files->server_certificate);
    }
    if (!has_ca) {
        status = make_ca(files, err);
    }
    if (status == DSQL_OK && !has_server) {
        status = make_server(files, names, err);
    }
    return status;
}
