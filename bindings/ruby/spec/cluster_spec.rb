# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

# Against a real server: CLUSTER_ENDPOINT and what goes with it, as `dsql local env` prints it.
RSpec.describe "a pool on a cluster", :cluster do
  let(:pool) { AuroraDsql::Pg.create_pool(host: ENV.fetch("CLUSTER_ENDPOINT"), pool: { size: 4 }) }

  after { pool.shutdown }

  def one(conn, sql)
    conn.exec(sql).getvalue(0, 0)
  end

  it "survives a server that hangs up" do
    pool.with do |conn|
      conn.exec("SELECT pg_terminate_backend(pg_backend_pid())")
    rescue PG::Error
      nil
    end
    expect(pool.with { |conn| one(conn, "SELECT 4") }).to eq("4")
  end

  it "does not share connections with a child, nor close the parent's" do
    parent = pool.with { |conn| one(conn, "SELECT pg_backend_pid()") }
    reader, writer = IO.pipe
    child = fork do
      reader.close
      writer.write(pool.with { |conn| one(conn, "SELECT pg_backend_pid()") })
      writer.close
    end
    writer.close
    expect(reader.read).to match(/\A\d+\z/).and(satisfy { |pid| pid != parent })
    Process.wait(child)
    expect($CHILD_STATUS || $?).to be_success
    expect(pool.with { |conn| one(conn, "SELECT pg_backend_pid()") }).to eq(parent)
  end

  it "counts exactly with many threads on one row" do
    AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "CREATE TABLE IF NOT EXISTS ruby_counter (id int PRIMARY KEY, n int)")
    AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "DELETE FROM ruby_counter")
    AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "INSERT INTO ruby_counter VALUES (1, 0)")
    threads = Array.new(4) do
      Thread.new do
        10.times do
          pool.transaction(max_retries: 100) do |conn|
            n = one(conn, "SELECT n FROM ruby_counter WHERE id = 1").to_i
            conn.exec_params("UPDATE ruby_counter SET n = $1 WHERE id = 1", [n + 1])
          end
        end
      end
    end
    threads.each(&:join)
    expect(pool.with { |conn| one(conn, "SELECT n FROM ruby_counter WHERE id = 1") }).to eq("40")
  end

  it "lets other threads run while one waits for a query" do
    ticks = 0
    ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
    pool.with { |conn| conn.exec("SELECT pg_sleep(0.2)") }
    ticker.kill
    expect(ticks).to be > 5
  end
end
