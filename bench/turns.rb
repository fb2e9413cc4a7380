# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Programs that are compared have a pgbench each, and these take turns of a fraction of a second, so that
# what else the machine does affects all alike.  Logins do not count: all clients stay connected.  A program
# is a Subject (subject.rb).  A row is what pgbench does; it has name, clients, and arguments(dir).
require "fileutils"
require "open3"
require_relative "subject"

WARM_UP = 0.1 # seconds for each process of PostgreSQL: with 64 of them the rate rises for six seconds
WARM_UP_MAX = 8
SETTLE = 0.05 # seconds at the beginning of a turn that do not count
SETTLE_PER_CLIENT = 0.0003
UNTIL_TOLD = 86_400 # seconds

# The transactions of pgbench's log: the client, microseconds, and when it ended in seconds.
Transaction = Struct.new(:client, :latency, :end)

def take_log(dir)
  files = Dir[File.join(dir, "log.*")]
  list = files.flat_map do |file|
    File.foreach(file).map do |line|
      client, _, latency, _, second, microsecond = line.split.map(&:to_i)
      Transaction.new(client, latency, second + (microsecond / 1e6))
    end
  end
  FileUtils.rm_f(files)
  list
end

def pgbench(row, dir, seconds, subject, log_dir = dir)
  threads = row.clients == 1 ? 1 : 2
  ["pgbench", "-n", "-T", seconds.to_s, "-c", row.clients.to_s, "-j", threads.to_s, "-l",
   "--log-prefix=#{File.join(log_dir, 'log')}", *row.arguments(dir), subject.login(row)]
end

# When each client has had its first answer, by the log; nil: one has had none.
def all_connected(log, row)
  firsts = log.group_by(&:client).map { |_, list| list.map(&:end).min }
  firsts.max if firsts.size == row.clients
end

# The seconds from the start of pgbench to that moment.  nil: more than half a minute.
def seconds_to_connect(subject, row, dir)
  [1, 2, 4, 8, 16, 32].select { |length| length * 64 >= row.clients }.each do |length|
    subject.renew
    start = Time.now.to_f
    output, status = Open3.capture2e(subject.environment, *pgbench(row, dir, length, subject))
    abort("#{row.name}: pgbench failed through #{subject.name}:\n#{output}#{subject.log}") unless status.success?
    connected = all_connected(take_log(dir), row)
    return (connected - start) * 1.2 if connected && connected - start < length * 0.7
  end
  nil
end

# A pgbench that has its clients connected and works only in its turns.
class Load
  # The transactions that ended in a turn, the latencies of those that began in it too, and the processor time.
  Turn = Struct.new(:seconds, :count, :latencies, :cost) do
    def rate
      count / seconds
    end
  end

  attr_reader :subject

  def initialize(subject, row, dir)
    @subject = subject
    @row = row
    @dir = File.join(dir, "of-#{subject.name}")
    FileUtils.mkdir_p(@dir)
    @output = File.join(@dir, "output")
    @command = pgbench(row, dir, UNTIL_TOLD, subject, @dir)
    @windows = []
  end

  def start
    @subject.renew
    @pid = Process.spawn(@subject.environment, *@command, out: @output, err: @output)
  end

  def go_on
    Process.kill("CONT", @pid)
  end

  def pause
    Process.kill("STOP", @pid)
  end

  # What was on its way when it was paused is answered, and those who worked before have come to rest.
  def take_turn(seconds)
    go_on
    sleep SETTLE + (@row.clients * SETTLE_PER_CLIENT)
    used = @subject.seconds
    from = Time.now.to_f
    sleep seconds
    @windows << [from, Time.now.to_f, @subject.seconds - used]
    pause
  end

  # What it did in its turns.  pgbench ends, and writes its log, by the signal of the alarm that it sets for -T.
  def turns
    Process.kill("ALRM", @pid)
    go_on
    Process.wait(@pid)
    @pid = nil
    fail_with(File.read(@output)) unless $?.success?
    log = take_log(@dir).sort_by(&:end)
    @windows.map { |from, to, cost| turn(log, from, to, cost) }
  end

  def stop
    return if @pid.nil?

    Process.kill("KILL", @pid)
    Process.wait(@pid)
  end

  private

  def fail_with(output)
    abort("#{@row.name}: pgbench failed through #{@subject.name}:\n#{output}#{@subject.log}")
  end

  def turn(log, from, to, cost)
    first = log.bsearch_index { |transaction| transaction.end > from } || log.size
    ended = log[first...(log.bsearch_index { |transaction| transaction.end > to } || log.size)]
    whole = ended.select { |transaction| transaction.end - (transaction.latency / 1e6) > from }
    Turn.new(to - from, ended.size, whole.map(&:latency), cost)
  end
end

# All have their connections from the beginning, and so processes of PostgreSQL of the same age.
def warm_up(loads, row, connecting)
  loads.each do |load|
    load.start
    sleep connecting[load.subject.name]
    load.pause
  end
  loads.each(&:go_on)
  sleep [row.clients * WARM_UP, WARM_UP_MAX].min * loads.size # as the processes of PostgreSQL are new
  loads.each(&:pause)
end

# The order changes with every round of turns.
def take_turns(subjects, row, dir, connecting, options)
  loads = subjects.map { |subject| Load.new(subject, row, dir) }
  warm_up(loads, row, connecting)
  options[:turns].times do |round|
    loads.rotate(round).each { |load| load.take_turn(options[:seconds]) }
  end
  loads.to_h { |load| [load.subject.name, load.turns] }
ensure
  loads&.each(&:stop)
end
