# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # From a resolved configuration to a connection, and again where that helps.
    module Connector
      # Within this many seconds the service gets another chance; each try has PG's own timeout.
      PATIENCE = 10
      FIRST_WAIT = 0.1
      LONGEST_WAIT = 2.0

      STALE_SIGNATURE = /Signature expired/
      # Waking up, too many connections (53300), too many new ones a second (53400).
      TRANSIENT = /waking up cluster|too many open connections|rate exceeded/i

      # The Hash for PG.connect, with a token of its own.
      def self.params(config)
        token = Token.generate(
          host: config.host, region: config.region, user: config.user,
          credentials: config.credentials_provider, profile: config.profile,
          expires_in: config.token_duration
        )
        config.to_pg_params(password: token)
      end

      def self.connect(config)
        conn = open(config)
        config.on_connect&.call(conn)
        conn
      rescue StandardError
        conn&.close
        raise
      end

      class << self
        private

        # A token that is refused as stale is made anew, once: the clock may just have been set.
        def open(config)
          give_up_at = now + PATIENCE
          wait = FIRST_WAIT
          is_second_token = false
          begin
            PG.connect(params(config))
          rescue PG::ConnectionBad => e
            if STALE_SIGNATURE.match?(e.message)
              raise if is_second_token

              is_second_token = true
            else
              raise unless TRANSIENT.match?(e.message) && now + wait < give_up_at

              pause(wait * (0.5 + (rand / 2)))
              wait = [wait * 2, LONGEST_WAIT].min
            end
            retry
          end
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
