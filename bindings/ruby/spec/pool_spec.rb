# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::Pool do
  let(:connections) { [] }
  let(:log) { StringIO.new }

  before do
    allow(AuroraDsql::Pg::Token).to receive(:generate).and_return("token")
    allow(PG).to receive(:connect) { FakePG::Connection.new.tap { |c| connections << c } }
    allow(AuroraDsql::Pg::OCCRetry).to receive(:sleep)
  end

  def create(**options)
    described_class.create(host: HOST, logger: Logger.new(log), **options)
  end

  def conflict
    FakeServerError.new("40001", "change conflicts with another transaction (OC000)")
  end

  it "yields a connection, and the same one again" do
    pool = create
    first = pool.with { |conn| conn }
    expect(pool.with { |conn| conn }).to be(first)
    expect(connections.size).to eq(1)
  end

  it "accepts a connection string" do
    expect(described_class.create("postgres://#{HOST}/").with { |c| c }).to be(connections.first)
  end

  it "opens no more connections than it has slots" do
    pool = create(pool: { size: 2, timeout: 0.01 })
    entered = Queue.new
    leave = Queue.new
    threads = Array.new(2) { Thread.new { pool.with { entered << 1; leave.pop } } }
    2.times { entered.pop }
    expect { pool.with { nil } }.to raise_error(ConnectionPool::TimeoutError)
    expect(pool.stats).to include(open: 2, in_use: 2, timeouts: 1)
    2.times { leave << 1 }
    threads.each(&:join)
    expect(pool.stats).to include(open: 2, in_use: 0, idle: 2)
  end

  it "calls on_connect once for each connection" do
    pool = create(on_connect: ->(conn) { conn.exec("SET search_path = s") })
    2.times { pool.with { nil } }
    expect(connections.map(&:statements)).to eq([["SET search_path = s"]])
  end

  it "calls on_connect again after a SET, on a session that was reset" do
    pool = create(on_connect: ->(conn) { conn.exec("SET search_path = s") })
    pool.with { |conn| conn.exec("SET TimeZone = 'UTC'") }
    pool.with { nil }
    expect(connections.map(&:statements)).to eq([["SET search_path = s", "SET TimeZone = 'UTC'",
                                                  "RESET ALL; DEALLOCATE ALL", "SET search_path = s"]])
    pool.with { |conn| conn.exec("SELECT 1") }
    pool.with { nil }
    expect(connections.first.statements.size).to eq(5)
  end

  it "recognizes what changes a session" do
    changing = ["SET x = 1", "set x to 1", "SELECT 1; SET x = 1", "/* a */ -- b\n reset all", "PREPARE p AS SELECT 1",
                "deallocate all", "DISCARD ALL", "SELECT Set_Config('a', 'b', false)", "SET\nSESSION x = 1",
                "SET x = '\xff'"]
    harmless = ["UPDATE t SET x = 1", "SELECT 1", "SET LOCAL x = 1", "BEGIN; SET LOCAL x = 1; COMMIT", "", "settle",
                "SET TRANSACTION READ ONLY", "SELECT 'reset_me'", "INSERT INTO t VALUES ('\xff')"]
    changed = ->(sql) { create.with { |conn| conn.session_clean!; conn.exec(sql); conn.session_changed? } }
    expect(changing.reject(&changed)).to eq([])
    expect(harmless.select(&changed)).to eq([])
  end

  it "resets a session whose reported parameters have changed" do
    pool = create
    pool.with { |conn| conn.parameters["TimeZone"] = "UTC" }
    pool.with { nil }
    expect(connections.first.statements).to eq(["RESET ALL; DEALLOCATE ALL"])
  end

  it "replaces a connection that cannot be reset" do
    pool = create
    pool.with { |conn| conn.exec("SET x = 1"); allow(conn).to receive(:block).and_return(false) }
    expect(pool.with { |conn| conn }).to be(connections[1])
    expect(connections[0]).to be_finished
    expect(log.string).to include("could not be reset")
  end

  it "puts the state of PG::Connection back" do
    pool = create(on_connect: ->(conn) { conn.set_error_verbosity(PG::PQERRORS_TERSE) })
    pool.with do |conn|
      conn.set_error_verbosity(PG::PQERRORS_VERBOSE)
      conn.set_notice_receiver { nil }
      conn.type_map_for_results = :mine
    end
    expect(connections.first.state).to include(error_verbosity: PG::PQERRORS_TERSE, notice_receiver: nil,
                                               type_map_for_results: nil)
    expect(connections.first.statements).to eq([])
  end

  it "closes a connection whose on_connect fails" do
    pool = create(on_connect: ->(_) { raise "no" })
    expect { pool.with { nil } }.to raise_error("no")
    expect(connections.first).to be_finished
  end

  # Wherever Thread#kill or Timeout strikes, the pool keeps working.
  describe "interrupted" do
    def killed
      reached = Queue.new
      thread = Thread.new { yield reached }
      reached.pop
      thread.kill
      thread.join
    end

    it "while a block runs, gets its slot back" do
      pool = create(pool: { size: 1, timeout: 0.1 })
      killed { |reached| pool.with { |conn| conn.exec("BEGIN"); reached << 1; sleep } }
      expect(pool.with { |conn| conn.statements.dup }).to eq(%w[BEGIN ROLLBACK])
      expect(pool.stats).to include(open: 1, in_use: 0)
    end

    it "while a connection is opened, opens it at the next checkout" do
      pool = create(pool: { size: 1, timeout: 0.1 })
      reached = Queue.new
      is_slow = true
      allow(PG).to receive(:connect) { (reached << 1; sleep) if is_slow; FakePG::Connection.new }
      thread = Thread.new { pool.with { nil } }
      reached.pop
      thread.kill.join
      is_slow = false
      expect(pool.with { 1 }).to eq(1)
    end

    it "during on_connect, closes the connection" do
      reached = Queue.new
      initialized = []
      pool = create(pool: { size: 1, timeout: 0.1 }, on_connect: lambda { |conn|
        initialized << conn
        (reached << 1; sleep) if initialized.size == 1
      })
      thread = Thread.new { pool.with { nil } }
      reached.pop
      thread.kill.join
      expect(pool.with { |conn| conn }).to be(initialized[1])
      expect(initialized[0]).to be_finished
    end

    it "while a thread waits for a slot, interrupts it at once" do
      pool = create(pool: { size: 1, timeout: 60 })
      pool.with do
        waiter = Thread.new { pool.with { nil } }
        Thread.pass until waiter.stop?
        expect(waiter.kill.join(5)).to be(waiter)
      end
      expect(pool.with { 1 }).to eq(1)
    end

    it "during a rollback, finishes it first" do
      pool = create(pool: { size: 1, timeout: 0.1 })
      reached = Queue.new
      go_on = Queue.new
      thread = Thread.new do
        pool.with do |conn|
          allow(conn).to receive(:block) { reached << 1; go_on.pop; true }
          conn.exec("BEGIN")
        end
      end
      reached.pop
      thread.kill
      go_on << 1
      thread.join
      expect(pool.stats).to include(open: 1, in_use: 0)
      expect(pool.with { 1 }).to eq(1)
    end

    it "by Timeout, raises Timeout::Error and stays usable" do
      pool = create(pool: { size: 1, timeout: 0.1 })
      expect { Timeout.timeout(0.01) { pool.with { sleep } } }.to raise_error(Timeout::Error)
      expect(pool.with { 1 }).to eq(1)
    end
  end

  it "closes a connection whose rollback gets no answer" do
    pool = create
    pool.with do |conn|
      conn.exec("BEGIN")
      allow(conn).to receive(:block).and_return(false)
      allow(conn).to receive(:send_query)
    end
    expect(connections.first).to be_finished
    expect(pool.with { |conn| conn }).to be(connections[1])
  end

  describe "lifetime" do
    it "replaces a connection that is too old by the wall clock" do
      pool = create(max_lifetime: 10)
      pool.with { nil }
      allow(Time).to receive(:now).and_return(Time.now + 15)
      pool.with { nil }
      expect(connections.map(&:finished?)).to eq([true, false])
      expect(log.string).to include("[AuroraDsql::Pg] Discarding stale connection (age 15s, max_lifetime 10s)")
    end

    it "replaces a connection that is too old by the monotonic clock, with jitter" do
      pool = create(max_lifetime: 10)
      pool.with { nil }
      later = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 10
      allow(Process).to receive(:clock_gettime).and_return(later)
      pool.with { nil }
      expect(connections.size).to eq(2)
    end

    it "replaces any number of old connections" do
      pool = create(max_lifetime: 10, pool: { size: 12 })
      entered = Queue.new
      leave = Queue.new
      threads = Array.new(12) { Thread.new { pool.with { entered << 1; leave.pop } } }
      12.times { entered.pop }
      12.times { leave << 1 }
      threads.each(&:join)
      allow(Time).to receive(:now).and_return(Time.now + 15)
      expect(pool.with { |conn| conn }).not_to be_finished
    end

    it "raises an error if new connections are too old at once" do
      pool = create
      allow(pool).to receive(:stale?).and_return(true)
      expect { pool.with { nil } }
        .to raise_error(AuroraDsql::Pg::Error, "unable to acquire a non-stale connection after 10 attempts")
    end
  end

  describe "a connection that is returned" do
    it "is rolled back if a transaction was left open" do
      pool = create
      pool.with { |conn| conn.exec("BEGIN") }
      expect(connections.first.statements).to eq(%w[BEGIN ROLLBACK])
      pool.with { nil }
      expect(connections.size).to eq(1)
    end

    it "is closed if it is broken" do
      pool = create
      pool.with { |conn| conn.status = PG::CONNECTION_BAD }
      pool.with { nil }
      expect(connections.size).to eq(2)
      expect(connections.first).to be_finished
    end

    it "is closed if a query is still in progress" do
      pool = create
      pool.with { |conn| conn.transaction_status = PG::PQTRANS_ACTIVE }
      pool.with { nil }
      expect(connections.size).to eq(2)
    end

    it "may have been closed by the block" do
      pool = create
      pool.with(&:close)
      pool.with { |conn| expect(conn).not_to be_finished }
    end
  end

  it "detects that the server has closed an idle connection" do
    pool = create
    pool.with { nil }
    allow(connections.first).to receive(:consume_input).and_raise(PG::UnableToSend)
    pool.with { nil }
    expect(connections.size).to eq(2)
  end

  it "yields one connection to nested blocks, and resets it after the outermost one" do
    pool = create
    pool.with do |outer|
      outer.exec("BEGIN")
      pool.with { |inner| expect(inner).to be(outer) }
      expect(outer.statements).to eq(%w[BEGIN])
    end
    expect(connections.first.statements).to eq(%w[BEGIN ROLLBACK])
  end

  describe "stats" do
    it "counts how long callers wait" do
      pool = create
      allow(pool).to receive(:monotonic_now).and_return(0)
      pool.with { nil }
      allow(connections.first).to receive(:consume_input).and_raise(PG::UnableToSend)
      allow(pool).to receive(:monotonic_now).and_return(0, 0.3)
      3.times { pool.with { nil } }
      expect(pool.stats[:acquired]).to eq(4)
      expect(pool.stats[:waits]).to include(1 => 3, 500 => 1, Float::INFINITY => 0)
      expect(pool.stats[:wait_total_ms]).to be_between(300, 302)
    end

    it "counts connects, tokens and lost connections" do
      pool = create
      pool.with { nil }
      allow(connections.first).to receive(:consume_input).and_raise(PG::UnableToSend)
      pool.with { nil }
      expect(pool.stats).to include(opened: 2, tokens: 2, validations_failed: 1, connects_failed: 0)
      allow(PG).to receive(:connect).and_raise(PG::ConnectionBad, "access denied")
      connections.each { |conn| allow(conn).to receive(:consume_input).and_raise(PG::UnableToSend) }
      expect { pool.with { nil } }.to raise_error(PG::ConnectionBad)
      expect(pool.stats).to include(opened: 2, tokens: 3, validations_failed: 2, connects_failed: 1)
    end

    it "counts resets" do
      pool = create
      pool.with { |conn| conn.exec("SET TimeZone = 'UTC'") }
      pool.with { nil }
      expect(pool.stats).to include(resets: 1)
    end

    it "counts retries by their reason" do
      pool = create
      schema = "schema has been updated by another transaction, please retry: (OC001)"
      errors = [conflict, PG::Error.new(schema), conflict]
      pool.with(retry_occ: 5) { (error = errors.shift) && raise(error) }
      expect(pool.stats).to include(occ_retries: 3, retries_oc000: 2, retries_oc001: 1, retries_given_up: 0)
      expect { pool.with(retry_occ: 1) { raise conflict } }.to raise_error(AuroraDsql::Pg::Error)
      expect(pool.stats).to include(occ_retries: 4, retries_given_up: 1)
    end
  end

  describe "retry_occ" do
    def failing(pool, times, **options)
      attempts = 0
      result = pool.with(**options) do
        attempts += 1
        raise conflict if attempts <= times

        "success"
      end
      [result, attempts]
    end

    it "is off by default" do
      expect { failing(create, 1) }.to raise_error(PG::Error)
    end

    it "defaults to the pool's occ_max_retries" do
      pool = create(occ_max_retries: 2)
      expect(failing(pool, 2)).to eq(["success", 3])
      expect { failing(pool, 3) }.to raise_error(AuroraDsql::Pg::Error, /Max retries \(2\) exceeded/)
      expect(pool.stats[:occ_retries]).to eq(4)
      expect(log.string).to include("OCC conflict detected, retrying (attempt 1/2")
    end

    it "can be changed for one call" do
      pool = create(occ_max_retries: 3)
      [false, nil].each { |off| expect { failing(pool, 1, retry_occ: off) }.to raise_error(PG::Error) }
      expect(failing(pool, 5, retry_occ: 5)).to eq(["success", 6])
    end

    it "leaves a conflict in a nested block to the outer block" do
      pool = create(occ_max_retries: 2)
      inner = 0
      expect {
        pool.with(retry_occ: false) { pool.with { inner += 1; raise conflict } }
      }.to raise_error(PG::Error)
      expect(inner).to eq(1)
      outer = 0
      pool.with { outer += 1; pool.with { raise conflict if outer < 3 } }
      expect(outer).to eq(3)
    end

    it "must be a positive integer" do
      [true, 0, "3"].each do |bad|
        expect { create.with(retry_occ: bad) { nil } }.to raise_error(
          ArgumentError,
          "retry_occ must be false/nil or a positive integer, got #{bad.inspect}. " \
          "Configure occ_max_retries on the pool instead of passing retry_occ: true"
        )
      end
    end
  end

  describe "#transaction" do
    it "begins and commits" do
      pool = create
      expect(pool.transaction { |conn| conn.exec("INSERT"); "result" }).to eq("result")
      expect(connections.first.statements).to eq(%w[BEGIN INSERT COMMIT])
    end

    it "can be read-only" do
      create.transaction(read_only: true) { nil }
      expect(connections.first.statements.first).to eq("BEGIN READ ONLY")
    end

    it "rolls back if the block raises, breaks or throws" do
      pool = create
      expect { pool.transaction { raise "no" } }.to raise_error("no")
      pool.transaction { break }
      catch(:done) { pool.transaction { throw :done } }
      expect(connections.first.statements).to eq(%w[BEGIN ROLLBACK] * 3)
    end

    it "retries after a conflict at COMMIT" do
      pool = create
      attempts = 0
      pool.transaction do |conn|
        attempts += 1
        if attempts == 1
          allow(conn).to receive(:exec).with("COMMIT") do
            conn.transaction_status = PG::PQTRANS_IDLE
            allow(conn).to receive(:exec).and_call_original
            raise conflict
          end
        end
      end
      expect(attempts).to eq(2)
    end

    it "raises an error if COMMIT rolled the transaction back" do
      pool = create
      expect { pool.transaction { |conn| conn.transaction_status = PG::PQTRANS_INERROR } }
        .to raise_error(AuroraDsql::Pg::Error, /COMMIT rolled the transaction back/)
    end

    it "raises CommitUnknownError if the connection is lost during COMMIT, and does not retry" do
      pool = create
      attempts = 0
      expect {
        pool.transaction do |conn|
          attempts += 1
          allow(conn).to receive(:exec).with("COMMIT") do
            conn.status = PG::CONNECTION_BAD
            raise PG::ConnectionBad, "server closed the connection unexpectedly"
          end
        end
      }.to raise_error(AuroraDsql::Pg::CommitUnknownError, /may have been committed/)
      expect(attempts).to eq(1)
    end

    it "knows which SQLSTATEs leave the outcome of COMMIT unknown" do
      { "57P01" => true, "08006" => true, "40003" => true, "40001" => false, "23505" => false }.each do |state, is_unknown|
        pool = create
        expect {
          pool.transaction(max_retries: 0) do |conn|
            allow(conn).to receive(:exec).and_call_original
            allow(conn).to receive(:exec).with("COMMIT").and_raise(FakeServerError.new(state, "x"))
          end
        }.to raise_error { |e| expect([state, e.is_a?(AuroraDsql::Pg::CommitUnknownError)]).to eq([state, is_unknown]) }
      end
    end

    it "knows that a transaction did not commit if its connection was closed before COMMIT" do
      expect { create.transaction(&:close) }.to raise_error(AuroraDsql::Pg::Error, /closed before COMMIT/) { |e|
        expect(e).not_to be_a(AuroraDsql::Pg::CommitUnknownError)
      }
    end

    it "rejects an invalid max_retries, and accepts 0" do
      [nil, -1, "3", true].each do |bad|
        expect { create.transaction(max_retries: bad) { nil } }.to raise_error(ArgumentError, /max_retries/)
      end
      expect { create.transaction(max_retries: 0) { raise conflict } }
        .to raise_error(AuroraDsql::Pg::Error, /Max retries \(0\)/)
    end

    it "rolls back without a log message" do
      expect { create.transaction { raise "no" } }.to raise_error("no")
      expect(log.string).to be_empty
    end

    it "raises an error inside another transaction on the same connection" do
      pool = create
      expect { pool.transaction { pool.transaction { nil } } }
        .to raise_error(AuroraDsql::Pg::Error, /already in progress on this connection/)
    end
  end

  it "closes all connections at shutdown" do
    pool = create
    pool.with { nil }
    pool.shutdown
    expect(connections).to all(be_finished)
    expect { pool.with { nil } }.to raise_error(ConnectionPool::PoolShuttingDownError)
  end
end
