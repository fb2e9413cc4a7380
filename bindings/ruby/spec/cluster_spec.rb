# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

# Runs against the cluster in CLUSTER_ENDPOINT; `dsql local env` prints the variables it needs.
RSpec.describe "a pool on a cluster", :cluster do
  let(:pool) { AuroraDsql::Pg.create_pool(host: ENV.fetch("CLUSTER_ENDPOINT"), pool: { size: 4 }) }

  after { pool.shutdown }

  def one(conn, sql)
    conn.exec(sql).getvalue(0, 0)
  end

  it "replaces a connection that the server has closed" do
    pool.with do |conn|
      conn.exec("SELECT pg_terminate_backend(pg_backend_pid())")
    rescue PG::Error
      nil
    end
    expect(pool.with { |conn| one(conn, "SELECT 4") }).to eq("4")
  end

  it "undoes what a block has set or prepared" do
    settings = ->(conn) { %w[search_path TimeZone].map { |name| one(conn, "SHOW #{name}") } }
    before = pool.with { |conn| [one(conn, "SELECT pg_backend_pid()"), *settings.call(conn)] }
    2.times do
      pool.with do |conn|
        conn.exec("SET search_path = nowhere")
        conn.exec("SELECT set_config('TimeZone', 'Asia/Tokyo', false)")
        conn.prepare("mine", "SELECT 1")
        conn.set_notice_receiver { nil }
        conn.trace(File.open(File::NULL, "w"))
      end
    end
    expect(pool.with { |conn| [one(conn, "SELECT pg_backend_pid()"), *settings.call(conn)] }).to eq(before)
  end

  it "neither shares connections with a child process nor closes the parent's" do
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

  it "loses no update when many threads change one row" do
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

  describe "conflicts" do
    let(:log) { StringIO.new }
    let(:pool) do
      AuroraDsql::Pg.create_pool(host: ENV.fetch("CLUSTER_ENDPOINT"), pool: { size: 4 }, logger: Logger.new(log))
    end

    before do
      AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "CREATE TABLE IF NOT EXISTS ruby_conflicts (id int PRIMARY KEY, n int)")
      pool.transaction do |conn|
        conn.exec("DELETE FROM ruby_conflicts")
        conn.exec("INSERT INTO ruby_conflicts VALUES (1, 0)")
      end
      allow(AuroraDsql::Pg::OCCRetry).to receive(:sleep)
    end

    def n
      pool.with { |conn| one(conn, "SELECT n FROM ruby_conflicts WHERE id = 1") }.to_i
    end

    def inject(fraction)
      pool.with { |conn| conn.exec("SELECT sys.inject_conflicts(#{fraction}, relation => 'ruby_conflicts', seed => 7)") }
      yield
    ensure
      pool.with { |conn| conn.exec("SELECT sys.inject_conflicts(NULL, relation => 'ruby_conflicts')") }
    end

    it "are retried until the transaction commits exactly once" do
      inject("0.5") do
        20.times { pool.transaction(max_retries: 50) { |conn| conn.exec("UPDATE ruby_conflicts SET n = n + 1") } }
      end
      expect(n).to eq(20)
      expect(pool.stats[:occ_retries]).to be > 3
      expect(log.string.scan("OCC conflict detected, retrying").size).to eq(pool.stats[:occ_retries])
    end

    it "are retried by with, with_retry and exec_with_retry too" do
      retrying = AuroraDsql::Pg::OCCRetry
      inject("0.5") do
        5.times { pool.with(retry_occ: 50) { |conn| conn.exec("UPDATE ruby_conflicts SET n = n + 1") } }
        5.times { retrying.with_retry(pool, max_retries: 50) { |conn| conn.exec("UPDATE ruby_conflicts SET n = n + 1") } }
        5.times { retrying.exec_with_retry(pool, "UPDATE ruby_conflicts SET n = n + 1", max_retries: 50) }
        5.times { retrying.exec_with_retry(pool, "UPDATE ruby_conflicts SET n = n + $1", [1], max_retries: 50) }
      end
      expect(n).to eq(20)
      expect(log.string).to include("OCC conflict detected, retrying (attempt 1/50")
    end

    it "that persist raise an error, and nothing is changed" do
      inject("1") do
        expect { pool.transaction(max_retries: 2) { |conn| conn.exec("UPDATE ruby_conflicts SET n = n + 1") } }
          .to raise_error(AuroraDsql::Pg::Error, /\AMax retries \(2\) exceeded, last error: .*OC000/m) { |e|
            expect(e.cause).to be_a(PG::TRSerializationFailure)
          }
      end
      expect(n).to eq(0)
    end

    it "with a schema change (OC001) are retried with the new schema" do
      other = AuroraDsql::Pg.connect(host: ENV.fetch("CLUSTER_ENDPOINT"))
      attempts = 0
      pool.transaction do |conn|
        attempts += 1
        conn.exec("UPDATE ruby_conflicts SET n = n + 1")
        other.exec("ALTER TABLE ruby_conflicts ADD COLUMN IF NOT EXISTS later int") if attempts == 1
      end
      expect(attempts).to eq(2)
      expect(n).to eq(1)
    ensure
      other&.close
      AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "DROP TABLE ruby_conflicts")
    end

    it "because a session is stale (OC001) are retried" do
      other = AuroraDsql::Pg.connect(host: ENV.fetch("CLUSTER_ENDPOINT"))
      change = lambda do
        pool.with { |conn| conn.exec("SELECT * FROM ruby_conflicts") }
        other.exec("ALTER TABLE ruby_conflicts ADD COLUMN IF NOT EXISTS later int")
        other.exec("ALTER TABLE ruby_conflicts DROP COLUMN later")
      end

      change.call
      attempts = 0
      pool.transaction do |conn|
        attempts += 1
        conn.exec("UPDATE ruby_conflicts SET n = n + 1")
      end
      expect(attempts).to eq(2)
      change.call
      AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "UPDATE ruby_conflicts SET n = n + 1")
      change.call
      expect { pool.with { |conn| conn.exec("UPDATE ruby_conflicts SET n = n + 1") } }
        .to raise_error(PG::TRSerializationFailure, /OC001/)
      expect(n).to eq(2)
    ensure
      other&.close
    end

    it "and other errors that a block rescues do not count as success" do
      expect {
        pool.transaction do |conn|
          conn.exec("SELECT 1/0")
        rescue PG::Error
          nil
        end
      }.to raise_error(AuroraDsql::Pg::Error, /rolled the transaction back/)
    end
  end

  it "lets other threads run while one thread waits for a query" do
    ticks = 0
    ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
    pool.with { |conn| conn.exec("SELECT pg_sleep(0.2)") }
    ticker.kill
    expect(ticks).to be > 5
  end
end
