# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The turns of bench/proxy as ratios of one program to another, how far each may be off, and the table.
require "json"
require_relative "ratios"

TAIL_PARTS = 6

# Both may be so small that the difference is within what two runs differ by: 5 % of the direct one.
def added_ratio(theirs, ours, direct)
  least = direct * 0.05
  [theirs - direct, least].max / [ours - direct, least].max.to_f
end

# Of rates, those of turns that followed each other, as the speed of a machine changes; of the rest, the sums.
def ratios(turns)
  direct, theirs, ours = turns.values_at("direct", "pgbouncer", "dsql")
  rates = quotients(ours, theirs)
  p50, p99 = [0.5, 0.99].map { |share| added_latency([theirs, ours, direct], share) }
  { "rate" => median(rates), "error" => error_of_median(rates), "cost" => cost(theirs) / cost(ours),
    "p50" => p50, "p99" => p99, "p99_error" => error_of_tail([theirs, ours, direct]),
    "direct" => median(quotients(ours, direct)),
    "cost_us" => cost(ours) * 1e6, "rate_direct" => median(direct.map(&:rate)) }
end

def added_latency(subjects, share)
  added_ratio(*subjects.map { |turns| latency(turns, share) })
end

# How far the ratios of a few parts of the turns are apart says how far that of all may be off.
def error_of_tail(subjects)
  parts = [TAIL_PARTS, subjects.first.size].min
  ratios = (0...parts).map do |part|
    added_latency(subjects.map { |turns| turns.each_slice(parts).filter_map { |slice| slice[part] } }, 0.99)
  end
  mean = ratios.sum / parts
  parts > 1 ? Math.sqrt(ratios.sum { |ratio| (ratio - mean)**2 } / (parts - 1) / parts) : Float::NAN
end

def latency(turns, share)
  percentile(turns.flat_map(&:latencies).sort, share)
end

HEADER = format("%-34s %6s %6s %6s %6s %6s %6s %6s %10s %10s", "row", "tps", "+-", "cpu", "p50", "p99", "+-", "direct",
                "cpu us/tx", "tps direct")

def line(name, values)
  format("%-34s %6.2f %6.2f %6.2f %6.2f %6.2f %6.2f %6.2f %10.1f %10.0f%s", name, *values.values_at(
    "rate", "error", "cost", "p50", "p99", "p99_error", "direct", "cost_us", "rate_direct"
  ), values["rate"] < 1 ? "  *" : "")
end

def explain
  puts "Ratios: above 1 the proxy is better than pgbouncer #{Pgbouncer.version}; * marks a rate below it."
  puts "  tps     transactions a second; +- is the standard error"
  puts "  cpu     processor time of the program for a transaction"
  puts "  p50/99  latency that is added to that of a direct connection"
  puts "  direct  transactions a second, to a direct connection with TLS"
  puts
end

# pgbench's transactions may be too few for a ratio.
def write_json(file, results)
  list = results.flat_map do |name, values|
    %w[rate cost p50 p99].select { |key| values[key].finite? }.map do |key|
      { "name" => "proxy.#{name}.#{key}_vs_pgbouncer", "value" => values[key].round(3), "unit" => "ratio" }
    end
  end
  File.write(file, JSON.pretty_generate(list) << "\n")
end
