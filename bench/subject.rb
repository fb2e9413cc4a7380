# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A program that stands before PostgreSQL and is measured (turns.rb), and what starting one needs.
require "etc"
require "fileutils"
require "open3"
require "socket"

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

  # Of pgbench, when it connects here.
  def environment
    {}
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
  def start(dir, *command, environment: {})
    @log = File.join(dir, "#{name}.log")
    @pid = Process.spawn(environment, *command, out: @log, err: @log)
  end
end
