// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// usage: pgx_session BASE

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

func use(ctx context.Context, conn *pgx.Conn, base int) error {
	if _, err := conn.Exec(ctx, "DELETE FROM notes WHERE id BETWEEN $1 AND $2", base, base+9); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for i := 0; i < 5; i++ {
		batch.Queue("INSERT INTO notes VALUES ($1, $2)", base+i, fmt.Sprintf("note %d", i))
	}
	if err = tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if err = tx.Commit(ctx); err != nil {
		return err
	}
	for i := 0; i < 10; i++ {
		var body string
		if err = conn.QueryRow(ctx, "SELECT body FROM notes WHERE id = $1", base+i%5).Scan(&body); err != nil {
			return err
		}
		if body != fmt.Sprintf("note %d", i%5) {
			return errors.New(body)
		}
	}
	var refused *pgconn.PgError
	_, err = conn.Exec(ctx, "INSERT INTO notes VALUES ($1, 'twice')", base)
	if !errors.As(err, &refused) || refused.Code != "23505" {
		return fmt.Errorf("not refused: %v", err)
	}
	var user string
	var count int
	err = conn.QueryRow(ctx, "SELECT current_user::text, count(*) FROM notes WHERE id BETWEEN $1 AND $2", base, base+9).Scan(&user, &count)
	fmt.Println(user, count)
	return err
}

func main() {
	base, err := strconv.Atoi(os.Args[1])
	if err == nil {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), os.Getenv("DATABASE_URL")); err == nil {
			err = use(context.Background(), conn, base)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
