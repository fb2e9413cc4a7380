# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# pgbouncer, the peer of `dsql proxy` and of a local cluster's gateway.
require "open3"
require_relative "subject"

class Pgbouncer < Subject
  attr_reader :environment

  PLACES = [*ENV.fetch("PATH").split(":"), "/usr/sbin"].freeze

  def self.program
    ENV.fetch("PGBOUNCER", nil) || PLACES.map { |place| File.join(place, "pgbouncer") }.find { |file| File.executable?(file) }
  end

  def self.version
    output, = Open3.capture2e(program, "--version")
    output[/PgBouncer (\S+)/, 1]
  end

  def self.prepares?
    (version.split(".").map(&:to_i) <=> [1, 21, 0]) >= 0
  end

  # dir: its own, which is made.  certificate: where make_certificate() was.  server: of the database "postgres".
  # settings: for pgbouncer.ini.  environment: of pgbench.
  def initialize(dir, certificate, server, user, settings, environment: {})
    super("pgbouncer")
    @environment = environment
    @dir = dir
    @user = user
    @session = settings.fetch(:pool_mode) == "session"
    @port = free_port
    Dir.mkdir(dir)
    configuration = File.join(dir, "pgbouncer.ini")
    File.write(File.join(dir, "users"), %("#{user}" ""\n))
    File.write(configuration, configure(certificate, server, settings))
    give_to_postgres(dir, configuration)
    start(certificate, *as_postgres(Pgbouncer.program, configuration))
    wait_for_port(@port)
  end

  # In session mode pgbouncer gives a connection to the next client after DISCARD ALL, which Aurora DSQL refuses.  The
  # program beside it opens a new one, so pgbouncer's processes of PostgreSQL must be new, too.
  def renew
    return unless @session

    output, status = Open3.capture2e("psql", "-qXc", "RECONNECT", "host=#{@dir} port=#{@port} user=#{@user} dbname=pgbouncer")
    abort("RECONNECT of pgbouncer failed:\n#{output}") unless status.success?
  end

  def login(row)
    host = row.near == "socket" ? "host=#{@dir}" : "host=localhost hostaddr=127.0.0.1 sslmode=require"
    "#{host} port=#{@port} user=#{@user} dbname=postgres"
  end

  private

  def configure(certificate, server, settings)
    <<~END
      [databases]
      postgres = #{server}
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = #{@port}
      unix_socket_dir = #{@dir}
      auth_type = trust
      auth_file = #{@dir}/users
      admin_users = #{@user}
      max_client_conn = 20000
      client_tls_sslmode = allow
      client_tls_cert_file = #{certificate}/cert.pem
      client_tls_key_file = #{certificate}/key.pem
      log_connections = 0
      log_disconnections = 0
      #{settings.map { |name, value| "#{name} = #{value}" }.join("\n")}
    END
  end
end
