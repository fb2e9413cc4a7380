# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "connect_error"

module AuroraDsql
  module Pg
    # Connects, and retries where a retry can help.  An expired signature is retried once, with
    # fresh credentials.  A transient error is retried with growing waits until connect_timeout is
    # over.  Any other error is raised at once.
    module Connector
      # Seconds before the first retry.  Each wait is twice as long as the one before.
      INITIAL_WAIT = 0.1
      # Seconds.  No wait is longer.
      MAX_WAIT = 5.0
      # libpq treats a connect_timeout of 1 as 2.
      MIN_CONNECT_TIMEOUT = 2

      # Returns the Hash for PG.connect, with a new token as the password.
      def self.params(config)
        token = Token.generate(
          host: config.signed_host, region: config.region, user: config.user,
          credentials: config.credentials_provider, profile: config.profile,
          expires_in: config.token_duration
        )
        config.to_pg_params(password: token)
      end

      # Returns a new connection for which on_connect has been called.
      def self.connect(config)
        conn = open(config)
        is_ready = false
        config.on_connect&.call(conn)
        is_ready = true
        conn
      ensure
        conn&.close unless is_ready
      end

      # Returns a new connection for which on_connect has not been called.  on_token is called for each
      # attempt, when its token has been made.
      def self.open(config, on_token: nil)
        deadline = now + config.connect_time_limit
        wait = INITIAL_WAIT
        has_new_token = false
        begin
          attempt = params(config)
          on_token&.call
          PG.connect(limit_timeout(attempt, deadline - now))
        rescue PG::ConnectionBad => e
          if ConnectError.expired?(e) && !has_new_token
            has_new_token = true
            CredentialProvider.invalidate(config.profile)
            retry
          end
          jittered = wait * (0.5 + (rand / 2))
          unless ConnectError.transient?(e) && now + jittered < deadline
            raise ConnectError.with_advice(e, token_duration: config.token_duration)
          end
          log_retry(config.logger, e, jittered)
          pause(jittered)
          wait = [wait * 2, MAX_WAIT].min
          retry
        end
      end

      class << self
        private

        # A later attempt gets only the time that remains, in whole seconds, as libpq counts it.
        def limit_timeout(params, remaining)
          return params unless remaining + 1 < params[:connect_timeout].to_i

          params.merge(connect_timeout: [remaining.ceil, MIN_CONNECT_TIMEOUT].max)
        end

        def log_retry(logger, error, wait)
          logger&.warn(
            "[AuroraDsql::Pg] Connection failed temporarily, retrying " \
            "(wait #{wait.round(2)}s): #{error.message.lines.first.to_s.strip}"
          )
        end

        def now
          Process.clock_gettime(Process::CLOCK_MONOTONIC)
        end

        # A method of its own so that tests can replace the waiting.
        def pause(seconds)
          Kernel.sleep(seconds)
        end
      end
    end
  end
end
