# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"
require_relative "support/slow_profile"
require_relative "support/tiny_scheduler"
require "objspace"
require "timeout"

# Tests the C extension under constant garbage collection, with threads that are killed and strings
# that change.  The sanitizer builds run these specs too.
RSpec.describe "the extension" do
  include SlowProfile

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Runs work on threads while the block runs.  Returns the errors that the threads raised.
  def while_threads(count, work)
    stop = false
    errors = Queue.new
    threads = Array.new(count) do
      Thread.new do
        work.call until stop
      rescue StandardError => e
        errors << e
      end
    end
    yield
    stop = true
    threads.each(&:join)
    Array.new(errors.size) { errors.pop }
  end

  let(:credentials) { SomeCredentials.new("AKIDEXAMPLE", "s" * 40, "t" * 1000) }

  def generate(**options)
    AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin",
                                   credentials: credentials, **options)
  end

  def call_everything
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

  # Collects garbage at each allocation within the block.
  def stressed
    GC.stress = true
    yield
  rescue AuroraDsql::Pg::Error, ArgumentError => e
    e
  ensure
    GC.stress = false
  end

  it "works when garbage is collected at each allocation" do
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

  it "keeps no stale reference after compaction" do
    call_everything
    if GC.respond_to?(:verify_compaction_references)
      expand = RUBY_VERSION >= "3.2" ? { expand_heap: true } : { double_heap: true }
      GC.verify_compaction_references(toward: :empty, **expand)
    end
    call_everything
    GC.auto_compact = true if GC.respond_to?(:auto_compact=)
    threads = Array.new(3) { Thread.new { 5.times { generate; GC.start } } }
    threads.each(&:join)
  ensure
    GC.auto_compact = false if GC.respond_to?(:auto_compact=)
  end

  it "is safe when other threads change the strings that it was given" do
    host = HOST.dup
    user = +"admin"
    secret = "s" * 40
    held = SomeCredentials.new("AKIDEXAMPLE", secret, "t" * 1000)
    work = lambda do
      host.replace(host == HOST ? "x" * 300 : HOST)
      user.replace("a" * rand(1..200))
      secret.replace("z" * rand(1..4000))
    end
    errors = while_threads(2, work) do
      200.times do
        AuroraDsql::Pg::Token.generate(host: host, region: "us-east-1", user: user, credentials: held)
      rescue AuroraDsql::Pg::Error
        nil # the name is too long at the moment
      end
    end
    expect(errors).to be_empty
  end

  it "keeps a provider alive while it fetches, even without a reference" do
    slow_profile(0.2) do |profile|
      thread = Thread.new { AuroraDsql::Pg::Native::Provider.default(profile).fetch }
      while thread.alive?
        GC.start
        sleep 0.02
      end
      expect(thread.value.first).to eq(SlowProfile::KEY_ID)
    end
  end

  it "frees the credentials that a killed thread had fetched" do
    slow_profile(0.05) do |profile|
      provider = AuroraDsql::Pg::Native::Provider.default(profile)
      20.times do
        thread = Thread.new { provider.fetch }
        sleep(rand * 0.02)
        thread.kill.join
      end
      expect(provider.fetch.first).to eq(SlowProfile::KEY_ID)
    end
  end

  it "has providers that cannot be copied, allocated or marshalled" do
    provider = AuroraDsql::Pg::Native::Provider.static("a", "b", "c")
    expect { provider.dup }.to raise_error(TypeError)
    expect { provider.class.allocate }.to raise_error(TypeError)
    expect { Marshal.dump(provider) }.to raise_error(TypeError)
    expect { AuroraDsql::Pg::Native.token(HOST, nil, "admin", 900, Object.new) }.to raise_error(TypeError)
  end

  it "raises Ractor::UnsafeError in other Ractors" do
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

  describe "credentials that are slow to fetch" do
    def generate(profile)
      AuroraDsql::Pg::Token.generate(host: HOST, region: "us-east-1", user: "admin", profile: profile)
    end

    it "do not stop other threads" do
      slow_profile(0.5) do |profile|
        ticks = 0
        ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
        expect(generate(profile)).to start_with(HOST)
        expect(ticks).to be > 2
        ticker.kill.join
      end
    end

    it "do not stop other threads when the extension is called directly" do
      slow_profile(0.5) do |profile|
        provider = AuroraDsql::Pg::Native::Provider.default(profile)
        ticks = 0
        ticker = Thread.new { loop { ticks += 1; sleep 0.01 } }
        provider.fetch
        expect(ticks).to be > 2
        ticker.kill.join
      end
    end

    it "are fetched once for all threads that wait" do
      slow_profile(0.3) do |profile, runs|
        expect(Array.new(4) { Thread.new { generate(profile) } }.map(&:value)).to all(start_with(HOST))
        expect(runs.call).to eq(1)
      end
    end

    it "can be interrupted by Timeout and Thread#kill" do
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
        expect(TinyScheduler.ticks_during { generate(profile) }).to be > 2
      end
    end

    it "can be fetched by a child whose parent was fetching them during the fork" do
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
end
