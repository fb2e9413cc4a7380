# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "pg"

require_relative "aurora_dsql/pg/version"
require_relative "aurora_dsql/pg/error"
require "aurora_dsql_pg/native"
require_relative "aurora_dsql/pg/util"
require_relative "aurora_dsql/pg/config"
require_relative "aurora_dsql/pg/credentials"
require_relative "aurora_dsql/pg/token"
require_relative "aurora_dsql/pg/connector"
require_relative "aurora_dsql/pg/occ_retry"
require_relative "aurora_dsql/pg/pool"

module AuroraDsql
  # Aurora DSQL for ruby-pg: real PG::Connection objects, logged in with IAM tokens.
  module Pg
    # One connection, from a connection string, a Config, a Hash or keywords.
    def self.connect(config = nil, **options)
      Connector.connect(Config.from(config, **options).resolve)
    end

    # A pool; pool: { size: 5, timeout: 5 }.
    def self.create_pool(config = nil, pool: {}, **options)
      Pool.create(config, pool: pool, **options)
    end

    # The Hash for PG.connect, with a token made now, for those who connect themselves.
    def self.params(config = nil, **options)
      Connector.params(Config.from(config, **options).resolve)
    end
  end
end
