# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Classifies the PG::ConnectionBad of a failed connect, by the same rules as libdsql.
    #
    # libdsql asks libpq for verbose errors and so knows the SQLSTATE.  ruby-pg sets no SQLSTATE on
    # a connection error, which leaves the message text.  Only text that the server sent counts:
    # a host name in one of libpq's own messages could contain anything.
    module ConnectError
      # libpq puts the severity in front of what the server sent.
      SERVER_MESSAGE = /\b(?:FATAL|ERROR|PANIC):/
      # The HINT for a token that has expired, or whose time lies in the future.
      EXPIRED_SIGNATURE = /Signature expired|Signature not yet current/
      # The HINT for temporary AWS credentials that have expired.
      EXPIRED_SESSION = /security token[^\n]*expired/
      # A cluster that is waking up, too many connections (SQLSTATE 53300, for which PostgreSQL has
      # several texts), and too many new connections per second (53400).
      TRANSIENT = Regexp.new(
        ["waking up cluster", "too many open connections", "rate exceeded",
         "too many clients already", "too many connections", "remaining connection slots"].join("|"),
        Regexp::IGNORECASE
      )

      # ISO 8601 basic format, as in X-Amz-Date.
      AWS_TIME = /\b\d{8}T\d{6}Z\b/
      # Seconds.  A smaller difference between the clocks does not explain an expired signature.
      MIN_CLOCK_SKEW = 30

      class << self
        # True if the signature, or the credentials that made it, have expired.  One more attempt
        # with fresh credentials is worthwhile.
        def expired?(error)
          text = server_text(error)
          EXPIRED_SIGNATURE.match?(text) || EXPIRED_SESSION.match?(text)
        end

        # True if the same attempt may succeed a little later.
        def transient?(error)
          !expired?(error) && TRANSIENT.match?(server_text(error))
        end

        # Returns the error to raise: a copy of the given one whose message ends with the next
        # step, or the given one itself if there is no advice to add.
        def with_advice(error, token_duration:, now: Time.now)
          return error unless expired?(error)

          advice = advice(server_text(error), token_duration, now)
          error.class.new("#{error.message.chomp}\n#{advice}", connection: error.connection)
        end

        private

        def server_text(error)
          SERVER_MESSAGE.match?(error.message) ? error.message : ""
        end

        def advice(text, token_duration, now)
          return "Renew the AWS credentials: their session has expired." if EXPIRED_SESSION.match?(text)

          skew = clock_skew(text, now)
          return "Check the clock of this machine (NTP)." unless skew

          if skew.abs < MIN_CLOCK_SKEW
            return "The clock is correct, so token_duration (#{token_duration} seconds) is too short."
          end
          "The clock of this machine is #{duration(skew.abs)} " \
            "#{skew.negative? ? 'behind' : 'ahead of'} that of AWS: synchronize it (NTP)."
        end

        # Seconds by which this machine's clock is ahead of AWS's, or nil if unknown.  AWS reports
        # three times: when the token was signed, the limit, and its own current time.
        def clock_skew(text, now)
          aws = text.scan(AWS_TIME)[2]
          aws && (now - Time.utc(*aws.unpack("a4a2a2xa2a2a2"))).round
        rescue ArgumentError # digits that are not a date
          nil
        end

        def duration(seconds)
          if seconds < 120 then "#{seconds} seconds"
          elsif seconds < 7200 then "#{seconds / 60} minutes"
          else "#{seconds / 3600} hours"
          end
        end
      end
    end
  end
end
