# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
"""Stands in for the line of `dsql local env --hosts`: the cluster's name has its local address."""

import os
import socket

_getaddrinfo = socket.getaddrinfo


def _resolve(host, *args, **kwargs):
    is_cluster = isinstance(host, str) and host.endswith(".on.aws")
    return _getaddrinfo(os.environ["PGHOSTADDR"] if is_cluster else host, *args, **kwargs)


socket.getaddrinfo = _resolve
