# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's protocol, version 3, byte by byte: messages that no driver would send."""
import select
import socket
import ssl
import struct
import time

PATIENCE_S = 60


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message(b"Q", sql.encode() + b"\0")


def parse(name, sql, types=()):
    numbers = struct.pack(f"!H{len(types)}I", len(types), *types)
    return message(b"P", name.encode() + b"\0" + sql.encode() + b"\0" + numbers)


def bind(portal, name, *values):
    body = portal.encode() + b"\0" + name.encode() + b"\0" + struct.pack("!HH", 0, len(values))
    for value in values:
        body += struct.pack("!I", len(value)) + value.encode()
    return message(b"B", body + struct.pack("!H", 0))


def describe(kind, name):
    return message(b"D", kind.encode() + name.encode() + b"\0")


def close(kind, name):
    return message(b"C", kind.encode() + name.encode() + b"\0")


def execute(portal="", rows=0):
    return message(b"E", portal.encode() + b"\0" + struct.pack("!I", rows))


def run(sql):
    """A batch of the extended protocol, without Sync."""
    return parse("", sql) + bind("", "") + execute()


def copy_data(data):
    return message(b"d", data.encode())


def copy_fail(reason):
    return message(b"f", reason.encode() + b"\0")


def function_call(number, *arguments):
    body = struct.pack("!IHHH", number, 1, 0, len(arguments))
    for argument in arguments:
        body += struct.pack("!I", len(argument)) + argument
    return message(b"F", body + struct.pack("!H", 0))


SYNC = message(b"S")
FLUSH = message(b"H")
COPY_DONE = message(b"c")
TERMINATE = message(b"X")


def batch_of(*messages):
    return b"".join(messages) + SYNC


def fields_of(body):
    """Of an error or a notice: what a program looks at."""
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return tuple(fields.get(key, "") for key in (b"S", b"C", b"M", b"D", b"H", b"P"))


class Connection:
    """address: a path, or a host and a port; the latter with TLS and a password."""

    def __init__(self, address, user, password=None, authority=None, server_name=None):
        self.received = b""
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address)
        else:
            context = ssl.create_default_context(cafile=authority)
            context.set_alpn_protocols(["postgresql"])
            plain = socket.create_connection(address)
            self.socket = context.wrap_socket(plain, server_hostname=server_name)
        self._log_in(user, password)

    def _log_in(self, user, password):
        parameters = b"user\0" + user.encode() + b"\0database\0postgres\0\0"
        self.send(struct.pack("!II", len(parameters) + 8, 3 << 16) + parameters)
        kind = ""
        while kind != "Z":
            kind, body = self.next()
            if kind == "R" and struct.unpack("!I", body[:4])[0] == 3:
                self.send(message(b"p", password.encode() + b"\0"))
            elif kind in ("E", "end"):
                raise ConnectionError(f"no login: {body!r}")

    def send(self, data):
        """The other side may have ended the session already."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def _wait(self, deadline):
        pending = getattr(self.socket, "pending", lambda: 0)()
        left = max(0, deadline - time.monotonic())
        return pending > 0 or bool(select.select([self.socket], [], [], left)[0])

    def next(self, patience_s=PATIENCE_S):
        """The type and the body of the next message; "end" or "silence" if there is none."""
        deadline = time.monotonic() + patience_s
        while True:
            if len(self.received) >= 5:
                size = struct.unpack("!I", self.received[1:5])[0] + 1
                if len(self.received) >= size:
                    whole, self.received = self.received[:size], self.received[size:]
                    return chr(whole[0]), whole[5:]
            if not self._wait(deadline):
                return "silence", b""
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                return "end", b""
            self.received += data

    def until(self, last="Z", count=1, patience_s=PATIENCE_S):
        """What comes up to the message of this type, errors and notices as tuples."""
        messages = []
        while count > 0:
            kind, body = self.next(patience_s)
            messages.append((kind, fields_of(body) if kind in "EN" else body))
            count -= kind == last
            if kind in ("end", "silence"):
                break
        return messages

    def ask(self, sql):
        self.send(query(sql))
        return self.until()

    def reset(self):
        """Ends it as a process that was killed with unread data: with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
