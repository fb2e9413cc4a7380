# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "connect_error"

module AuroraDsql
  module Pg
    # From a resolved configuration to a connection, and again where that helps: an expired
    # signature once, with fresh credentials; what passes by itself with growing waits, until the
    # time to connect is over; all else never.
    module Connector
      FIRST_WAIT = 0.1
      LONGEST_WAIT = 5.0
      # libpq takes less for this.
      SHORTEST_TIMEOUT = 2

      # The Hash for PG.connect, with a token of its own.
      def self.params(config)
        token = Token.generate(
          host: config.signed_host, region: config.region, user: config.user,
          credentials: config.credentials_provider, profile: config.profile,
          expires_in: config.token_duration
        )
        config.to_pg_params(password: token)
      end

      # A connection that has heard on_connect.
      def self.connect(config)
        conn = open(config)
        is_ready = false
        config.on_connect&.call(conn)
        is_ready = true
        conn
      ensure
        conn&.close unless is_ready
      end

      # A connection as the server gave it.
      def self.open(config)
        give_up_at = now + config.connect_patience
        wait = FIRST_WAIT
        is_second_token = false
        begin
          PG.connect(within(give_up_at - now, params(config)))
        rescue PG::ConnectionBad => e
          refusal = Refusal.new(e)
          if refusal.expired? && !is_second_token
            is_second_token = true
            CredentialProvider.doubt(config.profile)
            retry
          end
          jittered = wait * (0.5 + (rand / 2))
          unless refusal.for_the_time? && now + jittered < give_up_at
            raise refusal.error(token_duration: config.token_duration)
          end
          tell(config.logger, e, jittered)
          pause(jittered)
          wait = [wait * 2, LONGEST_WAIT].min
          retry
        end
      end

      class << self
        private

        # A later try has what is left of the time; libpq counts in whole seconds.
        def within(left, params)
          return params unless left + 1 < params[:connect_timeout].to_i

          params.merge(connect_timeout: [left.ceil, SHORTEST_TIMEOUT].max)
        end

        def tell(logger, error, wait)
          logger&.warn(
            "[AuroraDsql::Pg] Connection refused for the time being, trying again " \
            "(wait #{wait.round(2)}s): #{error.message.lines.first.to_s.strip}"
          )
        end

        def now
          Process.clock_gettime(Process::CLOCK_MONOTONIC)
        end

        def pause(seconds)
          Kernel.sleep(seconds)
        end
      end
    end
  end
end
