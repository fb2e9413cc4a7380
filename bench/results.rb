# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What bench/run has measured, and in which forms it comes out: a table, bench.json, bench.svg, and a
# comparison with bench/baseline.json.  It knows nothing of how anything is measured.
require "json"

Result = Struct.new(:name, :value, :unit, :text, :target) do
  # Of a ratio (our speed to another's) more is better, of everything else less.
  def ratio?
    unit == "x"
  end

  # nil: there is no target.
  def met?
    return nil if target.nil?

    ratio? ? value >= target : value <= target
  end

  # Percentages are differences already, so 20 % of one means nothing: a whole point is worse.
  def worse_than?(old)
    return value > old + 1 if unit == "%"

    old.positive? && value.positive? && (ratio? ? old / value : value / old) > 1.2
  end

  # Of the bar, where 1 is the middle: the ratio itself, or how much better than its target it is.
  def bar
    return value if ratio?

    target && value.positive? ? target.to_f / value : nil
  end

  def bar_text
    ratio? ? format("%.2f × %s", value, text) : format("%.2f %s, target %s: %s", value, unit, target, text)
  end
end

class Results
  attr_reader :failures

  def initialize
    @rows = []
    @left_out = []
    @failures = []
  end

  def add(name, value, unit, text, target: nil)
    @rows << Result.new(name, value, unit, text, target)
    warn format("  %-34s %10.3f %-3s %s", name, value, unit, text)
  end

  # A peer that is not installed.
  def left_out(what, why)
    @left_out << "left out: #{what}: #{why}"
    warn "  #{@left_out.last}"
  end

  def failed(what, why)
    @failures << "failed: #{what}: #{why}"
    warn "  #{@failures.last}"
  end

  def print_table
    puts format("%-34s %10s %-14s %9s", "name", "value", "unit", "target")
    @rows.each do |row|
      verdict = { true => "met", false => "not met", nil => "" }[row.met?]
      puts format("%-34s %10.3f %-14s %9s  %-8s %s", row.name, row.value, row.unit, row.target || "-", verdict, row.text)
    end
    puts @left_out, @failures
  end

  def write_json(file)
    rows = @rows.map { |row| { name: row.name, value: row.value.round(4), unit: row.unit } }
    File.write(file, "[\n#{rows.map { |row| "  #{JSON.generate(row)}" }.join(",\n")}\n]\n")
  end

  def print_regressions(baseline)
    return unless File.exist?(baseline)

    before = JSON.parse(File.read(baseline)).to_h { |row| [row["name"], row["value"]] }
    @rows.each do |row|
      old = before[row.name]
      puts format("worse than the baseline: %s is %.3f %s, was %.3f", row.name, row.value, row.unit, old) if old && row.worse_than?(old)
    end
  end

  LEFT = 250
  WIDTH = 420

  def draw(file)
    bars = @rows.select(&:bar)
    most = [10.0, *bars.flat_map { |bar| [bar.bar, 1 / bar.bar] }].max
    at = ->(value) { (LEFT + WIDTH / 2.0 * (1 + Math.log(value) / Math.log(most))).round(1) }
    rows = bars.each_with_index.map { |bar, i| draw_bar(bar, 50 + i * 24, at) }
    height = 60 + bars.size * 24
    File.write(file, <<~SVG)
      <svg xmlns="http://www.w3.org/2000/svg" width="1240" height="#{height}" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="#{LEFT + WIDTH / 2}" y="18" text-anchor="middle">speed relative to the peer or floor that the text names, or to the target (logarithmic; dashed: target)</text>
      <line x1="#{at[1]}" x2="#{at[1]}" y1="30" y2="#{height - 6}" stroke="#000"/>
      <text x="#{at[1]}" y="42" text-anchor="middle">1</text>
      #{rows.join("\n")}
      </svg>
    SVG
  end

  private

  def draw_bar(bar, top, at)
    from, to = [at[1], at[bar.bar]].minmax
    target = bar.ratio? && bar.target ? at[bar.target] : nil
    [%(<text x="#{LEFT - 8}" y="#{top + 11}" text-anchor="end">#{escape(bar.name)}</text>),
     %(<rect x="#{from}" y="#{top}" width="#{[to - from, 1].max.round(1)}" height="14" fill="#{bar.bar >= 1 ? "#2a7f62" : "#b5651d"}"/>),
     target && %(<line x1="#{target}" x2="#{target}" y1="#{top - 2}" y2="#{top + 16}" stroke="#444" stroke-dasharray="2 2"/>),
     %(<text x="#{LEFT + WIDTH + 8}" y="#{top + 11}">#{escape(bar.bar_text)}</text>)].compact.join("\n")
  end

  def escape(text)
    text.gsub("&", "&amp;").gsub("<", "&lt;").gsub(">", "&gt;")
  end
end
