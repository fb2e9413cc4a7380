# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What bench/proxy compares: `dsql proxy`, pgbouncer, and no proxy at all, before one PostgreSQL with TLS.
require "tmpdir"
require_relative "pgbouncer"
require_relative "subject"

ROOT = File.expand_path("..", __dir__)
SERVERS = 40 # connections to PostgreSQL in transaction mode, for both programs
CLIENTS_MAX = 500
KEYS = { "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY" => "example" }.freeze # no token is asked for

# Begins the script again inside a PostgreSQL of its own.
def run_with_server(script, options, build)
  Dir.mktmpdir("dsql-bench") do |dir|
    make_certificate(dir)
    port = free_port
    settings = <<~END
      listen_addresses = 'localhost'
      port = #{port}
      max_connections = #{(3 * CLIENTS_MAX) + (4 * SERVERS) + 50}
      shared_buffers = 256MB
      ssl = on
      ssl_cert_file = '#{dir}/cert.pem'
      ssl_key_file = '#{dir}/key.pem'
    END
    environment = { "DSQL_SERVER_PLAIN" => "1", "DSQL_SERVER_SETTINGS" => settings,
                    "BENCH_PROXY_DIR" => dir, "BENCH_PROXY_PORT" => port.to_s }
    done = system(environment, File.join(ROOT, "extension/test/with_server"), File.join(build, "extension"),
                  script, *options, build)
    exit(done ? 0 : 1)
  end
end

class Direct < Subject
  def initialize(port)
    super("direct")
    @port = port
  end

  def login(_row)
    "host=localhost hostaddr=127.0.0.1 port=#{@port} sslmode=require user=postgres dbname=postgres"
  end
end

def pgbouncer_before(mode, dir, port)
  settings = { pool_mode: mode, default_pool_size: mode == "session" ? CLIENTS_MAX : SERVERS,
               server_tls_sslmode: "verify-full", server_tls_ca_file: "#{dir}/cert.pem" }
  settings[:max_prepared_statements] = 200 if Pgbouncer.prepares?
  Pgbouncer.new(File.join(dir, "pgbouncer-#{mode}"), dir, "host=127.0.0.1 port=#{port}", "postgres", settings)
end

class Proxy < Subject
  def initialize(mode, dir, port, program)
    super("dsql")
    @port = free_port
    @dir = File.join(dir, "dsql-#{mode}")
    Dir.mkdir(@dir)
    cluster = "localhost?port=#{@port}&server_port=#{port}&hostaddr=127.0.0.1&region=us-east-1" \
              "&sslrootcert=#{dir}/cert.pem"
    cluster += "&max_servers=#{SERVERS}" if mode == "transaction"
    start(dir, program, "proxy", cluster, "--pool-mode", mode, "--socket-dir", @dir, "--state-dir", @dir,
          "--auth", "trust", "--tls-cert", "#{dir}/cert.pem", "--tls-key", "#{dir}/own-key.pem",
          "--max-clients", "20000", environment: KEYS)
    wait_for_port(@port)
  end

  def login(row)
    host = row.near == "socket" ? "host=#{@dir}" : "host=localhost hostaddr=127.0.0.1 sslmode=require"
    "#{host} port=#{@port} user=postgres dbname=postgres"
  end
end
