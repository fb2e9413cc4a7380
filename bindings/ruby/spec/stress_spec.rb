# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"
require_relative "support/tiny_scheduler"
require "timeout"

# Forks processes, kills threads and ends server sessions at random, on a real cluster.
# DSQL_STRESS_SEED repeats a run, as far as thread scheduling allows.
RSpec.describe "a pool under stress", :cluster do
  seed = Integer(ENV.fetch("DSQL_STRESS_SEED", Random.new_seed % 1_000_000))
  let(:random) { Random.new(seed) }
  let(:pools) { [] }

  after do |example|
    pools.each(&:shutdown)
    warn "DSQL_STRESS_SEED=#{seed}" if example.exception
  end

  def create(**options)
    AuroraDsql::Pg.create_pool(host: ENV.fetch("CLUSTER_ENDPOINT"), **options).tap { |pool| pools << pool }
  end

  def one(conn, sql)
    conn.exec(sql).getvalue(0, 0)
  end

  # All slots are free again, and each one yields a working connection.
  def expect_intact(pool, size)
    expect(pool.stats).to include(in_use: 0)
    entered = Queue.new
    leave = Queue.new
    threads = Array.new(size) do
      Thread.new { pool.with { |conn| entered << one(conn, "SELECT 1"); leave.pop } }
    end
    expect(Array.new(size) { entered.pop }).to all(eq("1"))
    size.times { leave << 1 }
    threads.each(&:join)
    expect(pool.stats[:open]).to be <= size
  end

  # Runs work on threads while the block runs.  Returns the errors that the threads raised.
  def while_threads(count, work)
    stop = false
    errors = Queue.new
    threads = Array.new(count) do |i|
      Thread.new do
        work.call(i) until stop
      rescue StandardError => e
        errors << e
      end
    end
    yield
    stop = true
    threads.each(&:join)
    Array.new(errors.size) { errors.pop }
  end

  def with_table(pool)
    AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "CREATE TABLE IF NOT EXISTS ruby_stress (id int PRIMARY KEY, n int)")
    pool.transaction(max_retries: 20) do |conn|
      conn.exec("DELETE FROM ruby_stress")
      conn.exec("INSERT INTO ruby_stress SELECT i, 0 FROM generate_series(1, 8) i")
    end
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  describe "forks while threads use the pool" do
    # With this max_lifetime, connections are opened all the time.
    let(:pool) { create(pool: { size: 3, timeout: 30 }, max_lifetime: 0.02) }

    # A child ends with its finalizers, without them, or without any code of its own running.
    endings = {
      "normally" => -> { exit },
      "by exit!" => -> { exit!(0) },
      "by kill -9" => -> { Process.kill(:KILL, Process.pid) }
    }
    endings.each do |name, ending|
      it "leaves the parent's connections alone when a child ends #{name}" do
        steady = create(pool: { size: 2, timeout: 30 })
        pid = steady.with { |conn| one(conn, "SELECT pg_backend_pid()") }
        work = ->(_) { pool.with { |conn| conn.exec("SELECT pg_sleep(0.001)") } }
        errors = while_threads(3, work) do
          6.times do |i|
            child = fork do
              steady.with { |conn| exit!(1) if one(conn, "SELECT pg_backend_pid()") == pid } if i.even?
              ending.call
            end
            Process.wait(child)
            expect($?.exitstatus || 0).to eq(0)
            expect($?.termsig).to eq(name == "by kill -9" ? 9 : nil)
          end
        end
        expect(errors).to be_empty
        expect(steady.with { |conn| one(conn, "SELECT pg_backend_pid()") }).to eq(pid)
        expect_intact(pool, 3)
      end
    end

    it "lets a child that was forked inside a block return from it" do
      steady = create(pool: { size: 1, timeout: 5 })
      reader, writer = IO.pipe
      steady.with do |conn|
        pid = one(conn, "SELECT pg_backend_pid()")
        child = fork do
          reader.close
          begin
            conn.exec("SELECT 1")
          rescue PG::Error => e
            writer.write(e.class)
          end
          # The block returns here, in the child too.
          next
        end
        writer.close
        expect(reader.read).to match(/\APG::/)
        Process.wait(child)
        expect($?).to be_success
        expect(one(conn, "SELECT pg_backend_pid()")).to eq(pid)
      end
      expect_intact(steady, 1)
    end

    it "commits once if a child leaves its parent's transaction block" do
      with_table(pool)
      steady = create(pool: { size: 1, timeout: 5 })
      child = nil
      in_child = false
      begin
        steady.transaction do |conn|
          conn.exec("UPDATE ruby_stress SET n = n + 1 WHERE id = 1")
          child = fork
          in_child = child.nil?
        end
      rescue AuroraDsql::Pg::Error => e
        exit!(e.is_a?(AuroraDsql::Pg::CommitUnknownError) ? 2 : 0) if in_child
        raise
      end
      exit!(3) if in_child
      Process.wait(child)
      expect($?.exitstatus).to eq(0)
      expect(steady.with { |conn| one(conn, "SELECT n FROM ruby_stress WHERE id = 1") }).to eq("1")
    end
  end

  describe "killed threads" do
    # Kills threads that run work, at random moments, and returns how many.
    def kill_threads_for(seconds, &work)
      until_when = now + seconds
      kills = 0
      while now < until_when
        thread = Thread.new(&work)
        thread.report_on_exception = false
        sleep random.rand(0.02)
        random.rand < 0.7 ? thread.kill : thread.raise(Timeout::Error)
        begin
          thread.join
        rescue StandardError
          nil
        end
        kills += 1
      end
      kills
    end

    it "leave the pool intact, wherever they were" do
      pool = create(pool: { size: 2, timeout: 30 }, max_lifetime: 0.03,
                    on_connect: ->(conn) { conn.exec("SET search_path = public") })
      errors = while_threads(2, ->(_) { pool.with { |conn| one(conn, "SELECT 1") } }) do
        expect(kill_threads_for(1.5) { pool.with { |conn| conn.exec("SELECT pg_sleep(0.005)") } }).to be > 10
      end
      expect(errors).to be_empty
      expect_intact(pool, 2)
    end

    it "leave no transaction half done" do
      pool = create(pool: { size: 2, timeout: 30 })
      with_table(pool)
      kill_threads_for(1.5) do
        pool.transaction do |conn|
          conn.exec("UPDATE ruby_stress SET n = n + 1 WHERE id = 1")
          conn.exec("UPDATE ruby_stress SET n = n + 1 WHERE id = 2")
        end
      end
      counts = pool.with { |conn| conn.exec("SELECT n FROM ruby_stress WHERE id IN (1, 2)").column_values(0) }
      expect(counts.uniq.size).to eq(1)
      expect_intact(pool, 2)
    end

    it "can be interrupted by Timeout while they wait for a slot" do
      pool = create(pool: { size: 1, timeout: 60 })
      pool.with do
        began = now
        thread = Thread.new { Timeout.timeout(0.1) { pool.with { nil } } }
        thread.report_on_exception = false
        expect { thread.value }.to raise_error(Timeout::Error)
        expect(now - began).to be < 5
      end
      expect_intact(pool, 1)
    end
  end

  it "survives sessions that the server ends at random" do
    pool = create(pool: { size: 3, timeout: 30 })
    killer = create(pool: { size: 1 })
    done = 0
    work = lambda do |_|
      pool.with { |conn| one(conn, "SELECT 1") }
      done += 1
    rescue PG::Error
      nil # it was in the middle of a query
    end
    errors = while_threads(3, work) do
      20.times do
        killer.with do |conn|
          conn.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity " \
                    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() " \
                    "ORDER BY random() LIMIT 1")
        end
        sleep 0.02
      end
    end
    expect(errors).to be_empty
    expect(done).to be > 20
    # Idle connections whose sessions were ended are detected at the next checkout.
    killer.with do |conn|
      conn.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity " \
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    end
    sleep 0.2
    expect_intact(pool, 3)
  end

  it "does not reuse a connection that was left in pipeline mode, in COPY, or with unread results" do
    pool = create(pool: { size: 1 })
    pool.with(&:enter_pipeline_mode)
    expect_intact(pool, 1)
    pool.with { |conn| conn.exec("COPY (SELECT generate_series(1, 10000)) TO STDOUT") }
    expect_intact(pool, 1)
    pool.with do |conn|
      conn.send_query("SELECT generate_series(1, 10000)")
      conn.set_single_row_mode
      conn.get_result
    end
    expect_intact(pool, 1)
  end

  it "closes a connection that is returned after shutdown" do
    pool = create(pool: { size: 2 })
    borrowed = nil
    pool.with do |conn|
      borrowed = conn
      pool.shutdown
      expect(one(conn, "SELECT 7")).to eq("7")
    end
    expect(borrowed).to be_finished
    expect { pool.with { nil } }.to raise_error(ConnectionPool::PoolShuttingDownError)
    expect(pool.stats).to include(open: 0, in_use: 0)
  end

  describe "a Fiber scheduler" do
    it "runs other fibers while one waits for a query, a connection or a slot" do
      pool = create(pool: { size: 2, timeout: 5 })
      ticks = TinyScheduler.ticks_during do
        waiting = Array.new(4) { Fiber.schedule { pool.with { |conn| conn.exec("SELECT pg_sleep(0.1)") } } }
        waiting.each { |fiber| sleep 0.01 while fiber.alive? }
      end
      expect(ticks).to be > 2
      expect_intact(pool, 2)
    end

    it "runs concurrent transactions, each on its own connection" do
      pool = create(pool: { size: 3, timeout: 10 })
      with_table(pool)
      TinyScheduler.run do
        3.times do |i|
          Fiber.schedule do
            5.times { pool.transaction { |conn| conn.exec("UPDATE ruby_stress SET n = n + 1 WHERE id = #{i + 1}") } }
          end
        end
      end
      counts = pool.with { |conn| conn.exec("SELECT n FROM ruby_stress WHERE id <= 3").column_values(0) }
      expect(counts).to eq(%w[5 5 5])
    end
  end
end
