// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

// Logs in with pgx and the PG* variables, or with DATABASE_URL.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v4"
)

// Stands in for the line of `dsql local env --hosts`.
func lookup(context.Context, string) ([]string, error) {
	return []string{os.Getenv("PGHOSTADDR")}, nil
}

func login() (user string, err error) {
	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return "", err
	}
	config.LookupFunc = lookup
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	err = conn.QueryRow(context.Background(), "SELECT current_user").Scan(&user)
	return user, err
}

func main() {
	user, err := login()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(user)
}
