# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"
require_relative "support/tiny_scheduler"
require "objspace"
require "json"
require "timeout"
require "tmpdir"

# Forks, kills, lost servers and a collector that never rests, against a real server.
# DSQL_TORTURE_SEED repeats a run as far as threads allow.
RSpec.describe "torture", :cluster do
  seed = Integer(ENV.fetch("DSQL_TORTURE_SEED", Random.new_seed % 1_000_000))
  let(:random) { Random.new(seed) }
  let(:pools) { [] }

  after do |example|
    pools.each(&:shutdown)
    warn "DSQL_TORTURE_SEED=#{seed}" if example.exception
  end

  def create(**options)
    AuroraDsql::Pg.create_pool(host: ENV.fetch("CLUSTER_ENDPOINT"), **options).tap { |pool| pools << pool }
  end

  def one(conn, sql)
    conn.exec(sql).getvalue(0, 0)
  end

  # All places are free again, and each of them lends a connection that works.
  def expect_whole(pool, size)
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

  # Runs the block on threads until the other block has ended; gives what was raised.
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
    AuroraDsql::Pg::OCCRetry.exec_with_retry(pool, "CREATE TABLE IF NOT EXISTS ruby_torture (id int PRIMARY KEY, n int)")
    pool.transaction(max_retries: 20) do |conn|
      conn.exec("DELETE FROM ruby_torture")
      conn.exec("INSERT INTO ruby_torture SELECT i, 0 FROM generate_series(1, 8) i")
    end
  end

  # A profile whose credentials take a while: those of the environment, from a process.
  def slow_profile(seconds)
    Dir.mktmpdir do |dir|
      keys = { Version: 1, AccessKeyId: ENV.fetch("AWS_ACCESS_KEY_ID"),
               SecretAccessKey: ENV.fetch("AWS_SECRET_ACCESS_KEY") }
      script = File.join(dir, "slow")
      File.write(script, "#!/bin/sh\nsleep #{seconds}\necho '#{JSON.generate(keys)}'\n")
      File.chmod(0o700, script)
      File.write(File.join(dir, "config"), "[profile slow]\ncredential_process = #{script}\n")
      ENV["AWS_CONFIG_FILE"] = File.join(dir, "config")
      ENV["AWS_SHARED_CREDENTIALS_FILE"] = File.join(dir, "none")
      yield "slow"
    end
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  describe "forks while threads use the pool" do
    # max_lifetime: connections are being made all the time.
    let(:pool) { create(pool: { size: 3, timeout: 30 }, max_lifetime: 0.02) }

    # How a child ends: as any program does, without its finalizers, and without anything at all.
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
        expect_whole(pool, 3)
      end
    end

    it "lets a child that was forked inside a block leave it" do
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
          # The block ends here, in the child too.
          next
        end
        writer.close
        expect(reader.read).to match(/\APG::/)
        Process.wait(child)
        expect($?).to be_success
        expect(one(conn, "SELECT pg_backend_pid()")).to eq(pid)
      end
      expect_whole(steady, 1)
    end

    it "lets a child leave a transaction of its parent's, which commits once" do
      with_table(pool)
      steady = create(pool: { size: 1, timeout: 5 })
      child = nil
      in_child = false
      begin
        steady.transaction do |conn|
          conn.exec("UPDATE ruby_torture SET n = n + 1 WHERE id = 1")
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
      expect(steady.with { |conn| one(conn, "SELECT n FROM ruby_torture WHERE id = 1") }).to eq("1")
    end

    it "lets children fetch credentials that another thread was about to fetch" do
      slow_profile(0.3) do |profile|
        started = Queue.new
        thread = Thread.new do
          started << 1
          AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin", profile: profile)
        end
        started.pop
        sleep 0.05
        child = fork do
          token = AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin", profile: profile)
          exit!(token.start_with?(HOST) ? 0 : 1)
        end
        expect(thread.value).to start_with(HOST)
        Process.wait(child)
        expect($?.exitstatus).to eq(0)
      end
    end
  end

  describe "killed threads" do
    # Kills threads at random moments, for a while.
    def massacre(seconds, &work)
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

    it "leave the pool whole, wherever they were" do
      pool = create(pool: { size: 2, timeout: 30 }, max_lifetime: 0.03,
                    on_connect: ->(conn) { conn.exec("SET search_path = public") })
      errors = while_threads(2, ->(_) { pool.with { |conn| one(conn, "SELECT 1") } }) do
        expect(massacre(1.5) { pool.with { |conn| conn.exec("SELECT pg_sleep(0.005)") } }).to be > 10
      end
      expect(errors).to be_empty
      expect_whole(pool, 2)
    end

    it "do all of a transaction or nothing" do
      pool = create(pool: { size: 2, timeout: 30 })
      with_table(pool)
      massacre(1.5) do
        pool.transaction do |conn|
          conn.exec("UPDATE ruby_torture SET n = n + 1 WHERE id = 1")
          conn.exec("UPDATE ruby_torture SET n = n + 1 WHERE id = 2")
        end
      end
      counts = pool.with { |conn| conn.exec("SELECT n FROM ruby_torture WHERE id IN (1, 2)").column_values(0) }
      expect(counts.uniq.size).to eq(1)
      expect_whole(pool, 2)
    end

    it "get Timeout where they wait for a place" do
      pool = create(pool: { size: 1, timeout: 60 })
      pool.with do
        began = now
        thread = Thread.new { Timeout.timeout(0.1) { pool.with { nil } } }
        thread.report_on_exception = false
        expect { thread.value }.to raise_error(Timeout::Error)
        expect(now - began).to be < 5
      end
      expect_whole(pool, 1)
    end
  end

  it "survives servers that end sessions at random" do
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
    # Idle ones that were ended are found out before they are lent.
    killer.with do |conn|
      conn.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity " \
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    end
    sleep 0.2
    expect_whole(pool, 3)
  end

  it "does not lend a connection that was left in pipeline mode, in COPY, or half read" do
    pool = create(pool: { size: 1 })
    pool.with(&:enter_pipeline_mode)
    expect_whole(pool, 1)
    pool.with { |conn| conn.exec("COPY (SELECT generate_series(1, 10000)) TO STDOUT") }
    expect_whole(pool, 1)
    pool.with do |conn|
      conn.send_query("SELECT generate_series(1, 10000)")
      conn.set_single_row_mode
      conn.get_result
    end
    expect_whole(pool, 1)
  end

  it "closes what is lent when it comes back after a shutdown" do
    pool = create(pool: { size: 2 })
    lent = nil
    pool.with do |conn|
      lent = conn
      pool.shutdown
      expect(one(conn, "SELECT 7")).to eq("7")
    end
    expect(lent).to be_finished
    expect { pool.with { nil } }.to raise_error(ConnectionPool::PoolShuttingDownError)
    expect(pool.stats).to include(open: 0, in_use: 0)
  end

  describe "the extension" do
    let(:credentials) { SomeCredentials.new("AKIDEXAMPLE", "s" * 40, "t" * 1000) }

    def generate(**options)
      AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin",
                                     credentials: credentials, **options)
    end

    def exercise
      expect(generate).to start_with(HOST)
      expect { generate(expires_in: 604_801) }.to raise_error(AuroraDsql::Pg::Error)
      expect { generate(host: "nul\0") }.to raise_error(ArgumentError)
      expect(AuroraDsql::Pg::Native.occ("40001", "x (OC001)")).to eq(:schema)
      config = AuroraDsql::Pg::Config.new(host: HOST, connect_timeout: 3).resolve
      expect(config.to_pg_params(password: generate)).to include(host: HOST)
      provider = AuroraDsql::Pg::Native::Provider.static("a", "b", "c")
      expect(provider.fetch).to eq(["a", "b", "c", nil])
      expect(ObjectSpace.memsize_of(provider)).to be > 0
      expect { AuroraDsql::Pg::Native::Provider.static("a", nil, nil) }.to raise_error(AuroraDsql::Pg::Error)
    end

    # The collector runs at each allocation within the block.
    def stressed
      GC.stress = true
      yield
    rescue AuroraDsql::Pg::Error, ArgumentError => e
      e
    ensure
      GC.stress = false
    end

    it "works while the collector runs at each allocation" do
      native = AuroraDsql::Pg::Native
      provider = stressed { native::Provider.static("a", "b" * 100, "c" * 1000) }
      expect(stressed { provider.fetch }).to eq(["a", "b" * 100, "c" * 1000, nil])
      expect(stressed { native.token(HOST, "us-east-1", "admin", 900, provider).first }).to start_with(HOST)
      expect(stressed { native.token(HOST, "us-east-1", "admin", 604_801, provider) }).to be_a(AuroraDsql::Pg::Error)
      expect(stressed { native.token("nul\0", "us-east-1", "admin", 900, provider) }).to be_a(ArgumentError)
      expect(stressed { native.endpoint(CLUSTER_ID, "us-east-1") }.first).to start_with(CLUSTER_ID)
      expect(stressed { native.params(HOST, "us-east-1", "admin", %w[connect_timeout], %w[3], "t") })
        .to include(host: HOST, connect_timeout: "3", password: "t")
      expect(stressed { native.occ("40001", "x (OC001)") }).to eq(:schema)
    end

    it "keeps no reference that compaction leaves behind" do
      exercise
      if GC.respond_to?(:verify_compaction_references)
        expand = RUBY_VERSION >= "3.2" ? { expand_heap: true } : { double_heap: true }
        GC.verify_compaction_references(toward: :empty, **expand)
      end
      exercise
      GC.auto_compact = true if GC.respond_to?(:auto_compact=)
      threads = Array.new(3) { Thread.new { 5.times { generate; GC.start } } }
      threads.each(&:join)
    ensure
      GC.auto_compact = false if GC.respond_to?(:auto_compact=)
    end

    it "signs what it was given, whatever another thread makes of the strings" do
      host = HOST.dup
      user = +"admin"
      secret = "s" * 40
      held = SomeCredentials.new("AKIDEXAMPLE", secret, "t" * 1000)
      work = lambda do |_|
        host.replace(host == HOST ? "x" * 300 : HOST)
        user.replace("a" * random.rand(1..200))
        secret.replace("z" * random.rand(1..4000))
      end
      errors = while_threads(2, work) do
        200.times do
          AuroraDsql::Pg::Token.generate(host: host, region: "us-east-1", user: user, credentials: held)
        rescue AuroraDsql::Pg::Error
          nil # the name is too long just now
        end
      end
      expect(errors).to be_empty
    end

    it "outlives a provider that nobody holds while it fetches" do
      slow_profile(0.2) do |profile|
        thread = Thread.new { AuroraDsql::Pg::Native::Provider.default(profile).fetch }
        while thread.alive?
          GC.start
          sleep 0.02
        end
        expect(thread.value.first).to eq(ENV.fetch("AWS_ACCESS_KEY_ID"))
      end
    end

    it "frees what a killed thread had fetched" do
      slow_profile(0.05) do |profile|
        provider = AuroraDsql::Pg::Native::Provider.default(profile)
        20.times do
          thread = Thread.new { provider.fetch }
          sleep random.rand(0.02)
          thread.kill.join
        end
        expect(provider.fetch.first).to eq(ENV.fetch("AWS_ACCESS_KEY_ID"))
      end
    end

    it "cannot be copied, made bare, or written down" do
      provider = AuroraDsql::Pg::Native::Provider.static("a", "b", "c")
      expect { provider.dup }.to raise_error(TypeError)
      expect { provider.class.allocate }.to raise_error(TypeError)
      expect { Marshal.dump(provider) }.to raise_error(TypeError)
      expect { AuroraDsql::Pg::Native.token(HOST, nil, "admin", 900, Object.new) }.to raise_error(TypeError)
    end

    it "refuses other Ractors in words" do
      was = Warning[:experimental]
      Warning[:experimental] = false
      ractor = Ractor.new do
        AuroraDsql::Pg::Native.endpoint("x.dsql.us-east-1.on.aws", nil)
      rescue StandardError => e
        [e.class.name, e.message]
      end
      expect(ractor.take).to match(["Ractor::UnsafeError", /ractor unsafe method/i])
    ensure
      Warning[:experimental] = was
    end
  end

  describe "credentials that take a while" do
    def generate(profile)
      AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin", profile: profile)
    end

    it "do not stop other threads" do
      slow_profile(0.5) do |profile|
        ticks = 0
        ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
        expect(generate(profile)).to start_with(HOST)
        expect(ticks).to be > 10
        ticker.kill.join
      end
    end

    it "do not stop other threads from within the extension either" do
      slow_profile(0.5) do |profile|
        provider = AuroraDsql::Pg::Native::Provider.default(profile)
        ticks = 0
        ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
        provider.fetch
        expect(ticks).to be > 10
        ticker.kill.join
      end
    end

    it "are fetched once for all who wait" do
      slow_profile(0.3) do |profile|
        began = now
        expect(Array.new(4) { Thread.new { generate(profile) } }.map(&:value)).to all(start_with(HOST))
        expect(now - began).to be < 1.1
      end
    end

    it "can be given up by Timeout and Thread#kill" do
      slow_profile(5) do |profile|
        began = now
        expect { Timeout.timeout(0.1) { generate(profile) } }.to raise_error(Timeout::Error)
        thread = Thread.new { generate(profile) }
        sleep 0.1
        thread.kill.join
        expect(now - began).to be < 3
      end
    end

    it "do not stop other fibers" do
      slow_profile(0.4) do |profile|
        expect(TinyScheduler.ticks_during { generate(profile) }).to be > 5
      end
    end
  end

  describe "a Fiber scheduler" do
    it "goes on with other fibers while one waits for a query, a connection or a place" do
      pool = create(pool: { size: 2, timeout: 5 })
      ticks = TinyScheduler.ticks_during do
        waiting = Array.new(4) { Fiber.schedule { pool.with { |conn| conn.exec("SELECT pg_sleep(0.1)") } } }
        waiting.each { |fiber| sleep 0.01 while fiber.alive? }
      end
      expect(ticks).to be > 5
      expect_whole(pool, 2)
    end

    it "runs transactions side by side, each on its own connection" do
      pool = create(pool: { size: 3, timeout: 10 })
      with_table(pool)
      TinyScheduler.run do
        3.times do |i|
          Fiber.schedule do
            5.times { pool.transaction { |conn| conn.exec("UPDATE ruby_torture SET n = n + 1 WHERE id = #{i + 1}") } }
          end
        end
      end
      counts = pool.with { |conn| conn.exec("SELECT n FROM ruby_torture WHERE id <= 3").column_values(0) }
      expect(counts).to eq(%w[5 5 5])
    end
  end
end
