# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""What a stranger tries at a TCP port with TLS and SCRAM, even one who knows the password: requests for
encryption in a loop, odd ALPN, lies about channel binding, damaged cancel requests.  None may log in, and
nothing but requests for proof and errors is sent.

usage: strangers.py PORT PASSWORD CERTIFICATE
"""
import base64
import hashlib
import hmac
import socket
import ssl
import struct
import sys

from protocol import message, query

ADDRESS = ("127.0.0.1", int(sys.argv[1]))
PASSWORD = sys.argv[2].encode()
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSSENC_REQUEST = struct.pack("!II", 8, 80877104)
PARAMETERS = b"user\0admin\0database\0postgres\0\0"
STARTUP = struct.pack("!II", len(PARAMETERS) + 8, 3 << 16) + PARAMETERS
PATIENCE_S = 60

attempts = 0


def connect():
    global attempts
    attempts += 1
    connection = socket.create_connection(ADDRESS)
    connection.settimeout(PATIENCE_S)
    return connection


def connect_tls(alpn, is_direct):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    connection = connect()
    if not is_direct:
        connection.sendall(SSL_REQUEST)
        assert connection.recv(1) == b"S"
    return context.wrap_socket(connection)


def rest_of(connection):
    """What comes before the other side closes the connection."""
    received = b""
    try:
        while data := connection.recv(4096):
            received += data
    except (ConnectionError, ssl.SSLError):
        pass
    connection.close()
    return received


def expect_refusal(what, received, sqlstate=b""):
    """One error at the most, after requests for proof."""
    while received[:1] == b"R" and struct.unpack("!I", received[5:9])[0] in (10, 11):
        received = received[struct.unpack("!I", received[1:5])[0] + 1:]
    if received and not (received[:1] == b"E" and b"\0C" + sqlstate in received):
        sys.exit(f"{what}: {received!r}")


def try_negotiation():
    connection = connect()
    connection.sendall(GSSENC_REQUEST)
    assert connection.recv(1) == b"N"
    connection.sendall(GSSENC_REQUEST)
    expect_refusal("a request again", rest_of(connection), b"0A000")
    for what, data in (("two requests at once", GSSENC_REQUEST + SSL_REQUEST),
                       ("a message behind a request", SSL_REQUEST + STARTUP)):
        connection = connect()
        connection.sendall(data)
        received = rest_of(connection)
        if received:
            sys.exit(f"{what}: {received!r}")
    connection = connect_tls(["postgresql"], False)
    connection.sendall(SSL_REQUEST)
    expect_refusal("a request inside TLS", rest_of(connection), b"0A000")


def try_alpn():
    for alpn in (["http/1.1"], ["POSTGRESQL"], ["postgresq"], ["x" * 255]):
        for is_direct in (True, False):
            try:
                connection = connect_tls(alpn, is_direct)
            except (ssl.SSLError, ConnectionError):
                continue
            sys.exit(f"ALPN {alpn}: {connection.version()}")
    try:
        connect_tls(None, is_direct=True)
    except ssl.SSLError as error:
        assert "application protocol" in str(error).replace("_", " ").lower(), error
    else:
        sys.exit("direct TLS without ALPN")
    connect_tls(None, is_direct=False).close()


def receive(connection):
    """The body of the next message; None if it is an error."""
    received = b""
    while len(received) < 5 or len(received) <= struct.unpack("!I", received[1:5])[0]:
        data = connection.recv(4096)
        if not data:
            return None
        received += data
    return received[5:] if received[:1] == b"R" else None


def log_in(mechanism, header, binding=b"", final=lambda text: text, proof=lambda text: text):
    """A login with the right password, apart from these.  What is sent after the last message."""
    connection = connect_tls(["postgresql"], True)
    connection.sendall(STARTUP)
    assert receive(connection) is not None
    bare = "n=,r=rOprNGfwEbeRWgbNEkqO"
    first = (header + bare).encode()
    connection.sendall(message(b"p", mechanism + b"\0" + struct.pack("!I", len(first)) + first))
    challenge = receive(connection)
    if challenge is None:
        connection.close()
        return b""
    fields = dict(part.split("=", 1) for part in challenge[4:].decode().split(","))
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    text = final("c=" + base64.b64encode(header.encode() + binding).decode() + ",r=" + fields["r"])
    signed = ",".join((bare, challenge[4:].decode(), text)).encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    shown = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
    connection.sendall(message(b"p", f"{text},p={proof(shown)}".encode()))
    return rest_of(connection)


def try_scram(certificate):
    plain, plus, end_point = b"SCRAM-SHA-256", b"SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"
    digest = hashlib.sha256(certificate).digest()
    lies = {
        "another certificate": (plus, end_point, hashlib.sha256(b"").digest()),
        "no certificate": (plus, end_point),
        "more than the certificate": (plus, end_point, digest + b"x"),
        "another type of binding": (plus, "p=tls-unique,,", digest),
        "PLUS without binding": (plus, "n,,"),
        "binding without PLUS": (plain, end_point, digest),
        "a downgrade": (plain, "y,,"),
        "another identity": (plain, "n,a=app,"),
        "another nonce": (plain, "n,,", b"", lambda text: text[:-1] + "!"),
        "another header": (plain, "n,,", b"", lambda text: text.replace("biws", "eSws")),
        "an extension": (plain, "n,m=x,"),
        "a short proof": (plain, "n,,", b"", lambda text: text, lambda text: text[:-8] + "=="),
        "a long proof": (plain, "n,,", b"", lambda text: text, lambda text: text + "AAAA"),
        "a proof of nothing": (plain, "n,,", b"", lambda text: text, lambda text: "A" * 43 + "="),
    }
    for what, lie in lies.items():
        expect_refusal(what, log_in(*lie))


def try_before_login():
    for data in (STARTUP, query("SELECT 1")):
        connection = connect_tls(["postgresql"], True)
        connection.sendall(STARTUP + data)
        expect_refusal("not a proof", rest_of(connection), b"08P01")


def try_cancel():
    for size in (8, 12, 15, 16, 17, 20, 268, 300):
        connection = connect()
        connection.sendall(struct.pack("!II", size, 80877102) + bytes(size - 8))
        received = rest_of(connection)
        if received:
            sys.exit(f"a cancel request of {size} bytes: {received!r}")


with open(sys.argv[3], encoding="ascii") as file:
    der = ssl.PEM_cert_to_DER_cert(file.read())
try_negotiation()
try_alpn()
try_scram(der)
try_before_login()
try_cancel()
print(attempts, "attempts")
