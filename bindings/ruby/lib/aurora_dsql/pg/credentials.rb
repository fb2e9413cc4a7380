# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # AWS credentials, as the SDK's own class has them.
    Credentials = Struct.new(:access_key_id, :secret_access_key, :session_token, :expiration,
                             keyword_init: true) do
      def set?
        !access_key_id.to_s.empty? && !secret_access_key.to_s.empty?
      end

      # Never the secrets.
      def inspect
        "#<#{self.class.name} access_key_id=#{access_key_id.inspect}>"
      end
      alias_method :to_s, :inspect
    end

    # The default chain, cached and refreshed once for everybody who uses the same profile.
    class CredentialProvider
      @providers = {}
      @lock = Mutex.new

      # The one of a profile; nil: AWS_PROFILE, then "default", with the environment before both.
      def self.for_profile(profile = nil)
        name = profile.to_s.empty? ? nil : profile.to_s
        @lock.synchronize { @providers[name] ||= new(Native::Provider.default(name)) }
      end

      # After a refusal: the credentials may have been replaced.  The next use looks again, unless
      # they are fresh.
      def self.doubt(profile = nil)
        name = profile.to_s.empty? ? nil : profile.to_s
        @lock.synchronize { @providers.delete(name) unless @providers[name]&.fresh? }
      end

      # Forgets all of them: the next use looks again at environment and files.
      def self.reset
        @lock.synchronize { @providers.clear }
      end

      # A provider for what a program gives as credentials.
      def self.of(credentials)
        return credentials if credentials.is_a?(CredentialProvider)

        static(credentials)
      end

      # Has no reason to wait.
      def self.static(credentials)
        held = credentials.respond_to?(:credentials) ? credentials.credentials : credentials
        unless held.respond_to?(:access_key_id) && held.respond_to?(:secret_access_key)
          raise ArgumentError, "credentials must have access_key_id and secret_access_key, or be a " \
                               "provider with #credentials, got #{credentials.class}"
        end
        token = held.respond_to?(:session_token) ? held.session_token : nil
        new(Native::Provider.static(held.access_key_id, held.secret_access_key, token), is_static: true)
      end
      private_class_method :static

      # Runs what may wait for the network in libdsql.  There it can be neither interrupted nor
      # scheduled, so a thread of its own does it: Timeout, Thread#kill and a Fiber scheduler
      # work as they do with Ruby's own waits.
      def self.aside
        Thread.new do
          Thread.current.report_on_exception = false
          yield
        end.value
      end

      # Seconds.
      FRESH = 30

      attr_reader :native

      def initialize(native, is_static: false)
        @native = native
        @is_static = is_static
        @used_at = nil
        @made_at = now
      end

      # Made just now?
      def fresh?
        now - @made_at < FRESH
      end

      # Used just now, so that its credentials are most likely there?
      def warm?
        !@used_at.nil? && now - @used_at < FRESH
      end

      # May the next use wait for a network, a file, a process?
      def may_wait?
        !@is_static && (!warm? || !Fiber.current_scheduler.nil?)
      end

      # Runs the block with the provider of libdsql; see .aside.
      def use
        result = may_wait? ? self.class.aside { yield(native) } : yield(native)
        @used_at = now
        result
      end

      # Fetched or refreshed where that is due.
      def credentials
        id, secret, token, expires_at = use(&:fetch)
        Credentials.new(access_key_id: id, secret_access_key: secret, session_token: token,
                        expiration: expires_at && Time.at(expires_at).utc)
      end

      def set?
        credentials.set?
      end

      def access_key_id
        credentials.access_key_id
      end

      def secret_access_key
        credentials.secret_access_key
      end

      def session_token
        credentials.session_token
      end

      private

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
