# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What pgbench does through each program that bench/proxy compares.
require_relative "proxy_programs"

MODES = %w[session transaction].freeze
NEARS = %w[socket tls].freeze
PROTOCOLS = %w[simple extended prepared].freeze
CLIENTS = [1, 8, 64, CLIENTS_MAX].freeze

Row = Struct.new(:mode, :near, :kind, :clients) do
  def name
    "#{mode}.#{near}.#{kind}.#{clients}"
  end

  # For pgbench.
  def arguments(dir)
    case kind
    when "rows" then ["-M", "extended", "-f", File.join(dir, "rows.sql")]
    when "reconnect" then ["-M", "simple", "-C", "-f", File.join(dir, "select.sql")]
    else ["-M", kind, "-f", File.join(dir, "select.sql")]
    end
  end

  # Why pgbouncer cannot do it, or nil.
  def impossible
    return unless mode == "transaction" && kind == "prepared" && !Pgbouncer.prepares?

    "pgbouncer #{Pgbouncer.version} has no prepared statements in transaction mode (1.21 and later have them)"
  end
end

def all_rows
  MODES.product(NEARS).flat_map do |mode, near|
    PROTOCOLS.product(CLIENTS).map { |protocol, clients| Row.new(mode, near, protocol, clients) } +
      [Row.new(mode, near, "rows", 1), Row.new(mode, near, "rows", 8)] +
      # In session mode each client gets a connection of its own from `dsql proxy`, paced as the service demands.
      (mode == "transaction" ? [Row.new(mode, near, "reconnect", 8)] : [])
  end
end
