/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens whose signatures AWS published in the tests of its SDKs (Rust, Java and the
 * aws-cli, aws-c-auth, botocore).  The texts in between come from an independent signer
 * that reproduces all ten signatures.
 */
#ifndef DSQL_TESTS_TOKEN_VECTORS_H
#define DSQL_TESTS_TOKEN_VECTORS_H

struct token_vector {
    const char *name;
    const char *host;
    const char *action;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
    const char *time;
    int seconds;
    const char *canonical_request;
    const char *string_to_sign;
    const char *signature;
};

static const struct token_vector token_vectors[] = {
    {"rust_connect", "peccy.dsql.us-east-1.on.aws", "DbConnect", "akid", "secret", "",
     "20240827T000000Z", 450,
     "GET\n"
     "/\n"
     "Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20240827%2Fus-east-"
     "1%2Fdsql%2Faws4_request&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450&X-Amz-SignedHeaders="
     "host\n"
     "host:peccy.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20240827T000000Z\n"
     "20240827/us-east-1/dsql/aws4_request\n"
     "3c1402505ef9b6bb6222037e1d068537b99830143d445035538ca111a7126b3d",
     "f5f2ad764ca5df44045d4ab6ccecba0eef941b0007e5765885a0b6ed3702a3f8"},
    {"rust_admin", "peccy.dsql.us-east-1.on.aws", "DbConnectAdmin", "akid", "secret", "",
     "20240827T000000Z", 450,
     "GET\n"
     "/\n"
     "Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20240827%2Fus-"
     "east-1%2Fdsql%2Faws4_request&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450&X-Amz-"
     "SignedHeaders=host\n"
     "host:peccy.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20240827T000000Z\n"
     "20240827/us-east-1/dsql/aws4_request\n"
     "2f5d99741812ce47543f322059eb30738334b566b20209ca84eb7479fe38d139",
     "267cf8d04d84444f7a62d5bdb40c44bfc6cb13dd6c64fa7f772df6bbaa90fff1"},
    {"aws_c_connect_session", "peccy.dsql.us-east-1.on.aws", "DbConnect", "akid", "secret", "token",
     "20240827T000000Z", 450,
     "GET\n"
     "/\n"
     "Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20240827%2Fus-east-"
     "1%2Fdsql%2Faws4_request&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450&X-Amz-Security-Token="
     "token&X-Amz-SignedHeaders=host\n"
     "host:peccy.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20240827T000000Z\n"
     "20240827/us-east-1/dsql/aws4_request\n"
     "d085ae8f9a080d7f98f9da03c5b6dc4695cd51c72deb857b551939da176a570c",
     "9fdb9de7ca6822832943d5a4e1b02411d302a2b8204bd7e8193aa4875fbd5a58"},
    {"aws_c_admin_session", "peccy.dsql.us-east-1.on.aws", "DbConnectAdmin", "akid", "secret",
     "token", "20240827T000000Z", 450,
     "GET\n"
     "/\n"
     "Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20240827%2Fus-"
     "east-1%2Fdsql%2Faws4_request&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450&X-Amz-Security-"
     "Token=token&X-Amz-SignedHeaders=host\n"
     "host:peccy.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20240827T000000Z\n"
     "20240827/us-east-1/dsql/aws4_request\n"
     "fe5b3c26110542a18855a85f54220d85773d2ab00f31c2637b1d6bfeb69272ed",
     "dd5373133b347f82a6e8a710e5fbd367f5e1d84824dc148b96d5f45089cb47f0"},
    {"java_connect", "test.dsql.us-east-1.on.aws", "DbConnect", "access_key", "secret_key", "",
     "20241107T173933Z", 900,
     "GET\n"
     "/\n"
     "Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=access_key%2F20241107%"
     "2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=900&X-Amz-"
     "SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "e522eb881eb1ccb27d79e18cd1041513b5c72767b5ef0e37a42cce0e5171caf2",
     "e319d85380261f643d78a558f76257f05aacea758a6ccd42a2510e2ae0854a47"},
    {"java_admin", "test.dsql.us-east-1.on.aws", "DbConnectAdmin", "access_key", "secret_key", "",
     "20241107T173933Z", 900,
     "GET\n"
     "/\n"
     "Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=access_key%"
     "2F20241107%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=900&X-"
     "Amz-SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "49c942ba6e8a59b764e90d53e68d52bda9f63ce8e2f2f0f92aa48f6fb8f90244",
     "a08adc4c84a490014ce374b90c98ba9ed015b77b451c0d9f9fb3f8ca8c6f9c36"},
    {"java_connect_3600", "test.dsql.us-east-1.on.aws", "DbConnect", "access_key", "secret_key", "",
     "20241107T173933Z", 3600,
     "GET\n"
     "/\n"
     "Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=access_key%2F20241107%"
     "2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=3600&X-Amz-"
     "SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "ac0dec11e886d4183e33f609a2f3ca8f064ebb5ea566e79957cbc16d274aa231",
     "63987ab6908fe81bfcaa5a5120444a8d012751992bcdfec351522db555232c51"},
    {"java_admin_3600", "test.dsql.us-east-1.on.aws", "DbConnectAdmin", "access_key", "secret_key",
     "", "20241107T173933Z", 3600,
     "GET\n"
     "/\n"
     "Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=access_key%"
     "2F20241107%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=3600&"
     "X-Amz-SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "f066520d63098591695c91c095a0c65d8e3cb416ccd9e89c641b6e619dcd9ea8",
     "46e02dfc8d6d07289b9e5910ccd9a50f1c3b798e48ccd92153255df508bd0b82"},
    {"botocore_connect_session", "test.dsql.us-east-1.on.aws", "DbConnect", "ACCESS_KEY",
     "SECRET_KEY", "SESSION_TOKEN", "20241107T173933Z", 900,
     "GET\n"
     "/\n"
     "Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ACCESS_KEY%2F20241107%"
     "2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=900&X-Amz-"
     "Security-Token=SESSION_TOKEN&X-Amz-SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "4cbddff2c9e3d1bbc647c3cbcbfaa5b2d21e10815111295f40fd7e2938cce468",
     "57fe03e060348aaa21405c239bf02572bbc911076e94dcd65c12ae569dd8fcf4"},
    {"botocore_admin_session", "test.dsql.us-east-1.on.aws", "DbConnectAdmin", "ACCESS_KEY",
     "SECRET_KEY", "SESSION_TOKEN", "20241107T173933Z", 900,
     "GET\n"
     "/\n"
     "Action=DbConnectAdmin&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ACCESS_KEY%"
     "2F20241107%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date=20241107T173933Z&X-Amz-Expires=900&X-"
     "Amz-Security-Token=SESSION_TOKEN&X-Amz-SignedHeaders=host\n"
     "host:test.dsql.us-east-1.on.aws\n"
     "\n"
     "host\n"
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "AWS4-HMAC-SHA256\n"
     "20241107T173933Z\n"
     "20241107/us-east-1/dsql/aws4_request\n"
     "cee9eddb9ebd360328c820789bf82e327ab8f9a076480028c039104a0755e01b",
     "5ac084bc7cabccc19a52a5d1b5c24b50d3ce143f43b659bd484c91aaf555e190"},
};

#endif
