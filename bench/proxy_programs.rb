# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What bench/proxy compares: `dsql proxy`, pgbouncer, and no proxy at all, before one PostgreSQL with TLS.
require "etc"
require "fileutils"
require "open3"
require "socket"
require "tmpdir"

ROOT = File.expand_path("..", __dir__)
SERVERS = 40 # connections to PostgreSQL in transaction mode, for both programs
CLIENTS_MAX = 500
KEYS = { "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY" => "example" }.freeze # no token is asked for

def free_port
  TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
end

# Programs that refuse to run as root run as postgres then.
def as_postgres(*command)
  return command unless Process.uid.zero?

  ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *command]
end

def give_to_postgres(*files)
  return unless Process.uid.zero?

  user = Etc.getpwnam("postgres")
  File.chown(user.uid, user.gid, *files)
end

# A certificate for localhost, which is its own CA.
def make_certificate(dir)
  certificate = File.join(dir, "cert.pem")
  key = File.join(dir, "key.pem")
  command = %w[openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost
               -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout] + [key, "-out", certificate]
  output, status = Open3.capture2e(*command)
  abort(output) unless status.success?
  FileUtils.chmod(0o600, key)
  FileUtils.cp(key, File.join(dir, "own-key.pem"), preserve: true)
  give_to_postgres(dir, key)
  FileUtils.chmod(0o755, dir)
end

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

# One program before PostgreSQL: how pgbench reaches it, and the processor time that it has used.
class Subject
  attr_reader :name

  def initialize(name)
    @name = name
  end

  def seconds
    return 0 if @pid.nil?

    Dir["/proc/#{@pid}/task/*/schedstat"].sum { |file| File.read(file).split.first.to_i } / 1e9
  end

  def resident_kib
    File.read("/proc/#{@pid}/status")[/VmRSS:\s+(\d+)/, 1].to_i
  end

  def log
    @log.nil? ? "" : File.read(@log)
  end

  # Before each pgbench.
  def renew; end

  def stop
    return if @pid.nil?

    Process.kill("KILL", @pid)
    Process.wait(@pid)
    @pid = nil
  end

  def wait_for_port(port)
    600.times do
      return if `ss -Hltn sport = :#{port}`.include?("127.0.0.1")

      sleep 0.05
    end
    abort("#{name} did not start; its log:\n#{log}")
  end

  # Not the shell's process but the program's own.
  def start(dir, *command)
    @log = File.join(dir, "#{name}.log")
    @pid = Process.spawn(KEYS, *command, out: @log, err: @log)
  end
end

class Direct < Subject
  def initialize(port)
    super("direct")
    @port = port
  end

  def login(_near)
    "host=localhost hostaddr=127.0.0.1 port=#{@port} sslmode=require"
  end
end

class Pgbouncer < Subject
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

  def initialize(mode, dir, port)
    super("pgbouncer")
    @mode = mode
    @port = free_port
    @dir = File.join(dir, "pgbouncer-#{mode}")
    Dir.mkdir(@dir)
    configuration = File.join(@dir, "pgbouncer.ini")
    File.write(File.join(@dir, "users"), %("postgres" ""\n))
    File.write(configuration, configure(mode, dir, port))
    give_to_postgres(@dir, configuration)
    start(dir, *as_postgres(Pgbouncer.program, configuration))
    wait_for_port(@port)
  end

  def configure(mode, dir, port)
    <<~END
      [databases]
      postgres = host=127.0.0.1 port=#{port}
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = #{@port}
      unix_socket_dir = #{@dir}
      auth_type = trust
      auth_file = #{@dir}/users
      admin_users = postgres
      pool_mode = #{mode}
      max_client_conn = 20000
      default_pool_size = #{mode == "session" ? CLIENTS_MAX : SERVERS}
      server_tls_sslmode = verify-full
      server_tls_ca_file = #{dir}/cert.pem
      client_tls_sslmode = allow
      client_tls_cert_file = #{dir}/cert.pem
      client_tls_key_file = #{dir}/key.pem
      log_connections = 0
      log_disconnections = 0
      #{"max_prepared_statements = 200" if Pgbouncer.prepares?}
    END
  end

  # In session mode the processes of PostgreSQL are new before `dsql proxy`, and pgbouncer's must be, too: it gives a
  # connection to the next client after DISCARD ALL, which Aurora DSQL refuses.
  def renew
    return unless @mode == "session"

    output, status = Open3.capture2e("psql", "-qXc", "RECONNECT", "#{login('socket')} user=postgres dbname=pgbouncer")
    abort("RECONNECT of pgbouncer failed:\n#{output}") unless status.success?
  end

  def login(near)
    near == "socket" ? "host=#{@dir} port=#{@port}" : "host=localhost hostaddr=127.0.0.1 port=#{@port} sslmode=require"
  end
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
          "--max-clients", "20000")
    wait_for_port(@port)
  end

  def login(near)
    near == "socket" ? "host=#{@dir} port=#{@port}" : "host=localhost hostaddr=127.0.0.1 port=#{@port} sslmode=require"
  end
end
