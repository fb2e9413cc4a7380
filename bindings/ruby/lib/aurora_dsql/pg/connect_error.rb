# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # What a refused connect says, and what may be done about it: libdsql's rules.  ruby-pg has
    # no SQLSTATE for a connect that failed, so the server's words decide, and only the server's.
    class Refusal
      SERVER = /\b(?:FATAL|ERROR|PANIC):/
      SIGNATURE = /Signature expired|Signature not yet current/
      SESSION = /security token[^\n]*expired/
      # Waking up; too many connections (53300; PostgreSQL has several texts for it); too many new
      # ones a second (53400).
      FOR_THE_TIME = Regexp.new(
        ["waking up cluster", "too many open connections", "rate exceeded",
         "too many clients already", "too many connections", "remaining connection slots"].join("|"),
        Regexp::IGNORECASE
      )

      BASIC_TIME = /\b\d{8}T\d{6}Z\b/
      WORTH_BLAMING = 30 # seconds

      def initialize(error)
        @error = error
        @said = SERVER.match?(error.message) ? error.message : ""
      end

      # The signature, or the credentials that made it: worth one try with fresh ones.
      def expired?
        SIGNATURE.match?(@said) || SESSION.match?(@said)
      end

      # Passes by itself.
      def for_the_time?
        !expired? && FOR_THE_TIME.match?(@said)
      end

      # The error to raise: the same with the next step in it, where there is one to tell.
      def error(token_duration:, now: Time.now)
        advice = advice(token_duration, now) if expired?
        return @error unless advice

        @error.class.new("#{@error.message.chomp}\n#{advice}", connection: @error.connection)
      end

      private

      def advice(token_duration, now)
        return "Renew the AWS credentials: their session is over." if SESSION.match?(@said)

        skew = skew(now)
        return "Is the clock of this machine right?" unless skew

        if skew.abs < WORTH_BLAMING
          return "The clock is right, so #{token_duration} seconds (token_duration) are too few."
        end
        "The clock of this machine is #{duration(skew.abs)} " \
          "#{skew.negative? ? 'behind' : 'ahead of'} that of AWS: set it right."
      end

      # AWS tells the time that was signed, the limit, and its own time.
      def skew(now)
        aws = @said.scan(BASIC_TIME)[2]
        aws && (now - Time.utc(*aws.unpack("a4a2a2xa2a2a2"))).round
      rescue ArgumentError # no such day
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
