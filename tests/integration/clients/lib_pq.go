// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

// Logs in with lib/pq and the PG* variables, or with DATABASE_URL.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/lib/pq"
)

// Stands in for the line of `dsql local env --hosts`.
type loopback struct{ address string }

func (l loopback) dial(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return net.JoinHostPort(l.address, port)
}

func (l loopback) Dial(network, address string) (net.Conn, error) {
	return net.Dial(network, l.dial(address))
}

func (l loopback) DialTimeout(network, address string, d time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, l.dial(address), d)
}

func (l loopback) DialContext(c context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(c, network, l.dial(address))
}

func main() {
	// It stops at a PGHOSTADDR, which it does not support.
	dialer := loopback{os.Getenv("PGHOSTADDR")}
	os.Unsetenv("PGHOSTADDR")
	connector, err := pq.NewConnector(os.Getenv("DATABASE_URL"))
	if err == nil {
		connector.Dialer(dialer)
		var user string
		if err = sql.OpenDB(connector).QueryRow("SELECT current_user").Scan(&user); err == nil {
			fmt.Println(user)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
