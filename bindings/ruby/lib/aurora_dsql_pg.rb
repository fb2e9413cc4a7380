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
  # Aurora DSQL for ruby-pg: plain PG::Connection objects that are authenticated with IAM tokens.
  module Pg
    # Returns a new PG::Connection.  config is a connection string, a Config or a Hash; keywords take
    # precedence over it.
    def self.connect(config = nil, **options)
      Connector.connect(Config.from(config, **options).resolve)
    end

    # Returns a new Pool.  pool holds the options of ConnectionPool, by default
    # { size: 5, timeout: 5 }; timeout is in seconds.
    def self.create_pool(config = nil, pool: {}, **options)
      Pool.create(config, pool: pool, **options)
    end

    # Returns a Hash for PG.connect, for programs that connect themselves.  It contains a new token,
    # which is valid for token_duration seconds.
    def self.params(config = nil, **options)
      Connector.params(Config.from(config, **options).resolve)
    end
  end
end
