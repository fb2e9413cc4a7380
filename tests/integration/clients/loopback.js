// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// Stands in for the line of `dsql local env --hosts`, which only root can write to /etc/hosts: the
// name of the local cluster resolves to its address.
const dns = require('dns');
const net = require('net');

const lookup = dns.lookup;
dns.lookup = (name, ...rest) => lookup(name.endsWith('.on.aws') ? process.env.PGHOSTADDR : name, ...rest);
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (first !== null && typeof first === 'object' && first.host !== undefined) first.lookup = dns.lookup;
  else if (typeof args[1] === 'string' && args[1].endsWith('.on.aws')) args[1] = process.env.PGHOSTADDR;
  return connect.apply(this, args);
};
