// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// lib/pq, the driver of Grafana.  usage: pq_session BASE

package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/lib/pq"
)

func insert(db *sql.DB, base int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	for i := 0; i < 5; i++ {
		if _, err = tx.Exec("INSERT INTO notes VALUES ($1, $2)", base+i, fmt.Sprintf("note %d", i)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func use(db *sql.DB, base int) error {
	if _, err := db.Exec("DELETE FROM notes WHERE id BETWEEN $1 AND $2", base, base+9); err != nil {
		return err
	}
	if err := insert(db, base); err != nil {
		return err
	}
	find, err := db.Prepare("SELECT body FROM notes WHERE id = $1")
	if err != nil {
		return err
	}
	defer find.Close()
	for i := 0; i < 10; i++ {
		var body string
		if err = find.QueryRow(base + i%5).Scan(&body); err != nil {
			return err
		}
		if body != fmt.Sprintf("note %d", i%5) {
			return errors.New(body)
		}
	}
	var refused *pq.Error
	_, err = db.Exec("INSERT INTO notes VALUES ($1, 'twice')", base)
	if !errors.As(err, &refused) || refused.Code != "23505" {
		return fmt.Errorf("not refused: %v", err)
	}
	var user string
	var count int
	err = db.QueryRow("SELECT current_user, count(*) FROM notes WHERE id BETWEEN $1 AND $2", base, base+9).Scan(&user, &count)
	fmt.Println(user, count)
	return err
}

func main() {
	base, err := strconv.Atoi(os.Args[1])
	if err == nil {
		var db *sql.DB
		if db, err = sql.Open("postgres", os.Getenv("DATABASE_URL")); err == nil {
			err = use(db, base)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
